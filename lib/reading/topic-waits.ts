/**
 * Readers without a scanner that wait for a message. Each is a small object without a buffer; a message, a deadline,
 * a client that left, the end of a closed topic, a deleted topic and a server that stops end a wait.
 */
import { NetlogError } from "../base/errors.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Log, WakeReason } from "../log/log.ts";
import type { Limits } from "./limits.ts";

export interface WaitRequest {
  /** More than the limit is taken for the limit; `undefined`: without end. */
  readonly waitMs: number | undefined;
  /** Called when there is something to wait for, with what ends the wait: the client left. */
  readonly onWaiting: (cancel: () => void) => void;
}

/** `closed`: the topic is, and nothing will be readable there. */
export type WaitEnd = "readable" | "closed" | "late" | "cancelled";

export interface TopicWaitsOptions {
  readonly log: Log;
  readonly runtime: Runtime;
  readonly limits: Limits;
}

export class TopicWaits {
  readonly #options: TopicWaitsOptions;
  /** What ends each wait with shutting_down. */
  readonly #waiting = new Set<() => void>();
  #isRefusing = false;

  constructor(options: TopicWaitsOptions) {
    this.#options = options;
  }

  /** Waits until `offset` can be read. @throws topic_not_found (deleted meanwhile), shutting_down. */
  wait(offset: number, { waitMs, onWaiting }: WaitRequest): Promise<WaitEnd> {
    const { log, runtime, limits } = this.#options;
    if (offset < log.highWatermark) return Promise.resolve("readable");
    if (log.isEnded) return Promise.resolve("closed");
    if (waitMs !== undefined && waitMs <= 0) return Promise.resolve("late");
    if (this.#isRefusing) return Promise.reject(new NetlogError("shutting_down"));
    return new Promise((resolve, reject) => {
      const ends: (() => void)[] = [];
      const end = (finish: () => void): void => {
        for (const each of ends.splice(0)) each();
        finish();
      };
      const stop = (): void => end(() => reject(new NetlogError("shutting_down")));
      this.#waiting.add(stop);
      ends.push(() => this.#waiting.delete(stop));
      if (waitMs !== undefined) {
        const timer = runtime.setTimer(Math.min(waitMs, limits.waitMs), () => end(() => resolve("late")));
        ends.push(() => timer.cancel());
      }
      const wake = (reason: WakeReason): void => end(() => finishAs(reason, resolve, reject));
      ends.push(log.waitFor(offset, wake));
      onWaiting(() => end(() => resolve("cancelled")));
    });
  }

  /** Ends waits with shutting_down, and lets none begin. */
  refuse(): void {
    this.#isRefusing = true;
    for (const stop of [...this.#waiting]) stop();
  }
}

function finishAs(
  reason: WakeReason,
  resolve: (end: WaitEnd) => void,
  reject: (error: NetlogError) => void,
): void {
  if (reason === "readable") resolve("readable");
  else if (reason === "ended") resolve("closed");
  else reject(new NetlogError(reason === "deleted" ? "topic_not_found" : "shutting_down"));
}
