/**
 * Gives up on bodies that stop coming. One timer for all of them, running only while there are any: a request
 * whose body is there at once costs no timer.
 */
import type { Runtime } from "../lib/index.ts";

/** Something that comes in pieces. */
export interface Progress {
  /** Set with each piece, taken back by the watch. */
  hasMoved: boolean;
  giveUp(): void;
}

export class IdleWatch {
  readonly #runtime: Runtime;
  readonly #idleMs: number;
  readonly #watched = new Set<Progress>();
  #isRunning = false;

  constructor(runtime: Runtime, idleMs: number) {
    this.#runtime = runtime;
    this.#idleMs = idleMs;
  }

  /** `giveUp` is called when nothing moved for one to two times the idle time, once. */
  add(progress: Progress): void {
    this.#watched.add(progress);
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#runtime.setTimer(this.#idleMs, this.#round);
  }

  remove(progress: Progress): void {
    this.#watched.delete(progress);
  }

  readonly #round = (): void => {
    for (const progress of this.#watched) {
      if (progress.hasMoved) {
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
