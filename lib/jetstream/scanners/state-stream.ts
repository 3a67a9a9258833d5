/**
 * A topic's memory of its appends, in a file of a stream (kept-files.ts). One file is enough: each record of it has a
 * checksum, and the stream keeps copies. It is read when the topic asks for it, and not held.
 *
 *     0         8
 *     | through | the state's own bytes
 *       f64
 */
import type { KeptState, StateBytes, StateStore, StateToKeep } from "../../topic/storage.ts";
import type { KeptFile, KeptStore } from "./kept-files.ts";

const THROUGH_BYTES = 8;

export interface StateStreamOptions {
  readonly store: KeptStore;
  readonly subject: string;
  /** Reads the file as it is now. @throws topic_unavailable. */
  readonly read: () => Promise<KeptFile | undefined>;
  /** There is a file, or was one that is missed. */
  readonly isExpected: boolean;
  readonly logEndOffset: number;
  /** As StateStore has it. */
  readonly startsAt: number;
}

export class StateStream implements StateStore {
  readonly found: KeptState | undefined;
  readonly isLost: boolean;
  readonly startsAt: number;
  readonly #options: StateStreamOptions;
  #keptThrough: number;

  /** `file` is what the stream has. */
  constructor(file: KeptFile | undefined, options: StateStreamOptions) {
    this.#options = options;
    this.startsAt = options.startsAt;
    const through = file && throughOf(file);
    const isUsable = through !== undefined && through <= options.logEndOffset;
    this.found = isUsable ? { through, read: (use) => this.#read(use) } : undefined;
    this.isLost = !isUsable && options.isExpected;
    this.#keptThrough = isUsable ? through : 0;
  }

  get keptThrough(): number {
    return this.#keptThrough;
  }

  async replace({ through, pieces }: StateToKeep): Promise<void> {
    const { store, subject } = this.#options;
    await store.put(subject, withThrough(through, pieces()));
    this.#keptThrough = through;
  }

  async #read<Result>(use: (bytes: StateBytes) => Promise<Result>): Promise<Result> {
    const { whole } = (await this.#options.read()) ?? { whole: Buffer.alloc(THROUGH_BYTES) };
    const state = whole.subarray(THROUGH_BYTES);
    return await use({
      sizeBytes: state.length,
      at: (position) => Promise.resolve(state.subarray(position)),
    });
  }
}

function* withThrough(through: number, pieces: Iterable<Buffer>): Generator<Buffer, void, void> {
  const head = Buffer.alloc(THROUGH_BYTES);
  head.writeDoubleBE(through);
  yield head;
  yield* pieces;
}

/** `undefined`: it is damaged. */
function throughOf({ whole }: KeptFile): number | undefined {
  const through = whole.length < THROUGH_BYTES ? undefined : whole.readDoubleBE();
  return Number.isSafeInteger(through) ? through : undefined;
}
