/** Bounds how often each client may ask: a token bucket for each, in bounded memory. */
import { LRUCache } from "lru-cache";
import type { Runtime } from "../../lib/index.ts";
import { HttpError } from "../wire/errors.ts";

/** So many requests at once, and as many again over each period. */
export interface Rate {
  readonly count: number;
  readonly periodMs: number;
}

interface Bucket {
  /** Requests that were taken from it and not given back by time yet. */
  used: number;
  atMs: number;
}

const MS_PER_SECOND = 1000;
const PERIODS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** `100` and `100/s`, `6000/m`, `1000/h`; `undefined` for anything else. */
export function parseRate(text: string): Rate | undefined {
  const [, digits, unit = "s"] = /^([1-9]\d{0,8})(?:\/([smh]))?$/.exec(text) ?? [];
  const periodMs = PERIODS_MS[unit];
  return digits === undefined || periodMs === undefined ? undefined : { count: Number(digits), periodMs };
}

export class RateLimit {
  readonly #rate: Rate;
  readonly #what: string;
  readonly #runtime: Runtime;
  readonly #buckets: LRUCache<string, Bucket>;

  /**
   * Clients beyond `clientsMax` that were longest not seen are forgotten, and begin anew. `what` are the requests that
   * are counted.
   */
  constructor(rate: Rate, clientsMax: number, runtime: Runtime, what = "requests") {
    this.#rate = rate;
    this.#what = what;
    this.#runtime = runtime;
    this.#buckets = new LRUCache({ max: clientsMax });
  }

  /** Counts a request. @throws too_many_requests, which costs the client nothing. */
  take(client: string): void {
    const { count, periodMs } = this.#rate;
    const bucket = this.#bucketOf(client);
    const nowMs = this.#runtime.elapsedMs();
    bucket.used = Math.max(0, bucket.used - ((nowMs - bucket.atMs) * count) / periodMs);
    bucket.atMs = nowMs;
    if (bucket.used + 1 > count) throw this.#tooMany(bucket.used + 1 - count);
    bucket.used += 1;
  }

  #bucketOf(client: string): Bucket {
    const known = this.#buckets.get(client);
    if (known !== undefined) return known;
    const bucket = { used: 0, atMs: this.#runtime.elapsedMs() };
    this.#buckets.set(client, bucket);
    return bucket;
  }

  #tooMany(missing: number): HttpError {
    const { count, periodMs } = this.#rate;
    const seconds = Math.ceil((missing * periodMs) / count / MS_PER_SECOND);
    const reason = `a client may send ${count} ${this.#what} in ${periodMs / MS_PER_SECOND} s; try again later`;
    return new HttpError("too_many_requests", {
      reason,
      headers: ["Retry-After", String(Math.max(1, seconds))],
    });
  }
}
