/** Errors in the form of node:fs, for the failures of the disk layer that no system call of Node's reports. */
import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";

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
