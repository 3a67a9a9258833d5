/** Where NATS is, and who asks there, as the client of NATS wants it. */
import type { Authenticator, ConnectionOptions } from "@nats-io/transport-node";
import type { JetstreamCaps } from "./limits.ts";

/** A ping that stays without an answer so often ends the connection. */
const PINGS_OUT = 3;

export interface EngineAddress {
  /** `nats://host:4222` or `tls://host:4222`, with user and password or a token where they are needed. */
  readonly servers: readonly string[];
  /** The text of a file of credentials: `.creds`, or `user:password`. What stands in the URLs does not count then. */
  readonly credentials?: string | undefined;
  readonly tls?:
    | { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string }
    | undefined;
  /** What NATS calls this connection in its lists. */
  readonly clientName: string;
}

/** Such as `netlog:secret`, and not a file that NATS makes. */
function isUserLine(credentials: string): boolean {
  return !credentials.includes("-----BEGIN");
}

function splitUser(line: string): Pick<ConnectionOptions, "user" | "pass"> {
  const end = line.indexOf(":");
  return { user: line.slice(0, end), pass: line.slice(end + 1) };
}

/** User, password or token may stand in the URLs, as tools of NATS have it; the client wants them apart. */
function userOf(servers: readonly string[]): Pick<ConnectionOptions, "user" | "pass" | "token"> {
  const withUser = servers.map(urlOf).find(({ username }) => username !== "");
  if (withUser === undefined) return {};
  const user = decodeURIComponent(withUser.username);
  const pass = decodeURIComponent(withUser.password);
  return pass === "" ? { token: user } : { user, pass };
}

function urlOf(server: string): URL {
  return new URL(server.includes("://") ? server : `nats://${server}`);
}

/** @param credsAuthenticator The client's. */
export function connectionOptions(
  address: EngineAddress,
  limits: JetstreamCaps,
  credsAuthenticator: (creds: Uint8Array) => Authenticator,
): ConnectionOptions {
  const urls = address.servers.map(urlOf);
  const options: ConnectionOptions = {
    servers: urls.map((url) => url.host),
    name: address.clientName,
    timeout: limits.engineConnectMs,
    reconnectTimeWait: limits.engineReconnectMs,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    pingInterval: limits.enginePingMs,
    maxPingOut: PINGS_OUT,
  };
  if (address.tls !== undefined) options.tls = address.tls;
  else if (urls.some(({ protocol }) => protocol === "tls:")) options.tls = {};
  const { credentials } = address;
  if (credentials === undefined) Object.assign(options, userOf(address.servers));
  else if (isUserLine(credentials)) Object.assign(options, splitUser(credentials.trim()));
  else options.authenticator = credsAuthenticator(new TextEncoder().encode(credentials));
  return options;
}
