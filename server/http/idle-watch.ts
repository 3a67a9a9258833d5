/**
 * Gives up on bodies that stop coming, or come for too long. One timer for all of them, running only while there are
 * any: a request whose body is there at once costs no timer.
 */
import type { Runtime } from "../../lib/index.ts";
import type { Limits } from "./limits.ts";

/** Something that comes in pieces. */
export interface Progress {
  /** Set with each piece, taken back by the watch. */
  hasMoved: boolean;
  giveUp(): void;
}

export class IdleWatch {
  readonly #runtime: Runtime;
  readonly #idleMs: number;
  readonly #wholeMs: number;
  /** With the time each began. */
  readonly #watched = new Map<Progress, number>();
  #isRunning = false;

  constructor(runtime: Runtime, { bodyIdleMs, bodyMs }: Pick<Limits, "bodyIdleMs" | "bodyMs">) {
    this.#runtime = runtime;
    this.#idleMs = bodyIdleMs;
    this.#wholeMs = bodyMs;
  }

  /** `giveUp` is called once: when nothing moved for one to two times the idle time, or it is still not whole. */
  add(progress: Progress): void {
    this.#watched.set(progress, this.#runtime.elapsedMs());
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#runtime.setTimer(this.#idleMs, this.#round);
  }

  remove(progress: Progress): void {
    this.#watched.delete(progress);
  }

  readonly #round = (): void => {
    const oldestMs = this.#runtime.elapsedMs() - this.#wholeMs;
    for (const [progress, startedAtMs] of this.#watched) {
      if (progress.hasMoved && startedAtMs > oldestMs) {
        progress.hasMoved = false;
      } else {
        this.#watched.delete(progress);
        progress.giveUp();
      }
    }
    this.#isRunning = this.#watched.size > 0;
    if (this.#isRunning) this.#runtime.setTimer(this.#idleMs, this.#round);
  };
}
