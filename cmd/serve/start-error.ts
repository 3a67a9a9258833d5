/** Why the server cannot start, in one line for the person who started it. */
import { DataFolderError, isNetlogError } from "../../lib/index.ts";
import { formatListenAddress, type ListenAddress } from "../cli/option-values.ts";
import { CredentialError } from "../options/credential-files.ts";

/** Node's codes of a failed listen or name look-up, and what they mean here. */
const LISTEN_CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; choose another port with --listen",
  EADDRNOTAVAIL: "this machine has no such address",
  EAFNOSUPPORT: "this machine does not speak that kind of address",
  EACCES: "not permitted; ports below 1024 need the right to use them",
  EPERM: "not permitted",
  ENOTFOUND: "no address is known for this host name",
  EAI_AGAIN: "the host name cannot be looked up now",
};

const LATE_ERRORS: ReadonlySet<string> = new Set(["ViewStartError", "EngineStartError"]);

/** `undefined` for an error that is none of the user's: it is a defect and should crash. */
export function explainOpenError(error: unknown): string | undefined {
  if (error instanceof DataFolderError || error instanceof CredentialError) return error.message;
  // Their classes are loaded with views and with an engine alone.
  if (error instanceof Error && LATE_ERRORS.has(error.name)) return error.message;
  return isNetlogError(error) ? error.message : undefined;
}

interface ListenOptions {
  readonly listen: ListenAddress;
  readonly grpcListen: ListenAddress | "off";
}

/** What Node says of a listener that could not be opened. */
type ListenError = NodeJS.ErrnoException & { readonly port?: number; readonly hostname?: string };

/** Explains why a listener could not be opened, and names its flag; `undefined` for a defect. */
export function explainListenError(
  error: unknown,
  { listen, grpcListen }: ListenOptions,
): string | undefined {
  const { code = "", port, hostname } = error instanceof Error ? (error as ListenError) : {};
  const cause = LISTEN_CAUSES[code];
  if (cause === undefined) return undefined;
  const isOfGrpc = grpcListen !== "off" && (port === grpcListen.port || hostname === grpcListen.host);
  const isOfListen = port === listen.port || hostname === listen.host;
  const [flag, address] = isOfGrpc && !isOfListen ? ["--grpc-listen", grpcListen] : ["--listen", listen];
  return `cannot listen on ${formatListenAddress(address)}: ${cause.replace("--listen", flag)}`;
}
