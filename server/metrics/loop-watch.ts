/**
 * Measures how long the event loop is held: how late a timer of 10 ms comes. A hold of n ms makes it n ms late at most,
 * and 10 ms less at least. The timer runs while there is work and for a while after it, so a quiet server has none.
 */
import { type Runtime, Tally } from "../../lib/index.ts";

const TICK_MS = 10;
const HOLD_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] as const;
/** A tick that is later than this has met work. */
const BUSY_MS = 2;
/** So many ticks go on behind the last work. */
const REST_TICKS = 100;

export class LoopWatch {
  readonly holdMs: Tally = new Tally(HOLD_MS);
  readonly #runtime: Pick<Runtime, "elapsedMs" | "setTimer">;
  #dueMs = 0;
  /** Ticks since there was work. */
  #idleTicks = REST_TICKS;

  constructor(runtime: Pick<Runtime, "elapsedMs" | "setTimer">) {
    this.#runtime = runtime;
  }

  /** There is work: a request came, or a stream goes on. */
  noteWork(): void {
    if (this.#idleTicks >= REST_TICKS) this.#await();
    this.#idleTicks = 0;
  }

  #await(): void {
    this.#dueMs = this.#runtime.elapsedMs() + TICK_MS;
    this.#runtime.setTimer(TICK_MS, this.#tick);
  }

  readonly #tick = (): void => {
    const lateMs = Math.max(0, this.#runtime.elapsedMs() - this.#dueMs);
    this.holdMs.add(lateMs);
    this.#idleTicks = lateMs > BUSY_MS ? 0 : this.#idleTicks + 1;
    if (this.#idleTicks < REST_TICKS) this.#await();
  };
}
