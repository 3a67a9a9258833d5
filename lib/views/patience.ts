/** Waits that a signal ends, and the back-off of what fails for a while. */
import type { Runtime } from "../index.ts";
import type { Limits } from "./limits.ts";

/** Resolves after `ms`, or at once when the signal is aborted. */
export function pause(runtime: Runtime, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = runtime.setTimer(ms, end);
    signal.addEventListener("abort", end);
  });
}

/** A wait that a wake-up ends. One that comes while nobody waits ends the next wait. */
export class Nap {
  #isWoken = false;
  #end: (() => void) | undefined;

  wake(): void {
    this.#isWoken = true;
    this.#end?.();
  }

  /** Resolves after `ms`, at a wake-up, or when the signal is aborted. */
  async take(runtime: Runtime, ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const end = (): void => woken.abort();
    this.#end = end;
    signal.addEventListener("abort", end);
    if (this.#isWoken || signal.aborted) end();
    await pause(runtime, ms, woken.signal);
    signal.removeEventListener("abort", end);
    this.#end = undefined;
    this.#isWoken = false;
  }
}

/** 1 s, doubled with each failure up to 30 s, until something succeeds. */
export class BackOff {
  readonly #limits: Pick<Limits, "backOffMs" | "backOffMaxMs">;
  #failures = 0;

  constructor(limits: Pick<Limits, "backOffMs" | "backOffMaxMs">) {
    this.#limits = limits;
  }

  get isFresh(): boolean {
    return this.#failures === 0;
  }

  reset(): void {
    this.#failures = 0;
  }

  nextMs(): number {
    const { backOffMs, backOffMaxMs } = this.#limits;
    const ms = Math.min(backOffMaxMs, backOffMs * 2 ** this.#failures);
    this.#failures += 1;
    return ms;
  }
}
