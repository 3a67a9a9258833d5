/** Keeps the follower of a log on NATS in step with what is stored: an ack is to it what a sync is in files. */
import type { LogFollower } from "../../log/log.ts";

export class FollowedLog {
  follower: LogFollower | undefined;
  readonly #checkpointBytes: number;
  /** The follower waits until everything below is stored. */
  #awaitedEndOffset: number | undefined;
  #bytesSinceCheckpoint = 0;

  /** `checkpointBytes`: after so many bytes of frames the follower hears of a checkpoint. */
  constructor(checkpointBytes: number) {
    this.#checkpointBytes = checkpointBytes;
  }

  /** A message was sent, and the log ends here as written. */
  sent(endOffset: number): void {
    if (this.#awaitedEndOffset !== undefined || this.follower === undefined) return;
    this.follower.syncBegins();
    this.#awaitedEndOffset = endOffset;
  }

  /** A message with so many bytes of frames is stored, and the log ends here as stored. */
  stored(endOffset: number, sizeBytes: number): void {
    if (this.#awaitedEndOffset !== undefined && this.#awaitedEndOffset <= endOffset) {
      this.#awaitedEndOffset = undefined;
      this.follower?.syncEnded();
    }
    this.#bytesSinceCheckpoint += sizeBytes;
    if (this.#bytesSinceCheckpoint < this.#checkpointBytes) return;
    this.#bytesSinceCheckpoint = 0;
    this.follower?.checkpointed();
  }

  /** A message will not be stored. */
  refused(): void {
    this.#awaitedEndOffset = undefined;
  }

  /** The log has written its index: see LogFollower. */
  noteCheckpoint(): void {
    this.#bytesSinceCheckpoint = 0;
  }
}
