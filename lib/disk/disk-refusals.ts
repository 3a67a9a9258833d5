/** What a failure of the disk means for the client whose request met it: no room, or no access. */
import { NetlogError } from "../base/errors.ts";
import { IncompleteWrite } from "./write-whole.ts";

const NO_ROOM = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** The folder of a file that was replaced was not synced. */
export class UnsyncedName extends Error {
  readonly code: string;

  constructor(cause: unknown) {
    super("the disk did not confirm the name of a file", { cause });
    this.name = "UnsyncedName";
    this.code = errorCode(cause);
  }
}

/** For an append, a new segment or a new file that failed and left nothing. */
export function refusedWrite(error: unknown): NetlogError {
  if (error instanceof NetlogError) return error;
  const cause = error instanceof IncompleteWrite ? error.cause : error;
  const code = errorCode(cause);
  if (isNoRoom(error)) {
    return new NetlogError("storage_full", {
      reason: "the disk has no room left; nothing was stored; make room, and send it again",
      cause,
    });
  }
  return new NetlogError("topic_unavailable", {
    reason: `writing failed (${code}); nothing was stored`,
    cause,
  });
}

/** For a file that was replaced: sync_failed where the new one is there, and may be gone after a restart. */
export function refusedReplacement(error: unknown): NetlogError {
  if (!(error instanceof UnsyncedName)) return refusedWrite(error);
  const reason = "the disk did not confirm a file; after a restart it may be the new one or the old one";
  return new NetlogError("sync_failed", { reason, cause: error });
}

/** For reads: nothing is damaged, the disk did not answer. */
export function failedRead(error: unknown): NetlogError {
  if (error instanceof NetlogError) return error;
  return new NetlogError("topic_unavailable", {
    reason: `reading failed (${errorCode(error)})`,
    cause: error,
  });
}

/** True when the disk had no room for it. */
export function isNoRoom(error: unknown): boolean {
  return NO_ROOM.has(errorCode(error instanceof IncompleteWrite ? error.cause : error));
}

/** What the system calls it. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
