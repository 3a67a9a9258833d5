/** Work that must not overlap with other work on the same thing, named by a key. */
export class OneByOne {
  /** The last of each key; none of them rejects. */
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `work` when all that came before under this key has ended, however it ended. */
  run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const result = (this.#last.get(key) ?? Promise.resolve()).then(work);
    const ended = result.then(ignore, ignore).then(() => {
      if (this.#last.get(key) === ended) this.#last.delete(key);
    });
    this.#last.set(key, ended);
    return result;
  }

  /** Resolves when all that was begun so far has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}

function ignore(): void {}
