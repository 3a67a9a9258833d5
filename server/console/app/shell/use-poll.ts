/** A poll as components have it: for as long as they are there, and not while the page is hidden. */
import { useEffect, useMemo } from "hono/jsx/dom";
import { useChanges } from "./listeners.ts";
import type { PageLink } from "./page-link.ts";
import { Poll, type PollClock, type PollOptions } from "./poll.ts";

const PAGE_CLOCK: PollClock = {
  now: () => performance.timeOrigin + performance.now(),
  setTimeout: (call, delayMs) => window.setTimeout(call, delayMs),
  clearTimeout: (timer) => window.clearTimeout(timer),
};

/**
 * A poll for as long as the component is there. It begins anew, without an answer, when one of `deps` changes; and it asks
 * at once when the server is back, when a token was given, and when the page is shown again.
 */
export function usePoll<Answer>(
  link: Pick<PageLink, "changes" | "returns">,
  options: Omit<PollOptions<Answer>, "clock">,
  deps: readonly unknown[],
): Poll<Answer> {
  const poll = useMemo(() => new Poll({ ...options, clock: PAGE_CLOCK }), deps);
  useChanges(poll);
  useChanges(link);
  useEffect(() => {
    const look = (): void => (document.hidden ? poll.stop() : poll.start());
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      poll.stop();
    };
  }, [poll, link.returns]);
  return poll;
}
