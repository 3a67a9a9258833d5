/**
 * Who may do what, where tokens are used. Knows the tokens of now; they are replaced as a whole when their file is
 * read again.
 */
import { timingSafeEqual } from "node:crypto";
import { type Runtime, topicMatcher } from "../../lib/index.ts";
import { RIGHTS, type Right } from "./rights.ts";
import { hashToken, tokenOf } from "./token.ts";
import { HASH_PREFIX, type TokenRecord } from "./token-record.ts";

/** Whom a token stands for, where a view asks that. */
export interface Identity {
  /** `undefined`: no user. */
  readonly user: string | undefined;
  readonly domains: readonly string[];
  readonly isPlatformAdmin: boolean;
}

/** What a request may do. */
export interface Grant {
  /** The name of the token. */
  readonly name: string | undefined;
  /** Its rights, each on some topics or on all; `undefined` where no tokens are used. */
  readonly rights: readonly Right[] | undefined;
  /** `undefined`: there is no token. */
  readonly identity: Identity | undefined;
  may(right: Right, topic: string): boolean;
}
/** What every request may do where no tokens are used. */
export const EVERYTHING: Grant = { name: undefined, rights: undefined, identity: undefined, may: () => true };
/** What a request without a valid token may do where tokens are used. */
export const NOTHING: Grant = { name: undefined, rights: [], identity: undefined, may: () => false };

/** So many digits of a hash find those that it may be; how long that takes tells of the hash, never of a token. */
const KEY_LENGTH = 16;

export class Access {
  /** Metrics are for everybody. */
  readonly areMetricsOpen: boolean;
  readonly #runtime: Runtime;
  #tokens: ReadonlyMap<string, readonly TokenGrant[]> = new Map();

  constructor(tokens: readonly TokenRecord[], areMetricsOpen: boolean, runtime: Runtime) {
    this.areMetricsOpen = areMetricsOpen;
    this.#runtime = runtime;
    this.replace(tokens);
  }

  /** From here on these tokens are valid, and no others. */
  replace(tokens: readonly TokenRecord[]): void {
    const grants = new Map<string, TokenGrant[]>();
    for (const token of tokens) {
      const grant = new TokenGrant(token);
      grants.set(grant.key, [...(grants.get(grant.key) ?? []), grant]);
    }
    this.#tokens = grants;
  }

  /** What the token of an `Authorization` header is good for; `undefined` when there is no valid one. */
  identify(authorization: string | undefined): Grant | undefined {
    const token = tokenOf(authorization);
    return token === undefined ? undefined : this.#find(hashToken(token));
  }

  /** The grant that is in the place of `grant` now; `undefined` when its token is not valid any more. */
  renew(grant: Grant): Grant | undefined {
    return grant instanceof TokenGrant ? this.#find(grant.digits) : grant;
  }

  #find(digits: string): Grant | undefined {
    for (const grant of this.#tokens.get(digits.slice(0, KEY_LENGTH)) ?? []) {
      if (grant.hasHash(digits) && this.#runtime.now() < grant.expiresAtMs) return grant;
    }
    return undefined;
  }
}

class TokenGrant implements Grant {
  readonly name: string;
  /** The token's hash, in hex. */
  readonly digits: string;
  readonly expiresAtMs: number;
  readonly #hash: Buffer;
  readonly #topics: readonly ((name: string) => boolean)[];
  readonly rights: readonly Right[];
  readonly identity: Identity;

  constructor(record: TokenRecord) {
    const { name, hash, topics, rights, expires, user, domains = [], platform_admin = false } = record;
    this.name = name;
    this.digits = hash.slice(HASH_PREFIX.length);
    this.expiresAtMs = expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires);
    this.#hash = Buffer.from(this.digits, "latin1");
    this.#topics = topics.map(topicMatcher);
    this.identity = { user, domains, isPlatformAdmin: platform_admin };
    this.rights = RIGHTS.filter((right) => rights.includes(right));
  }

  get key(): string {
    return this.digits.slice(0, KEY_LENGTH);
  }

  /** In a time that tells nothing of how much is alike. */
  hasHash(digits: string): boolean {
    return timingSafeEqual(this.#hash, Buffer.from(digits, "latin1"));
  }

  may(right: Right, topic: string): boolean {
    return this.rights.includes(right) && this.#topics.some((matches) => matches(topic));
  }
}
