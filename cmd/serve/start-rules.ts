/** Decides whether the server may start: others reach it only with tokens, or when its operator asks for that by name. */
import { lookup } from "node:dns/promises";
import { isLoopback } from "../../server/index.ts";
import { formatListenAddress, type ListenAddress } from "../cli/option-values.ts";
import { UsageError } from "../cli/usage-error.ts";
import type { AccessOptions } from "../options/access.ts";

type StartAccess = Pick<AccessOptions, "tokenFile" | "isInsecure" | "tlsCert" | "tlsKey" | "trustedProxies">;

interface StartOptions extends StartAccess {
  readonly listen: ListenAddress;
  readonly grpcListen?: ListenAddress | "off";
}

export interface Start {
  /** The address to listen on, so that a name stands for what was checked; empty for all of them. */
  readonly host: string;
  /** The same of gRPC; `undefined`: it is not served. */
  readonly grpcHost: string | undefined;
  /** Others than this machine can reach it. */
  readonly isOpen: boolean;
}

/**
 * Finds the addresses, and whether they may be listened on.
 *
 * @throws UsageError for half a certificate, for the same address twice, and for an open address without tokens that was not
 *   asked for by name; Node's error for a name that cannot be looked up.
 */
export async function checkStart(options: StartOptions): Promise<Start> {
  const { listen, grpcListen = "off", tokenFile, isInsecure, tlsCert, tlsKey } = options;
  if ((tlsCert === "") !== (tlsKey === "")) throw new UsageError("--tls-cert and --tls-key need each other");
  const addresses = grpcListen === "off" ? [listen] : [listen, grpcListen];
  if (grpcListen !== "off" && grpcListen.port !== 0 && areOne(grpcListen, listen)) {
    throw new UsageError(`--listen and --grpc-listen both name port ${listen.port}; give gRPC another one`);
  }
  const hosts: string[] = [];
  let open: ListenAddress | undefined;
  for (const address of addresses) {
    const host = address.host === "" ? "" : (await lookup(address.host)).address;
    if (!isLoopback(host)) open ??= address;
    hosts.push(host);
  }
  const [host = "", grpcHost] = hosts;
  if (open === undefined || tokenFile !== "" || isInsecure) {
    return { host, grpcHost, isOpen: open !== undefined };
  }
  throw new UsageError(
    `others can reach ${formatListenAddress(open)}, and there are no tokens: name a file of tokens with ` +
      "--token-file (`netlog token create` makes one), or let everybody in with --insecure (NETLOG_INSECURE=1)",
  );
}

/** Two servers cannot listen on both. An empty host is all addresses. */
function areOne(one: ListenAddress, other: ListenAddress): boolean {
  return one.port === other.port && (one.host === other.host || one.host === "" || other.host === "");
}

/** What is worth a line in the log of a server that others can reach. */
export function openStartWarnings(options: StartOptions): string[] {
  const { tokenFile, tlsCert, trustedProxies } = options;
  if (tokenFile === "") return ["no tokens: everybody who reaches the server may read, write and delete"];
  if (tlsCert !== "" || trustedProxies.length > 0) return [];
  return ["no TLS: tokens and messages can be read on their way, unless a proxy in front encrypts them"];
}
