/**
 * Failures of the disk: in the form of node:fs, where no system call of Node's reports them, and what they mean to the
 * callers of the engine.
 */
import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";
import { NetlogError } from "../base/errors.ts";
import { IncompleteWrite } from "./write-whole.ts";

const NO_ROOM = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/**
 * An error with Node's `code`, `errno`, `syscall` and `path`. `text` says what is wrong where the system's own
 * words do not.
 */
export function diskError(
  code: string,
  operation: string,
  path: string,
  text?: string,
): NodeJS.ErrnoException {
  const errnos: Record<string, number> = constants.errno;
  const errno = -(errnos[code] ?? 0);
  const words = text ?? getSystemErrorMap().get(errno)?.[1] ?? "unknown error";
  const error = new Error(`${code}: ${words}, ${operation} '${path}'`);
  return Object.assign(error, { code, errno, syscall: operation, path });
}

/** True when `error` comes from the disk and carries this code of Node's. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

/** For an append, a new segment or a new file that failed and left nothing. */
export function refusedWrite(error: unknown): NetlogError {
  if (error instanceof NetlogError) return error;
  const cause = error instanceof IncompleteWrite ? error.cause : error;
  const code = errorCode(cause);
  if (isNoRoom(error)) {
    return new NetlogError("storage_full", {
      reason: "the disk has no room left; nothing was stored",
      cause,
    });
  }
  return new NetlogError("topic_unavailable", {
    reason: `writing failed (${code}); nothing was stored`,
    cause,
  });
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
