/** What is tried again, when, and how often: exponential back-off with full jitter, and Retry-After obeyed. */
import { isNetlogClientError } from "./errors.ts";
import { type ClientRuntime, sleep } from "./runtime.ts";

export interface RetryPolicy {
  /** Tries in all, the first one included; 1: none is repeated. */
  readonly attempts: number;
  /** The wait after the n-th failure is a random part of `minDelayMs * 2^(n-1)`, at most of `maxDelayMs`. */
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** No try begins later than this after the first failure, whatever Retry-After asks for. */
  readonly maxTotalMs: number;
  /** Called for each failure before the client waits and tries again, with the wait in ms. */
  readonly onRetry?: ((error: unknown, delayMs: number) => void) | undefined;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 5,
  minDelayMs: 100,
  maxDelayMs: 5000,
  maxTotalMs: 30_000,
};

/**
 * Whether a call may be repeated when nobody knows what became of it:
 * - `always`: done twice is done once (reads, acks), or the caller does not mind;
 * - `undone`: only where the server has surely not done it;
 * - `never`.
 */
export type RetryMode = "always" | "undone" | "never";

/** `recognized`: as `always`, and after `sync_failed` too, since the server knows what it has done when it comes again. */
export type RepeatMode = RetryMode | "recognized";

/** What a publish may be asked to do after a failure; see RetryMode. */
export interface RetryOption {
  /**
   * `undone` by default: a message is sent again only where it was surely not stored. `always` also sends it again
   * when the answer was lost, and may store it twice.
   */
  readonly retry?: RetryMode | undefined;
}

const TRANSIENT = [
  "unreachable",
  "connection_lost",
  "timed_out",
  "checksum_mismatch",
  "request_timeout",
  "too_many_requests",
  "topic_unavailable",
  "shutting_down",
] as const;
/** A proxy answers so while its server is away. */
const TRANSIENT_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** True for failures that may be gone in a while. */
export function isTransient(error: unknown): boolean {
  if (isNetlogClientError(error, ...TRANSIENT)) return true;
  return isNetlogClientError(error, "unexpected_answer") && TRANSIENT_STATUS.has(error.status ?? 0);
}

/** The wait after the n-th failure in a row, from 1: at least what the server asked for. */
export function backOffMs(
  policy: Pick<RetryPolicy, "minDelayMs" | "maxDelayMs">,
  failures: number,
  error: unknown,
  random: () => number,
): number {
  const ceilingMs = Math.min(policy.maxDelayMs, policy.minDelayMs * 2 ** (failures - 1));
  const askedMs = isNetlogClientError(error) ? (error.retryAfterMs ?? 0) : 0;
  return askedMs + random() * ceilingMs;
}

export interface Retrying {
  /** Asked after each failure. */
  readonly policyOf: () => RetryPolicy;
  readonly mode: RepeatMode;
  readonly runtime: ClientRuntime;
  readonly signal?: AbortSignal | undefined;
}

/** What `attempt` gives in the end, or its last error. @throws the signal's reason when it is aborted meanwhile. */
export async function retrying<T>(
  { policyOf, mode, runtime, signal }: Retrying,
  attempt: () => Promise<T>,
): Promise<T> {
  let firstFailureMs: number | undefined;
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      const policy = policyOf();
      if (failures >= policy.attempts || !mayRepeat(error, mode)) throw error;
      const now = runtime.now();
      firstFailureMs ??= now;
      const delayMs = backOffMs(policy, failures, error, () => runtime.random());
      if (now + delayMs > firstFailureMs + policy.maxTotalMs) throw error;
      policy.onRetry?.(error, delayMs);
      await sleep(runtime, delayMs, signal);
    }
  }
}

function mayRepeat(error: unknown, mode: RepeatMode): boolean {
  if (mode === "recognized" && isNetlogClientError(error, "sync_failed")) return true;
  if (mode === "never" || !isTransient(error)) return false;
  return mode !== "undone" || (isNetlogClientError(error) && error.isUndone);
}
