/**
 * Copies what a topic has while a server goes on with it, over and over, so that little is left for copyStored. It holds its
 * copy open between two rounds, and opens it anew after a failure.
 */
import { NetlogError } from "../base/errors.ts";
import type { Runtime } from "../base/runtime.ts";
import { copyFrames, goesOn, type ReadFrames, type SourceRange } from "./copy-frames.ts";
import { openCopyOf } from "./copy-stored.ts";
import type { CopyingStorage, StoredCopy } from "./stored-copy.ts";

/** A topic as its server shows it. */
export interface ServedTopic {
  /** As it is now, with its id. */
  describe(): Promise<SourceRange & { readonly id: string }>;
  readonly read: ReadFrames;
}

export interface CopyAheadOptions {
  readonly name: string;
  readonly from: ServedTopic;
  readonly to: CopyingStorage;
  readonly runtime: Runtime;
  readonly onCopied: (messageCount: number, sizeBytes: number) => void;
}

/** Bytes of a topic that one round copies at most: others have their turn then. */
const ROUND_BYTES = 64 * 1024 * 1024;

export class CopyAhead {
  readonly #options: CopyAheadOptions;
  #copy: StoredCopy | undefined;
  #id: string | undefined;
  /** Messages that the source had in the last round. */
  messageCount = 0;
  /** Those of them that are not copied yet. */
  leftCount = 0;

  constructor(options: CopyAheadOptions) {
    this.#options = options;
  }

  /** Another process has taken the copy over, or discarded it: this one is through with it. */
  get isTaken(): boolean {
    return this.#copy?.isTaken === true;
  }

  /**
   * One round. Gives true where the topic was made anew since the last one, whose copy is gone then.
   *
   * @throws resource_busy: the copy there is of another topic, or of another state of it; topic_exists; what describing and
   *   reading the source throw, and appending. The next round tries again.
   */
  async advance(isOver: () => boolean): Promise<boolean> {
    const { name, from, to, runtime, onCopied } = this.#options;
    const { id, ...range } = await from.describe();
    const isAnew = this.#id !== undefined && this.#id !== id;
    if (isAnew) await this.discard();
    this.#id = id;
    if (this.#copy !== undefined && !goesOn(this.#copy.stored.log, range)) await this.discard();
    this.#copy ??= await openCopyOf(to, name, { id, firstOffset: range.startOffset }, range);
    const { log } = this.#copy.stored;
    this.messageCount = range.endOffset - range.startOffset;
    this.leftCount = range.endOffset - log.logEndOffset;
    let roundBytes = 0;
    const note = (messageCount: number, sizeBytes: number): void => {
      roundBytes += sizeBytes;
      this.leftCount -= messageCount;
      onCopied(messageCount, sizeBytes);
    };
    try {
      await copyFrames(from.read, log, range, {
        isServed: true,
        runtime,
        onCopied: note,
        isOver: () => isOver() || roundBytes >= ROUND_BYTES,
      });
    } catch (error) {
      if (!this.isTaken) await this.close();
      throw error;
    }
    return isAnew;
  }

  /** Removes the copy: the topic is gone. */
  async discard(): Promise<void> {
    await this.close();
    await this.#options.to.discardCopy(this.#options.name).catch((error: unknown) => {
      if (!(error instanceof NetlogError) || error.code !== "topic_not_found") throw error;
    });
  }

  /** Leaves the copy as it is. */
  async close(): Promise<void> {
    await this.#copy?.close();
    this.#copy = undefined;
  }
}
