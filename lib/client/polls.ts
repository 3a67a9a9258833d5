/** Long waits, cut into polls: platforms and proxies give up on an answer that does not begin for minutes. */

import { invalidArgument } from "./errors.ts";

/** The server is asked to wait so long at a time. */
const LONGEST_POLL_MS = 60_000;

/**
 * What one poll came to. `more`: nothing so far, and there is more to look at. `end`: nothing, and nothing will come.
 * `undefined`: nothing in time.
 */
export type Polled<T> = T | "more" | "end" | undefined;

/**
 * Asks until there is something, there will be nothing, or `waitMs` (Infinity: for ever) are over; `undefined` then.
 *
 * @throws invalid_argument for a wait that is negative, or no number.
 */
export async function poll<T extends object>(
  waitMs: number,
  ask: (waitMs: number) => Promise<Polled<T>>,
): Promise<T | undefined> {
  if (!(waitMs >= 0)) throw invalidArgument(`waitMs is ${waitMs}; it takes 0 or more, or Infinity`);
  for (let leftMs = waitMs; ; ) {
    const found = await ask(Math.ceil(Math.min(leftMs, LONGEST_POLL_MS)));
    if (found === "end") return undefined;
    if (found === "more") continue;
    if (found !== undefined || leftMs <= LONGEST_POLL_MS) return found;
    leftMs -= LONGEST_POLL_MS;
  }
}

/** The parameter `wait`; none for no wait. */
export function waitParameter(waitMs: number): string | undefined {
  return waitMs > 0 ? `${waitMs}ms` : undefined;
}
