/** One attempt's AbortSignal: aborted by the caller's own signal, or when nothing comes for too long. */
import { NetlogClientError } from "./errors.ts";
import type { ClientRuntime, ClientTimer } from "./runtime.ts";

export class Watch {
  readonly #controller = new AbortController();
  readonly #runtime: ClientRuntime;
  readonly #what: string;
  readonly #outer: AbortSignal | undefined;
  readonly #stop = (): void => this.#controller.abort(this.#outer?.reason);
  #timer: ClientTimer | undefined;

  /** `what` is named in the error. To be closed, for the caller's signal may live long. */
  constructor(runtime: ClientRuntime, what: string, outer: AbortSignal | undefined) {
    this.#runtime = runtime;
    this.#what = what;
    this.#outer = outer;
    if (outer?.aborted === true) this.#stop();
    else outer?.addEventListener("abort", this.#stop, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on so long a silence is too long. */
  arm(silenceMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#runtime.setTimer(silenceMs, () => {
      const message = `${this.#what}: nothing came for ${silenceMs} ms`;
      this.#controller.abort(new NetlogClientError("timed_out", message));
    });
  }

  /** No silence is too long while the caller does not read. */
  disarm(): void {
    this.#timer?.cancel();
  }

  close(): void {
    this.#timer?.cancel();
    this.#outer?.removeEventListener("abort", this.#stop);
  }
}
