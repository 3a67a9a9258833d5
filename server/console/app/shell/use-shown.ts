/** What a page asks for once, and again when the reader wants it, or the server is back. */
import { useMemo, useRef } from "hono/jsx/dom";
import { isAway, mayPass } from "./failure.ts";
import type { PageLink } from "./page-link.ts";
import { usePoll } from "./use-poll.ts";

/** A question that was not answered is asked again after this time, where that may help. */
const AGAIN_MS = 5000;

export interface Shown<Answer> {
  readonly answer: Answer | undefined;
  readonly error: unknown;
  /** Asks again. */
  readonly refresh: () => void;
}

/**
 * The answer to `ask`, which is asked anew when one of `deps` changes. The last answer stays while the next one is on its
 * way; not where that is refused.
 */
export function useShown<Answer>(
  link: Pick<PageLink, "changes" | "returns">,
  ask: (signal: AbortSignal) => Promise<Answer>,
  deps: readonly unknown[],
): Shown<Answer> {
  const last = useRef<Answer>(null);
  const poll = usePoll(
    link,
    {
      ask,
      everyMs: AGAIN_MS,
      onAnswer: (answer) => {
        last.current = answer;
      },
      isLast: () => true,
      // What is refused stays refused; and what the journal's database cannot do (422) may be a burden for it.
      isFinal: (error) => !mayPass(error),
    },
    deps,
  );
  const refresh = useMemo(() => () => poll.start(), [poll]);
  const { error } = poll;
  const isRefused = error !== undefined && !isAway(error);
  return { answer: isRefused ? undefined : (last.current ?? undefined), error, refresh };
}
