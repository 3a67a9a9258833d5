/** Who waits for a message to be applied, and how far each topic is. */

interface Wait {
  readonly topic: string;
  readonly offset: number;
  readonly end: (error?: Error) => void;
}

export class AppliedWaits {
  readonly #next = new Map<string, number>();
  readonly #waits = new Set<Wait>();
  #failure: Error | undefined;
  /** Called when a wait begins. */
  onWait: () => void = () => {};

  get isEmpty(): boolean {
    return this.#waits.size === 0;
  }

  /** Everything before `next` is applied. It goes back where the topic is another one, or was rebuilt. */
  note(topic: string, next: number): void {
    this.#failure = undefined;
    this.#next.set(topic, next);
    for (const wait of this.#waits) {
      if (wait.topic === topic && wait.offset < next) wait.end();
    }
  }

  /** The topic is gone, and another one of its name begins anew. */
  forgetTopic(topic: string): void {
    this.#next.delete(topic);
  }

  /** The tables are other ones, and it is not known yet how far these are. */
  forgetAll(): void {
    this.#failure = undefined;
    this.#next.clear();
  }

  /** Nothing will be applied for a while: every wait ends with `error`, until a place is noted again. */
  fail(error: Error): void {
    this.#failure = error;
    for (const wait of this.#waits) wait.end(error);
  }

  /** @throws the signal's reason; what `fail` was given. */
  async wait(topic: string, offset: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if ((this.#next.get(topic) ?? 0) > offset) return;
    if (this.#failure !== undefined) throw this.#failure;
    await new Promise<void>((resolve, reject) => {
      const finish = (settle: () => void): void => {
        this.#waits.delete(wait);
        signal.removeEventListener("abort", abort);
        settle();
      };
      const abort = (): void => finish(() => reject(signal.reason as Error));
      const wait: Wait = {
        topic,
        offset,
        end: (error) => finish(() => (error === undefined ? resolve() : reject(error))),
      };
      signal.addEventListener("abort", abort);
      this.#waits.add(wait);
      this.onWait();
    });
  }
}
