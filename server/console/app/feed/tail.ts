/**
 * A live tail: follows a topic over breaks of the connection, each message once, until it is stopped. A paused tail
 * reads nothing, so it costs nothing, and goes on where it stopped.
 */
import {
  type FollowOptions,
  isNetlogClientError,
  type Message,
  type NetlogClientError,
} from "../../../../lib/client/index.ts";
import type { TailRows } from "./tail-rows.ts";

export type TailState =
  | { readonly kind: "connecting" | "live" | "paused" | "closed" }
  /** The connection broke; the tail tries again by itself. */
  | { readonly kind: "away"; readonly error: unknown }
  /** The tail has ended: the topic is gone, or the reader may not read it. */
  | { readonly kind: "failed"; readonly error: unknown };

export interface Followed {
  streamBatches(options: FollowOptions): AsyncGenerator<Message[], void, undefined>;
}

export interface TailOptions {
  readonly topic: Followed;
  readonly rows: TailRows;
  readonly from: number;
  readonly keys: readonly string[];
  /** Called for each change of state, and at most once a frame for rows that came. */
  readonly onChange: () => void;
  readonly frames: Frames;
  /** Resolves after so many ms. */
  readonly sleep: (delayMs: number) => Promise<void>;
}

/** Turns of the page: between two of them it draws. */
export interface Frames {
  /** Calls once, before the page draws next. */
  request(call: () => void): void;
  /** Resolves when there is time for more work: now, or when the page has drawn. */
  turn(): Promise<void> | undefined;
}

const RETRY_DELAY_MS = 2000;

export class Tail {
  readonly #options: TailOptions;
  readonly #stopped = new AbortController();
  /** Ends the reading that is under way: to pause, and to try again now. */
  #reading = new AbortController();
  #next: number;
  #state: TailState = { kind: "connecting" };
  #isPaused = false;
  #wake = (): void => {};
  #isDrawing = false;

  constructor(options: TailOptions) {
    this.#options = options;
    this.#next = options.from;
  }

  get state(): TailState {
    const hasEnded = this.#state.kind === "failed" || this.#state.kind === "closed";
    return this.#isPaused && !hasEnded ? { kind: "paused" } : this.#state;
  }

  /** The offset at which it goes on. */
  get next(): number {
    return this.#next;
  }

  /** Resolves when it was stopped, has failed, or has come to the end of a closed topic. Never rejects. */
  async run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      this.#reading = new AbortController();
      const { signal } = this.#reading;
      if (this.#isPaused) {
        await this.#untilWoken();
        continue;
      }
      const outcome = await this.#read(signal).catch((error: unknown) => this.#afterFailure(error));
      if (this.#stopped.signal.aborted) return;
      if (signal.aborted || outcome === undefined) continue;
      this.#become(outcome);
      if (outcome.kind !== "away") return;
      await Promise.race([this.#options.sleep(RETRY_DELAY_MS), this.#untilWoken()]);
    }
  }

  pause(): void {
    this.#isPaused = true;
    this.#interrupt();
  }

  resume(): void {
    this.#isPaused = false;
    this.#state = { kind: "connecting" };
    this.#interrupt();
  }

  /** The server is there again: the tail does not wait any longer before its next try. */
  retryNow(): void {
    if (this.#state.kind === "away") this.#interrupt();
  }

  stop(): void {
    this.#stopped.abort();
    this.#interrupt();
  }

  #interrupt(): void {
    this.#reading.abort();
    this.#wake();
    if (!this.#stopped.signal.aborted) this.#options.onChange();
  }

  async #read(signal: AbortSignal): Promise<TailState> {
    const { topic, rows, keys, frames } = this.#options;
    const batches = topic.streamBatches({
      from: this.#next,
      key: keys.length === 0 ? undefined : keys,
      signal,
      onOpen: () => this.#become({ kind: "live" }),
      onRetry: (error) => this.#become({ kind: "away", error }),
      onSkipped: ({ count, next }) => this.#missed("skipped", count, next),
      onDamage: ({ offset = this.#next, nextOffset = offset + 1 }) =>
        this.#missed("damaged", nextOffset - offset, nextOffset),
    });
    for await (const messages of batches) {
      // What comes after the abort is read again when the tail goes on.
      if (signal.aborted) break;
      rows.take(messages);
      this.#next = messages.at(-1)!.offset + 1;
      this.#draw();
      const turn = frames.turn();
      if (turn !== undefined) await turn;
    }
    return { kind: "closed" };
  }

  /** `undefined`: reading goes on at once, behind what retention has dropped. */
  #afterFailure(error: unknown): TailState | undefined {
    if (!isNetlogClientError(error)) return { kind: "failed", error };
    if (error.code === "offset_not_found" && error.firstOffset !== undefined) {
      this.#missed("skipped", error.firstOffset - this.#next, error.firstOffset);
      return undefined;
    }
    return { kind: isFinal(error) ? "failed" : "away", error };
  }

  #missed(kind: "skipped" | "damaged", count: number, next: number): void {
    this.#options.rows.add({ kind, offset: next - count, count });
    this.#next = next;
    this.#draw();
  }

  #become(state: TailState): void {
    if (this.#state.kind === state.kind && state.kind !== "away") return;
    this.#state = state;
    this.#options.onChange();
  }

  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    this.#options.frames.request(() => {
      this.#isDrawing = false;
      if (!this.#stopped.signal.aborted) this.#options.onChange();
    });
  }

  #untilWoken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** The server has understood and refused; no further try changes that. */
function isFinal({ status, code }: NetlogClientError): boolean {
  const isRefused = status !== undefined && status >= 400 && status < 500;
  return isRefused && code !== "too_many_requests" && code !== "request_timeout";
}
