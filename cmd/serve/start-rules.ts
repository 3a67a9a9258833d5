/** Decides whether the server may start: others reach it only with tokens, or when its operator asks for that by name. */
import { lookup } from "node:dns/promises";
import { isLoopback } from "../../server/index.ts";
import { formatListenAddress, type ListenAddress } from "../cli/option-values.ts";
import { UsageError } from "../cli/usage-error.ts";
import type { AccessOptions } from "../options/access.ts";

type StartAccess = Pick<AccessOptions, "tokenFile" | "isInsecure" | "tlsCert" | "tlsKey" | "trustedProxies">;

interface StartOptions extends StartAccess {
  readonly listen: ListenAddress;
}

export interface Start {
  /** The address to listen on, so that a name stands for what was checked; empty for all of them. */
  readonly host: string;
  /** Others than this machine can reach it. */
  readonly isOpen: boolean;
}

/**
 * Finds the address, and whether it may be listened on.
 *
 * @throws UsageError for half a certificate, and for an open address without tokens that was not asked for by name;
 *   Node's error for a name that cannot be looked up.
 */
export async function checkStart(options: StartOptions): Promise<Start> {
  const { listen, tokenFile, isInsecure, tlsCert, tlsKey } = options;
  if ((tlsCert === "") !== (tlsKey === "")) throw new UsageError("--tls-cert and --tls-key need each other");
  const host = listen.host === "" ? "" : (await lookup(listen.host)).address;
  const isOpen = !isLoopback(host);
  if (!isOpen || tokenFile !== "" || isInsecure) return { host, isOpen };
  throw new UsageError(
    `others can reach ${formatListenAddress(listen)}, and there are no tokens: name a file of tokens with ` +
      "--token-file (`netlog token create` makes one), or let everybody in with --insecure (NETLOG_INSECURE=1)",
  );
}

/** What is worth a line in the log of a server that others can reach. */
export function openStartWarnings(options: StartOptions): string[] {
  const { tokenFile, tlsCert, trustedProxies } = options;
  if (tokenFile === "") return ["no tokens: everybody who reaches the server may read, write and delete"];
  if (tlsCert !== "" || trustedProxies.length > 0) return [];
  return ["no TLS: tokens and messages can be read on their way, unless a proxy in front encrypts them"];
}
