/**
 * A pipe into a topic: messages that come in pieces, without end in length or time, committed while they arrive.
 * One frame at a time is on its way to the log, of all that was whole when the one before it was done: a line that
 * comes alone is committed at once, a flood in large frames, and what is kept is always a beginning of what was sent.
 */
import { isNetlogError } from "../base/errors.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Durability } from "../log/log.ts";
import type { Batch } from "../message/batch.ts";
import type { Limits } from "./limits.ts";
import type { Publisher } from "./publisher.ts";
import type { StreamCutter } from "./stream-cutter.ts";

/** What a stream has brought into the topic. */
export interface Kept {
  /** The offset of the stream's first message; the topic's next offset as long as there is none. */
  readonly offset: number;
  readonly count: number;
}

export interface StreamInOptions {
  readonly publisher: Publisher;
  readonly cutter: StreamCutter;
  readonly durability: Durability;
  readonly limits: Limits;
  readonly runtime: Runtime;
  readonly logEndOffset: () => number;
  /** Something was committed, and there is room. */
  readonly onRoom: () => void;
}

export class StreamIn {
  readonly durability: Durability;
  /**
   * Resolves when all that was sent is kept; rejects with what ended it early. Then nothing of it is under way any
   * more, and `kept` is final.
   */
  readonly ended: Promise<Kept>;
  readonly #options: StreamInOptions;
  readonly #cutter: StreamCutter;
  #firstOffset: number | undefined;
  #keptCount = 0;
  /** No more is taken. */
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #isCommitting = false;
  #committingBytes = 0;
  #resolve: (kept: Kept) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(options: StreamInOptions) {
    this.#options = options;
    this.#cutter = options.cutter;
    this.durability = options.durability;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get kept(): Kept {
    return { offset: this.#firstOffset ?? this.#options.logEndOffset(), count: this.#keptCount };
  }

  /** The next piece had better wait for onRoom. */
  get isFull(): boolean {
    return this.#cutter.waitingBytes >= this.#options.limits.streamInBytes;
  }

  /** A commit is under way, after which `onRoom` is called. */
  get isCommitting(): boolean {
    return this.#isCommitting;
  }

  /** Bytes that came and are not committed: of the message that is not whole yet, too. */
  get heldBytes(): number {
    return this.#cutter.openBytes + this.#cutter.waitingBytes + this.#committingBytes;
  }

  /** Copies what it needs of `piece`, and commits the messages that are whole. */
  write(piece: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#cutter.write(piece);
    } catch (error) {
      this.stop(error);
      return;
    }
    this.#advance();
  }

  /** All was sent. */
  end(): void {
    if (this.#isOver) return;
    try {
      this.#cutter.end();
    } catch (error) {
      this.stop(error);
      return;
    }
    this.#isOver = true;
    this.#advance();
  }

  /** Takes no more because of `error`: what is whole is still committed, what is not is dropped. */
  stop(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = { error };
    this.#advance();
  }

  #advance(): void {
    if (this.#isCommitting) return;
    const { waitingBytes } = this.#cutter;
    const batch = this.#cutter.take();
    if (batch === undefined) {
      if (this.#isOver) this.#settle();
      return;
    }
    this.#isCommitting = true;
    this.#committingBytes = waitingBytes - this.#cutter.waitingBytes;
    this.#commit(batch).then(this.#committed, this.#failed);
  }

  async #commit(batch: Batch | Promise<Batch>): Promise<void> {
    const whole = await batch;
    const { offset } = await this.#publish(whole);
    this.#firstOffset ??= offset;
    this.#keptCount += whole.count;
  }

  /** Waits where other publishes are refused with too_many_requests: that is what back-pressure is for. */
  async #publish(batch: Batch): Promise<{ readonly offset: number }> {
    const { publisher, limits, runtime } = this.#options;
    for (;;) {
      try {
        return await publisher.publishBatch(batch, { durability: this.durability });
      } catch (error) {
        if (!isNetlogError(error, "too_many_requests")) throw error;
      }
      await new Promise<void>((resolve) => runtime.setTimer(limits.streamRetryMs, resolve));
    }
  }

  readonly #committed = (): void => {
    this.#isCommitting = false;
    this.#committingBytes = 0;
    this.#advance();
    if (!this.isFull && !this.#isOver) this.#options.onRoom();
  };

  /** What waits behind it is dropped, or what is kept would have a gap. */
  readonly #failed = (error: unknown): void => {
    this.#isOver = true;
    this.#failure = { error };
    this.#settle();
  };

  #settle(): void {
    if (this.#failure === undefined) this.#resolve(this.kept);
    else this.#reject(this.#failure.error);
  }
}
