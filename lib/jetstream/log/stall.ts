/** Appends that cannot be sent wait for NATS no longer than an outcome does; then they are refused until it takes some again. */
import type { Runtime, Timer } from "../../base/runtime.ts";

export class Stall {
  readonly #runtime: Runtime;
  readonly #afterMs: number;
  readonly #over: () => void;
  #timer: Timer | undefined;
  #isOver = false;

  /** `over` is called when the time is over. */
  constructor(runtime: Runtime, afterMs: number, over: () => void) {
    this.#runtime = runtime;
    this.#afterMs = afterMs;
    this.#over = over;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nothing can be sent; the time goes on where it runs already. */
  begin(): void {
    this.#timer ??= this.#runtime.setTimer(this.#afterMs, () => {
      this.#isOver = true;
      this.#over();
    });
  }

  /** Something can be sent again. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isOver = false;
  }
}
