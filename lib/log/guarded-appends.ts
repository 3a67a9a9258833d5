/**
 * Appends that depend on something: asks their guards in the order of the contract. An entry that was there before is
 * found before anything is refused, and gets the outcome of the earlier one.
 */
import { NetlogError } from "../base/errors.ts";
import type { Limits } from "../base/limits.ts";
import type { Runtime } from "../base/runtime.ts";
import type { AppendGuard, Original } from "./log.ts";
import { duplicateOf, type PendingAppend, type UnsettledAppends } from "./pending-append.ts";
import { type Standing, unknownOutcome } from "./standing.ts";

export interface GuardedLog {
  readonly logEndOffset: number;
  readonly syncedEndOffset: number;
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

  /** True for an append that is not to be written: it has its answer, or will get it. */
  isAnswered(append: PendingAppend, guard: AppendGuard): boolean {
    try {
      if (this.#isDuplicate(append, guard)) return true;
      guard.require(this.#log.logEndOffset);
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
      const isGone = guard === undefined || this.#standing.ended !== undefined;
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
    const { runtime, caps } = this.#options;
    const timer = runtime.setTimer(caps.bodyMs, () => append.reject(stillUnderWay()));
    const cancel = () => timer.cancel();
    append.promise.then(cancel, cancel);
  }
}

function stillUnderWay(): NetlogError {
  return new NetlogError("topic_unavailable", {
    reason: "the first request of this key or number is still on its way; send this one again later",
  });
}
