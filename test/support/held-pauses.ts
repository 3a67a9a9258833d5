/** Stops long work between two pieces of it, until the test lets it go on. */
import type { Runtime } from "../../lib/base/runtime.ts";

export class HeldPauses {
  /** How often work has paused so far. */
  count = 0;
  readonly #held: (() => void)[] = [];
  #isHolding = true;

  constructor(runtime: Runtime) {
    const pause = runtime.pause.bind(runtime);
    runtime.pause = () => {
      this.count += 1;
      return this.#isHolding ? new Promise((resolve) => this.#held.push(resolve)) : pause();
    };
  }

  /** Work that stands still now. */
  get heldCount(): number {
    return this.#held.length;
  }

  /** Lets one piece of work be done, of what has waited longest. */
  async step(): Promise<void> {
    this.#held.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** From here on no work stands still. */
  release(): void {
    this.#isHolding = false;
    for (const resume of this.#held.splice(0)) resume();
  }
}
