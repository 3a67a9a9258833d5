/**
 * The cursor that a reader of live data echoes, so that caches in between take no answer for the next one: the number of
 * the present interval, or of one behind the reader's own. PROTOCOL.md, section 8.1, has the figures.
 */
import type { Runtime } from "../../lib/index.ts";

const EPOCH_MS = Date.UTC(2024, 9, 9);
const INTERVAL_MS = 20_000;
const JITTER_MS = 3600 * 1000;
const MOST_JITTER = Math.floor(JITTER_MS / INTERVAL_MS);
const CURSOR = /^[0-9]{1,15}$/;
/** The next one has no more digits than a cursor may have: it would not be known for one when it comes back. */
const LAST_CURSOR = 999_999_999_999_999 - MOST_JITTER - 1;

/** Strictly above `given`, where that is a cursor and not one of the very last, which no time reaches. */
export function nextCursor(runtime: Pick<Runtime, "now">, given: string | undefined): number {
  const present = Math.floor((runtime.now() - EPOCH_MS) / INTERVAL_MS);
  const last = given !== undefined && CURSOR.test(given) ? Math.min(Number(given), LAST_CURSOR) : -1;
  if (last < present) return present;
  return last + 1 + Math.floor(Math.random() * MOST_JITTER);
}
