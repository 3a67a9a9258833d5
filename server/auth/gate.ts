/**
 * Keeps web pages out: a page that a user visits must not publish to, or eat from, a queue on the user's machine.
 * Browsers tell who asks in Origin and Sec-Fetch-Site; a page that points its own name at this machine (DNS
 * rebinding) gives itself away by Host. Programs send none of these but Host.
 */
import { HttpError } from "../wire/errors.ts";
import { quoteSafely } from "../wire/quote.ts";

export interface GateOptions {
  /** Host names that count as this server's beside localhost, 127.0.0.1 and [::1], while it listens on loopback. */
  readonly allowedHosts: readonly string[];
  /** Origins of pages that may use this server, as browsers send them: `https://app.example`. */
  readonly corsOrigins: readonly string[];
  /** The address that the server listens on. */
  readonly address: string;
  readonly port: number;
  /** It speaks TLS, so its own pages have come by it. Without, a proxy in front may speak TLS for it. */
  readonly isSecure: boolean;
}

const LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"] as const;
/** Sites of a page that is not the server's own. `same-site` may be another port of this machine. */
const FOREIGN_SITES: ReadonlySet<string | undefined> = new Set(["cross-site", "same-site"]);
/** What a browser would run, apply to a page, or show within one. */
const ACTIVE_DESTINATIONS: ReadonlySet<string | undefined> = new Set([
  "audioworklet",
  "embed",
  "fencedframe",
  "frame",
  "iframe",
  "object",
  "paintworklet",
  "script",
  "serviceworker",
  "sharedworker",
  "style",
  "worker",
  "xslt",
]);
const PORT = /:[0-9]*$/;
/** An address has none, or stands in brackets. */
const LETTER = /[a-z]/;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

export class Gate {
  /** `undefined`: any Host will do. */
  readonly #hosts: ReadonlySet<string> | undefined;
  readonly #corsOrigins: ReadonlySet<string>;
  readonly #port: number;
  readonly #isSecure: boolean;
  /** The last Host that was right, for a server is called by the same one again and again. */
  #knownHost: string | undefined;

  constructor(options: GateOptions) {
    const names = [...LOOPBACK_HOSTS, ...options.allowedHosts].map(hostName);
    this.#hosts = isLoopback(options.address) ? new Set(names) : undefined;
    this.#corsOrigins = new Set(options.corsOrigins.map((origin) => origin.toLowerCase()));
    this.#port = options.port;
    this.#isSecure = options.isSecure;
  }

  /** Lets a request pass that brings these headers, or not. @throws HttpError forbidden. */
  pass(host: string | undefined, origin: string | undefined, secFetchSite: string | undefined): void {
    // Only HTTP/1.0 comes without a Host, which no browser speaks.
    if (host !== undefined && host !== this.#knownHost) {
      if (this.#hosts?.has(hostName(host)) === false) throw foreignHost(host);
      this.#knownHost = host;
    }
    if (origin === undefined) {
      if (FOREIGN_SITES.has(secFetchSite)) throw foreignOrigin("a page of another site (Sec-Fetch-Site)");
      return;
    }
    if (this.isAllowedOrigin(origin) || this.#isOwn(origin.toLowerCase(), host)) return;
    throw foreignOrigin(`a page of the Origin ${quoteSafely(origin)}`);
  }

  /** The server speaks TLS itself. */
  get isSecure(): boolean {
    return this.#isSecure;
  }

  /** Answers differ by origin. */
  get hasAllowedOrigins(): boolean {
    return this.#corsOrigins.size > 0;
  }

  /** A foreign origin whose pages may use this server. */
  isAllowedOrigin(origin: string): boolean {
    return this.#corsOrigins.has(origin.toLowerCase());
  }

  /** The origin is the one the request was sent to, also through a proxy; on loopback, any name with the server's port. */
  #isOwn(origin: string, host: string | undefined): boolean {
    const [scheme = "", authority = ""] = origin.split("://");
    const defaultPort = DEFAULT_PORTS[scheme];
    if (defaultPort === undefined || (this.#isSecure && scheme !== "https")) return false;
    const isOnPort = portOf(authority, defaultPort) === this.#port;
    if (isOnPort && this.#hosts?.has(hostName(authority)) === true) return true;
    return (
      host !== undefined &&
      hostName(authority) === hostName(host) &&
      portOf(authority, defaultPort) === portOf(host, defaultPort)
    );
  }
}

/** Lets a browser have payloads for this destination, or not. @throws HttpError forbidden. */
export function checkDestination(secFetchDest: string | undefined): void {
  if (!ACTIVE_DESTINATIONS.has(secFetchDest)) return;
  const reason =
    `a payload is nothing for a browser to use as ${secFetchDest} (Sec-Fetch-Dest); ` +
    "read it with fetch, or open it by itself";
  throw new HttpError("forbidden", { reason });
}

/** An address that this machine alone can reach. */
export function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}

/** `Host` without the port, in lower case; a name also without the dot that makes it a whole one: `localhost.`. */
function hostName(host: string): string {
  const name = host.replace(PORT, "").toLowerCase();
  return name.endsWith(".") && LETTER.test(name) ? name.slice(0, -1) : name;
}

function portOf(host: string, defaultPort: number): number {
  const digits = PORT.exec(host)?.[0].slice(1) ?? "";
  return digits === "" ? defaultPort : Number(digits);
}

function foreignHost(host: string): HttpError {
  const reason =
    `the Host ${quoteSafely(host)} is none of this server's; call it localhost, ` +
    "or start it with --allowed-host and the name that clients use";
  return new HttpError("forbidden", { reason });
}

/** Behind a proxy that puts its own Host in the place of the browser's, the server's own pages are foreign as well. */
function foreignOrigin(page: string): HttpError {
  const reason =
    `${page} may not use this server; start it with --cors-origin and the page's origin, ` +
    "or let the proxy that serves the page pass the Host header on";
  return new HttpError("forbidden", { reason });
}
