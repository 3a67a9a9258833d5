/**
 * Asks the same again and again while a page is open: one request at a time, none while the page is hidden. The last
 * answer stays when a request fails.
 */
import { isNetlogClientError } from "../../../../lib/client/index.ts";
import { Listeners } from "./listeners.ts";

export interface PollOptions<Answer> {
  readonly ask: (signal: AbortSignal) => Promise<Answer>;
  /** From one request to the next. */
  readonly everyMs: number;
  readonly clock: PollClock;
  /** Sees each answer once, and when it came. */
  readonly onAnswer?: ((answer: Answer, atMs: number) => void) | undefined;
  /** Behind such an answer it asks no more; `start` begins anew. */
  readonly isLast?: ((answer: Answer) => boolean) | undefined;
  /** The same for an error. A missing token is always one. */
  readonly isFinal?: ((error: unknown) => boolean) | undefined;
}

export interface PollClock {
  now(): number;
  setTimeout(call: () => void, delayMs: number): number;
  clearTimeout(timer: number): void;
}

/** An answer that takes long is asked for less often: no more than so much of the time is spent with it. */
const MOST_SHARE = 0.25;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 10_000;

export class Poll<Answer> {
  readonly changes: Listeners = new Listeners();
  readonly #options: PollOptions<Answer>;
  #answer: Answer | undefined;
  #error: unknown;
  #failures = 0;
  #timer: number | undefined;
  #asking: AbortController | undefined;

  constructor(options: PollOptions<Answer>) {
    this.#options = options;
  }

  /** The last one; it stays when a later request fails. */
  get answer(): Answer | undefined {
    return this.#answer;
  }

  /** Why there is no newer answer; `undefined` where the last request was answered. */
  get error(): unknown {
    return this.#error;
  }

  /** Asks now, and from then on. What was under way is dropped. */
  start(): void {
    this.stop();
    void this.#ask();
  }

  stop(): void {
    this.#asking?.abort();
    this.#asking = undefined;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Never rejects. */
  async #ask(): Promise<void> {
    const { ask, clock, everyMs, onAnswer, isLast, isFinal } = this.#options;
    const asking = new AbortController();
    this.#asking = asking;
    const beganMs = clock.now();
    let delayMs = everyMs;
    try {
      const answer = await ask(asking.signal);
      if (this.#asking !== asking) return;
      const tookMs = clock.now() - beganMs;
      delayMs = Math.max(0, everyMs - tookMs, tookMs * (1 / MOST_SHARE - 1));
      this.#answer = answer;
      this.#error = undefined;
      this.#failures = 0;
      onAnswer?.(answer, clock.now());
      if (isLast?.(answer) === true) return this.#endForNow();
    } catch (error) {
      if (this.#asking !== asking) return;
      this.#error = error;
      this.#failures++;
      if (isNetlogClientError(error, "unauthorized") || isFinal?.(error)) return this.#endForNow();
      const retryAfterMs = isNetlogClientError(error) ? (error.retryAfterMs ?? 0) : 0;
      const backOffMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
      delayMs = Math.max(everyMs, retryAfterMs, backOffMs);
    }
    this.#asking = undefined;
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#ask();
    }, delayMs);
    this.changes.tell();
  }

  /** No further request makes sense: nothing changes any more, or there is no valid token. */
  #endForNow(): void {
    this.#asking = undefined;
    this.changes.tell();
  }
}
