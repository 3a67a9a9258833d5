/** What readers of a log pass: which offsets can be read, and who waits for one that is not there yet. */
import { NetlogError } from "../base/errors.ts";
import type { WakeReason } from "./log.ts";
import type { StopReason } from "./standing.ts";

export interface ReadableLog {
  readonly logStartOffset: number;
  readonly highWatermark: number;
  /** Nothing comes behind the high watermark any more. */
  readonly isEnded: boolean;
}

/** A small object without a buffer. */
interface Waiter {
  readonly offset: number;
  readonly wake: (reason: WakeReason) => void;
}

export class ReadGate {
  readonly #log: ReadableLog;
  /** In the order in which they came, which is that of waking them. */
  readonly #waiting = new Set<Waiter>();
  #stopped: StopReason | undefined;

  constructor(log: ReadableLog) {
    this.#log = log;
  }

  /** Why nothing can be read any more. */
  get stopped(): StopReason | undefined {
    return this.#stopped;
  }

  get waiterCount(): number {
    return this.#waiting.size;
  }

  /** Neither dropped nor, with all of the log, deleted or closed. */
  isReadable(offset: number): boolean {
    return this.#stopped === undefined && offset >= this.#log.logStartOffset;
  }

  /** @throws offset_not_found for what was dropped, topic_not_found, shutting_down. */
  throwIfUnreadable(offset: number): void {
    if (this.#stopped === "deleted") throw new NetlogError("topic_not_found");
    if (this.#stopped === "closed")
      throw new NetlogError("shutting_down", { reason: "the server is stopping" });
    const { logStartOffset } = this.#log;
    if (offset < logStartOffset) {
      throw new NetlogError("offset_not_found", { details: { firstOffset: logStartOffset } });
    }
  }

  /** As Log.waitFor. */
  waitFor(offset: number, wake: (reason: WakeReason) => void): () => void {
    if (this.#stopped !== undefined) wake(this.#stopped);
    else if (offset < this.#log.highWatermark) wake("readable");
    else if (this.#log.isEnded) wake("ended");
    else {
      const waiter: Waiter = { offset, wake };
      this.#waiting.add(waiter);
      return () => this.#waiting.delete(waiter);
    }
    return () => {};
  }

  /** Everything below `highWatermark` can be read. */
  wakeBelow(highWatermark: number): void {
    for (const waiter of this.#waiting) {
      if (waiter.offset >= highWatermark) continue;
      this.#waiting.delete(waiter);
      waiter.wake("readable");
    }
  }

  /** The log has ended, and everything in it can be read. */
  wakeEnded(): void {
    this.#wakeAll("ended");
  }

  /** Nothing can be read from now on. */
  stop(reason: StopReason): void {
    this.#stopped = reason;
    this.#wakeAll(reason);
  }

  #wakeAll(reason: "ended" | StopReason): void {
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const { wake } of all) wake(reason);
  }
}
