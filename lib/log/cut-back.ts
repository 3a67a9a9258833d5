/** Takes back what a failed write left in a file. */
import assert from "node:assert/strict";
import type { Logger } from "../base/logger.ts";
import { IncompleteWrite } from "../disk/write-whole.ts";
import type { Segment } from "./segment.ts";
import type { SyncLoop } from "./sync-loop.ts";

/**
 * Cuts the active segment back to `position`, where the write began that failed with `error`. The cut is synced before an
 * append is refused, else a crash could bring a refused message back, or garbage behind the last frame of a segment that
 * was sealed since. Resolves to false when it could not be done; never rejects.
 */
export async function cutBack(
  sync: SyncLoop,
  segment: Segment,
  position: number,
  error: unknown,
  logger: Logger,
): Promise<boolean> {
  assert(position >= segment.syncedBytes, "a cut never reaches below the synced end");
  const writtenBytes = error instanceof IncompleteWrite ? error.writtenBytes : 0;
  try {
    if (writtenBytes > 0) {
      sync.fileForWrite(segment).truncate(position);
      await sync.syncTruncation(segment);
    }
    return true;
  } catch (cutError) {
    logger.error({ err: cutError }, "a failed write could not be taken back: the topic is closed");
    return false;
  }
}
