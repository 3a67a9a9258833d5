/** How long publisher and subscriber wait for a log that is away: 1 s, doubled each time, up to 30 s. */
import { isNetlogClientError } from "../errors.ts";

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/** After so many failures in a row, from 1; longer where the server asks for it. */
export function waitAfter(failures: number, error: unknown): number {
  const askedMs = isNetlogClientError(error) ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(askedMs, Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1)));
}

/** Statuses below 500 that may be other ones in a while. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/** True for what the log would refuse again: the request is wrong, or not allowed. */
export function isForGood(error: unknown): boolean {
  if (isNetlogClientError(error, "invalid_argument")) return true;
  const status = isNetlogClientError(error) ? (error.status ?? 0) : 0;
  return status >= 400 && status < 500 && !PASSING.has(status);
}
