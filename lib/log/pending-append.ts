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

export function endOffsetOf(append: PendingAppend): number {
  return append.baseOffset + append.entry.count;
}
