/** An entry on its way to the disk, and the promise its publisher waits for. */
import type { NetlogError } from "../base/errors.ts";
import type { Appended, LogEntry, Original } from "./log.ts";

export interface PendingAppend {
  readonly entry: LogEntry;
  readonly promise: Promise<Appended>;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: NetlogError) => void;
  /** Known from the write on, as is the time. */
  baseOffset: number;
  timestampMs: number;
  /** What it waits for, and is answered as: nothing of its own is written. */
  original: Original | undefined;
  /** It waits for the outcome of an earlier one, if there is one, no longer than a request may take. */
  isTimed: boolean;
}

export function pendingAppend(entry: LogEntry): PendingAppend {
  let resolve!: (appended: Appended) => void;
  let reject!: (error: NetlogError) => void;
  const promise = new Promise<Appended>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return {
    entry,
    promise,
    resolve,
    reject,
    baseOffset: 0,
    timestampMs: 0,
    original: undefined,
    isTimed: false,
  };
}

/** Appends that are written and wait for a sync, in the order in which they came. */
export class UnsettledAppends {
  readonly #appends: PendingAppend[] = [];

  get isEmpty(): boolean {
    return this.#appends.length === 0;
  }

  add(append: PendingAppend): void {
    this.#appends.push(append);
  }

  /** Resolves those that end at `syncedEndOffset` or before, up to the first that does not. */
  settleUpTo(syncedEndOffset: number): void {
    let done = 0;
    while (done < this.#appends.length) {
      const { baseOffset, timestampMs, entry, original, resolve } = this.#appends[done]!;
      if ((original?.endOffset ?? baseOffset + entry.count) > syncedEndOffset) break;
      resolve(original === undefined ? { baseOffset, timestampMs } : duplicateOf(original));
      done++;
    }
    this.#appends.splice(0, done);
  }

  rejectAll(error: NetlogError): void {
    for (const append of this.#appends.splice(0)) append.reject(error);
  }
}

/** The answer to an append whose original is as durable as asked for. */
export function duplicateOf(original: Original): Appended {
  return { baseOffset: original.baseOffset ?? -1, timestampMs: original.timestampMs, original };
}
