/** Runs a round of upkeep every so often. Rounds never overlap: the next interval begins when a round has ended. */
import type { Runtime, Timer } from "../base/runtime.ts";

/** What a timer takes. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export class Monitor {
  readonly #runtime: Runtime;
  readonly #intervalMs: number;
  readonly #round: () => Promise<void>;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  /** Begins at once with the first interval. `round` deals with its own failures. */
  constructor(runtime: Runtime, intervalMs: number, round: () => Promise<void>) {
    this.#runtime = runtime;
    this.#intervalMs = Math.min(intervalMs, MAX_DELAY_MS);
    this.#round = round;
    this.#schedule();
  }

  /** Resolves when no round is running, and none will. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#timer = this.#runtime.setTimer(this.#intervalMs, () => {
      this.#running = this.#round().finally(() => this.#schedule());
    });
  }
}
