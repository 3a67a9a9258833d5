/** Whether a log takes appends, and why not: it has failed, was stopped for this process, or was closed for good. */
import { NetlogError } from "../base/errors.ts";

export type StopReason = "deleted" | "closed";

export class Standing {
  /** A sync or a cut has failed: no appends until the log is opened again. */
  hasFailed = false;
  /** Why, and what mends it. */
  failureReason = "an earlier write or sync failed; restart the server to reopen the topic";
  stopped: StopReason | undefined;
  /** Something is on its way after which nothing is appended. */
  isClosingForGood = false;
  isClosedForGood = false;

  get isClosing(): boolean {
    return this.isClosingForGood || this.isClosedForGood;
  }

  /** Why appends are refused, if they are; nothing of them is kept. */
  refusal(logEndOffset: number): NetlogError | undefined {
    const failure = this.failure();
    if (failure !== undefined || !this.isClosedForGood) return failure;
    return new NetlogError("topic_closed", { details: { nextOffset: logEndOffset } });
  }

  /** Why nothing at all can be done to the log. */
  failure(): NetlogError | undefined {
    if (this.stopped === "deleted") return new NetlogError("topic_not_found");
    if (this.stopped === "closed")
      return new NetlogError("shutting_down", { reason: "the server is stopping" });
    if (!this.hasFailed) return undefined;
    return new NetlogError("topic_unavailable", { reason: this.failureReason });
  }

  throwIfRefusing(): void {
    const failure = this.failure();
    if (failure !== undefined) throw failure;
  }
}

export function unknownOutcome(cause?: unknown): NetlogError {
  return new NetlogError("sync_failed", {
    reason: "the disk did not confirm the message; it may be there after a restart",
    cause,
  });
}
