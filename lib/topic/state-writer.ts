/**
 * Writes a topic's snapshots, one after the other. A snapshot that is taken in its turn is newer than all that wait, and
 * takes their place: none is ever written over a newer one.
 */
import type { Logger } from "../base/logger.ts";
import type { Snapshot } from "./state-codec.ts";
import type { StateStore } from "./storage.ts";

export interface StateWriterOptions {
  readonly topicName: string;
  readonly store: StateStore;
  readonly logger: Logger;
}

/** Writes a snapshot; durable when it resolves. @throws as StateStore.replace does. */
export type Replace = (snapshot: Snapshot) => Promise<void>;

export class StateWriter {
  readonly #options: StateWriterOptions;
  /** The newest of those that wait. */
  #next: Snapshot | undefined;
  /** The turns that were given. Never rejects. */
  #turns: Promise<void> = Promise.resolve();
  #turnCount = 0;
  /** What was written last speaks of everything below. */
  writtenThrough = 0;

  constructor(options: StateWriterOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#turnCount > 0;
  }

  /** Writes in the background what is on the disk through its end; of several that wait, the newest. Failures are logged. */
  write(snapshot: Snapshot): void {
    const isWaiting = this.#next !== undefined;
    this.#next = snapshot;
    if (isWaiting) return;
    this.inTurn(async (replace) => {
      const next = this.#next;
      if (next !== undefined) await replace(next);
    }).catch((error: unknown) => {
      const { logger, topicName } = this.#options;
      logger.warn({ err: error, topic: topicName }, "the topic's state could not be written");
    });
  }

  /** Does `work` when all that came before is done. Its snapshots are to be taken in it. Settles as it does. */
  inTurn(work: (replace: Replace) => Promise<void>): Promise<void> {
    this.#turnCount += 1;
    const done = this.#turns.then(() => work(this.#replace));
    this.#turns = done.then(
      () => void this.#turnCount--,
      () => void this.#turnCount--,
    );
    return done;
  }

  /** What waits is not written any more. */
  drop(): void {
    this.#next = undefined;
  }

  /** Resolves when nothing is being written. */
  async settle(): Promise<void> {
    while (this.isBusy) await this.#turns;
  }

  readonly #replace: Replace = async (snapshot) => {
    this.#next = undefined;
    await this.#options.store.replace(snapshot);
    this.writtenThrough = snapshot.through;
  };
}
