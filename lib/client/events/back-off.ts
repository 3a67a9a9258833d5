/** How long publisher and subscriber wait for a log that is away: 1 s, doubled each time, up to 30 s. */
import { isNetlogClientError } from "../errors.ts";

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;
/** A proxy may ask for any time, and events wait meanwhile. */
const LONGEST_ASKED_MS = 600_000;

/** After so many failures in a row, from 1; longer where the server asks for it, up to 10 minutes. */
export function waitAfter(failures: number, error: unknown): number {
  const askedMs = isNetlogClientError(error) ? Math.min(error.retryAfterMs ?? 0, LONGEST_ASKED_MS) : 0;
  return Math.max(askedMs, Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1)));
}

/** Statuses below 500 that may be other ones in a while. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/** True for what the log would refuse again: the request is wrong, or not allowed. */
export function isForGood(error: unknown): boolean {
  // What answers in the place of the log says nothing of what the log would: a proxy whose way there is not set up yet.
  if (!isNetlogClientError(error) || error.code === "unexpected_answer") return false;
  if (error.code === "invalid_argument") return true;
  const status = error.status ?? 0;
  return status >= 400 && status < 500 && !PASSING.has(status);
}

/** True for a proxy's refusal of the size: it is about this event, and others may pass. */
export function isTooLargeForProxy(error: unknown): boolean {
  return isNetlogClientError(error, "unexpected_answer") && error.status === 413;
}
