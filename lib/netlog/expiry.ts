/** Deletes topics whose time is over, as a forced deletion does, and knows which are on their way out. */
import type { Logger } from "../base/logger.ts";

export interface ExpiryOptions {
  readonly logger: Logger;
  /** Deletes the topic unless it got more time meanwhile, or is another one by now; false: it did not. */
  readonly deleteIfOver: (name: string) => Promise<boolean>;
}

export class Expiry {
  readonly #options: ExpiryOptions;
  readonly #deletions = new Map<string, Promise<void>>();

  constructor(options: ExpiryOptions) {
    this.#options = options;
  }

  /** While the topic is being deleted: resolves when it is gone for good, and rejects as a deletion does. */
  of(name: string): Promise<void> | undefined {
    return this.#deletions.get(name);
  }

  /** A failure is logged, too. */
  begin(name: string): Promise<void> {
    const known = this.#deletions.get(name);
    if (known !== undefined) return known;
    const deletion = this.#delete(name).finally(() => this.#deletions.delete(name));
    this.#deletions.set(name, deletion);
    deletion.catch((error: unknown) => {
      this.#options.logger.error(
        { err: error, topic: name },
        "a topic whose time is over could not be deleted",
      );
    });
    return deletion;
  }

  async #delete(name: string): Promise<void> {
    if (!(await this.#options.deleteIfOver(name))) return;
    this.#options.logger.info({ topic: name }, "deleted a topic whose time was over");
  }
}
