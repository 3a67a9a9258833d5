/** An entry on its way to the disk, and the promise its publisher waits for. */
import type { NetlogError } from "../base/errors.ts";
import type { Appended, LogEntry } from "./log.ts";

export interface PendingAppend {
  readonly entry: LogEntry;
  readonly promise: Promise<Appended>;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: NetlogError) => void;
  /** Known from the write on, as is the time. */
  baseOffset: number;
  timestampMs: number;
}

export function pendingAppend(entry: LogEntry): PendingAppend {
  let resolve!: (appended: Appended) => void;
  let reject!: (error: NetlogError) => void;
  const promise = new Promise<Appended>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { entry, promise, resolve, reject, baseOffset: 0, timestampMs: 0 };
}

/** Appends that are written and wait for a sync, in the order of their offsets. */
export class UnsettledAppends {
  readonly #appends: PendingAppend[] = [];

  get isEmpty(): boolean {
    return this.#appends.length === 0;
  }

  add(append: PendingAppend): void {
    this.#appends.push(append);
  }

  /** Resolves those that end at `syncedEndOffset` or before. */
  settleUpTo(syncedEndOffset: number): void {
    let done = 0;
    while (done < this.#appends.length) {
      const { baseOffset, timestampMs, entry, resolve } = this.#appends[done]!;
      if (baseOffset + entry.count > syncedEndOffset) break;
      resolve({ baseOffset, timestampMs });
      done++;
    }
    this.#appends.splice(0, done);
  }

  rejectAll(error: NetlogError): void {
    for (const append of this.#appends.splice(0)) append.reject(error);
  }
}
