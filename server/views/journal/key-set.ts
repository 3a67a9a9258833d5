/**
 * The keys of JSON Web Tokens, from the URL of their issuer. The last good set is used while the issuer does not answer, for
 * a day; a token with an unknown key has the set read again, but seldom.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import {
  DAY_MS,
  type Logger,
  MINUTE_MS,
  MiB,
  parseJson,
  type Runtime,
  SECOND_MS,
} from "../../../lib/index.ts";

/** A token cannot be checked: there are no keys, neither the issuer's nor older ones, or its own key is a broken one. */
export class KeysUnavailable extends Error {}

const TIMEOUT_MS = 5 * SECOND_MS;
const MAX_BYTES = MiB;
const JSON_DEPTH = 16;
/** Between two readings, whatever tokens come. */
export const KEYS_PAUSE_MS: number = 30 * SECOND_MS;
/** A key that the issuer has taken back is good for so long at most, while the issuer answers. */
const FRESH_MS = 10 * MINUTE_MS;
const MAX_AGE_MS = DAY_MS;

/** All else that fails while a key is looked for is the key's own fault. */
const FAULTS_OF_TOKENS = [
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
] as const;

interface Read {
  readonly find: JWTVerifyGetKey;
  readonly atMs: number;
}

export interface KeySetOptions {
  readonly url: string;
  readonly logger: Logger;
  readonly runtime: Runtime;
  /** Node's own by default. */
  readonly fetch?: typeof fetch;
}

export class KeySet {
  readonly #options: KeySetOptions;
  #read: Read | undefined;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(options: KeySetOptions) {
    this.#options = options;
  }

  /** As jose asks for a key. @throws KeysUnavailable; jose's error where no key is the token's. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.#ageMs() > MAX_AGE_MS) await this.#refresh();
    // The last set holds while it is read again, so that a slow issuer delays nobody.
    else if (this.#ageMs() > FRESH_MS) void this.#refresh();
    try {
      return await this.#findNow(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#refresh();
      return await this.#findNow(header, token);
    }
  };

  readonly #findNow: JWTVerifyGetKey = async (header, token) => {
    const { find } = this.#usable();
    try {
      return await find(header, token);
    } catch (error) {
      if (FAULTS_OF_TOKENS.some((fault) => error instanceof fault)) throw error;
      throw new KeysUnavailable("the issuer's key for this token is broken", { cause: error });
    }
  };

  #ageMs(): number {
    return this.#options.runtime.elapsedMs() - (this.#read?.atMs ?? Number.NEGATIVE_INFINITY);
  }

  #usable(): Read {
    if (this.#read === undefined || this.#ageMs() > MAX_AGE_MS) {
      throw new KeysUnavailable("the keys of tokens cannot be read from their issuer");
    }
    return this.#read;
  }

  /** Reads the set again, unless that was tried a moment ago. Calls at the same time share one reading. */
  async #refresh(): Promise<void> {
    const nowMs = this.#options.runtime.elapsedMs();
    if (this.#reading === undefined && nowMs - this.#triedAtMs < KEYS_PAUSE_MS) return;
    if (this.#reading === undefined) {
      this.#triedAtMs = nowMs;
      this.#reading = this.#tryRead().finally(() => {
        this.#reading = undefined;
      });
    }
    await this.#reading;
  }

  async #tryRead(): Promise<void> {
    const { url, logger, runtime } = this.#options;
    try {
      const set = await this.#fetchSet();
      this.#read = { find: createLocalJWKSet(set), atMs: runtime.elapsedMs() };
    } catch (error) {
      const outcome = this.#read === undefined ? "no token can be checked" : "the last ones are used";
      logger.error({ err: error, url }, `the keys of tokens cannot be read: ${outcome}`);
    }
  }

  async #fetchSet(): Promise<JSONWebKeySet> {
    const { url, fetch: get = fetch } = this.#options;
    const response = await get(url, {
      redirect: "error",
      headers: { Accept: "application/jwk-set+json, application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status !== 200) throw new Error(`the answer is ${response.status}`);
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of response.body ?? []) {
      bytes += piece.length;
      if (bytes > MAX_BYTES) throw new Error(`the answer is longer than ${MAX_BYTES} bytes`);
      pieces.push(piece);
    }
    return parseJson(Buffer.concat(pieces), JSON_DEPTH) as JSONWebKeySet;
  }
}
