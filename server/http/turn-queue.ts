/** Gathers what comes in one turn of the event loop, and does it at the end of the turn, in order. */
import type { Runtime } from "../../lib/index.ts";

export class TurnQueue {
  readonly #runtime: Runtime;
  #acts: (() => void)[] = [];

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** `act` must not throw: those behind it would be lost. */
  add(act: () => void): void {
    this.#acts.push(act);
    if (this.#acts.length === 1) this.#runtime.endOfTurn(this.#run);
  }

  /** What is added meanwhile belongs to the next turn. */
  readonly #run = (): void => {
    const acts = this.#acts;
    this.#acts = [];
    for (const act of acts) act();
  };
}
