/**
 * Appends that depend on something: the place that they bring, or a guard, which is asked in the order of the contract. An entry that was there before is
 * found before anything is refused, and gets the outcome of the earlier one.
 */
import { NetlogError } from "../base/errors.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Limits } from "./limits.ts";
import type { AppendGuard, Original } from "./log.ts";
import { duplicateOf, type PendingAppend, type UnsettledAppends } from "./pending-append.ts";
import { misfitOf } from "./placed-frames.ts";
import { type Standing, unknownOutcome } from "./standing.ts";

export interface GuardedLog {
  readonly logEndOffset: number;
  readonly syncedEndOffset: number;
  readonly lastTimestampMs: number;
  /** Came while the writer was blocked. */
  readonly queue: PendingAppend[];
}

export class GuardedAppends {
  readonly #log: GuardedLog;
  readonly #standing: Standing;
  readonly #unsettled: UnsettledAppends;
  readonly #options: { readonly runtime: Runtime; readonly caps: Limits };

  constructor(
    log: GuardedLog,
    standing: Standing,
    unsettled: UnsettledAppends,
    options: { readonly runtime: Runtime; readonly caps: Limits },
  ) {
    this.#log = log;
    this.#standing = standing;
    this.#unsettled = unsettled;
    this.#options = options;
  }

  /**
   * Gives the end of the appends from `from` on that may be written together, of which there is one at least. Takes
   * out of `pending` what is not to be written: it has its answer, or will get it. So the end may be `from`.
   */
  judgeRun(pending: PendingAppend[], from: number): number {
    const end = runEnd(pending, from);
    if (isPlain(pending[from]!)) return end;
    const run = pending.slice(from, end);
    const unanswered = run.filter((append) => !this.#isAnswered(append));
    if (unanswered.length < run.length) pending.splice(from, run.length, ...unanswered);
    return from + unanswered.length;
  }

  #isAnswered(append: PendingAppend): boolean {
    const { entry } = append;
    const { guard } = entry;
    const { logEndOffset, lastTimestampMs } = this.#log;
    try {
      const misfit = misfitOf(entry, this.#options.caps, logEndOffset, lastTimestampMs);
      if (misfit !== undefined) throw misfit;
      if (guard === undefined) return false;
      if (this.#isDuplicate(append, guard)) return true;
      guard.require(logEndOffset);
      return false;
    } catch (error) {
      append.reject(error as NetlogError);
      return true;
    }
  }

  /** Refuses an append of any kind, save one that has been there before. */
  refuse(append: PendingAppend, refusal: NetlogError): void {
    const { guard } = append.entry;
    try {
      const isGone = guard === undefined || this.#standing.stopped !== undefined;
      if (isGone || !this.#isDuplicate(append, guard)) append.reject(refusal);
    } catch (error) {
      append.reject(error as NetlogError);
    }
  }

  /** @throws what the guard throws. */
  #isDuplicate(append: PendingAppend, guard: AppendGuard): boolean {
    const original = guard.original();
    if (original === undefined) return false;
    const isSynced = original.endOffset <= this.#log.syncedEndOffset;
    if (this.#standing.hasFailed && !isSynced) append.reject(unknownOutcome());
    else if (isSynced || append.entry.durability === "written") append.resolve(duplicateOf(original));
    else this.#awaitOriginal(append, original);
    return true;
  }

  #awaitOriginal(append: PendingAppend, original: Original): void {
    append.original = original;
    this.#unsettled.add(append);
    this.#limitWait(append);
  }

  /** Those that came while the writer is blocked. */
  limitWaits(pending: readonly PendingAppend[]): void {
    for (const append of pending) this.#limitWait(append);
  }

  /** From now on: an append that is the second of its identity waits for the first no longer than a request may take. */
  #limitWait(append: PendingAppend): void {
    if (append.isTimed || append.entry.guard?.identity === undefined) return;
    append.isTimed = true;
    const { runtime, caps } = this.#options;
    const timer = runtime.setTimer(caps.bodyMs, () => this.#endWait(append));
    const cancel = () => timer.cancel();
    append.promise.then(cancel, cancel);
  }

  #endWait(append: PendingAppend): void {
    if (append.original !== undefined) {
      append.reject(stillUnderWay());
      return;
    }
    const { queue } = this.#log;
    const place = queue.indexOf(append);
    if (place < 0) return;
    const refusal = refusalOfSecond(append.entry.guard!, queue.slice(0, place));
    if (refusal === undefined) return;
    queue.splice(place, 1);
    append.reject(refusal);
  }
}

function isPlain({ entry }: PendingAppend): boolean {
  return entry.guard === undefined && entry.given === undefined;
}

/** Plain appends go together, and so do those whose subjects differ. */
function runEnd(pending: readonly PendingAppend[], from: number): number {
  let end = from + 1;
  if (isPlain(pending[from]!)) {
    while (end < pending.length && isPlain(pending[end]!)) end++;
    return end;
  }
  const subjects = new Set<string>();
  for (end = from; end < pending.length; end++) {
    const subject = pending[end]!.entry.guard?.subject;
    if (subject === undefined || subjects.has(subject)) break;
    subjects.add(subject);
  }
  return Math.max(end, from + 1);
}

/** `undefined`: it is the first of its identity. */
function refusalOfSecond(guard: AppendGuard, before: readonly PendingAppend[]): NetlogError | undefined {
  if (before.some(({ entry }) => entry.guard?.identity === guard.identity)) return stillUnderWay();
  try {
    return guard.original() === undefined ? undefined : stillUnderWay();
  } catch (error) {
    return error as NetlogError;
  }
}

/** Not topic_unavailable: what the first brought may be stored. */
function stillUnderWay(): NetlogError {
  return new NetlogError("sync_failed", {
    reason:
      "the first request of this key or number has no outcome yet, and may be stored; send this one again, under the same key or number",
  });
}
