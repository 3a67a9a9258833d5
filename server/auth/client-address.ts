/**
 * Whose request it is: the address at the other end of the connection or, where that is a proxy that the operator
 * trusts, the one that it tells. Any client can write an `X-Forwarded-For`, so the server believes no other sender.
 */
import { BlockList, isIP, isIPv4 } from "node:net";

/** Addresses that begin alike; a single one has all its bits. */
export interface Network {
  readonly address: string;
  readonly prefixBits: number;
}

const BITS = { ipv4: 32, ipv6: 128 } as const;
/** An IPv6 client is given at least so many groups of 16 bits by its provider, to take addresses from as it likes. */
const CLIENT_GROUPS = 4;
const ALL_GROUPS = 8;
const MAPPED = /^::ffff:(?=\d+\.)/i;

/** `10.0.0.0/8`, `2001:db8::/32`, or one address; `undefined` for anything else. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = "", digits] = /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  if (isIP(address) === 0) return undefined;
  const bits = BITS[familyOf(address)];
  const prefixBits = digits === undefined ? bits : Number(digits);
  return prefixBits <= bits ? { address, prefixBits } : undefined;
}

export class ClientAddresses {
  readonly #proxies: BlockList | undefined;

  /** `proxies` are those that are believed. */
  constructor(proxies: readonly Network[]) {
    if (proxies.length === 0) return;
    this.#proxies = new BlockList();
    for (const { address, prefixBits } of proxies) {
      this.#proxies.addSubnet(address, prefixBits, familyOf(address));
    }
  }

  /** Proxies report who calls them. */
  get areForwarded(): boolean {
    return this.#proxies !== undefined;
  }

  /**
   * The client of a request that came from `remote` with this `X-Forwarded-For`: each proxy adds, on the right, whom
   * it was called by, so it is the first from the right that is no trusted proxy. What is no address ends the search
   * at the proxy that sent it.
   */
  clientOf(remote: string, forwardedFor: string | undefined): string {
    let client = bare(remote);
    if (this.#proxies === undefined || forwardedFor === undefined) return client;
    for (const forwarded of forwardedFor.split(",").reverse()) {
      if (!this.isProxy(client)) break;
      const address = bare(forwarded.trim());
      if (isIP(address) === 0) break;
      client = address;
    }
    return client;
  }

  /** Whether the proxy at `remote` has this request from a client under TLS, as its `X-Forwarded-Proto` says. */
  cameByTls(remote: string, forwardedProto: string | undefined): boolean {
    return forwardedProto?.trim().toLowerCase() === "https" && this.isProxy(remote);
  }

  /** True where the operator trusts what this address sends about others. */
  isProxy(address: string): boolean {
    const client = bare(address);
    return isIP(client) !== 0 && this.#proxies?.check(client, familyOf(client)) === true;
  }
}

/** What counts as one client: an IPv4 address, or the network that an IPv6 address is from. */
export function clientKey(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  while (tail !== undefined && groups.length + after.length < ALL_GROUPS) groups.push("0");
  const network = [...groups, ...after].slice(0, CLIENT_GROUPS);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::`;
}

/** Without zone, port and brackets; an IPv4 address that came as IPv6 in its own form. */
function bare(address: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\d+)?|(\d[\d.]*):\d+)$/.exec(address) ?? [];
  return (bracketed ?? plain ?? address).replace(/%.*$/, "").replace(MAPPED, "");
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv4(address) ? "ipv4" : "ipv6";
}
