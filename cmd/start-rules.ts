/** What a server must be told before it lets strangers in. */
import { lookup } from "node:dns/promises";
import { isLoopback } from "../server/index.ts";
import { formatListenAddress, type ListenAddress } from "./option-values.ts";
import type { AccessOptions } from "./options/access.ts";
import { UsageError } from "./usage-error.ts";

interface StartOptions extends AccessOptions {
  readonly listen: ListenAddress;
}

/**
 * Resolves to whether others than this machine can reach the address.
 *
 * @throws UsageError for half a certificate, and for an open address without tokens that was not asked for by name.
 */
export async function checkStart(options: StartOptions): Promise<boolean> {
  const { listen, tokenFile, isInsecure, tlsCert, tlsKey } = options;
  if ((tlsCert === "") !== (tlsKey === "")) throw new UsageError("--tls-cert and --tls-key need each other");
  const isOpen = !(await isOnLoopback(listen.host));
  if (!isOpen || tokenFile !== "" || isInsecure) return isOpen;
  throw new UsageError(
    `others can reach ${formatListenAddress(listen)}, and there are no tokens: name a file of tokens with ` +
      "--token-file (`netlog token create` makes one), or let everybody in with --insecure (NETLOG_INSECURE=1)",
  );
}

/** What is worth a line in the log of a server that others can reach. */
export function openStartWarnings(options: StartOptions): string[] {
  const { tokenFile, tlsCert, trustedProxies } = options;
  if (tokenFile === "") return ["no tokens: whoever reaches the server may read, write and delete"];
  if (tlsCert !== "" || trustedProxies.length > 0) return [];
  return ["no TLS: tokens and messages can be read on their way, unless a proxy in front encrypts them"];
}

/** A name that is not known is the listener's to tell. */
async function isOnLoopback(host: string): Promise<boolean> {
  if (host === "") return false;
  try {
    return isLoopback((await lookup(host)).address);
  } catch {
    return true;
  }
}
