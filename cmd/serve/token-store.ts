/** Changes a token file from the command line: whole or not at all, and one command at a time. */
import {
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { formatTokenFile, type TokenRecord } from "../../server/index.ts";
import { CredentialError, readTokenFile } from "../options/credential-files.ts";

/** For its owner alone. */
const MODE = 0o600;

/**
 * Makes the file hold what `edit` makes of it; a file that is not there holds nothing. It belongs to whom it belonged
 * before, so that root may change what the server's user reads. The new file is made before the old one is read, and
 * only where there is none: of two commands at once, one is refused.
 *
 * @throws CredentialError, and what `edit` throws.
 */
export function editTokenFile(path: string, edit: (tokens: TokenRecord[]) => TokenRecord[]): void {
  const target = existsSync(path) ? realpathSync(path) : resolve(path);
  const temporary = `${target}.tmp`;
  const file = create(temporary, target);
  try {
    const isThere = existsSync(target);
    writeFileSync(file, formatTokenFile(edit(isThere ? readTokenFile(target) : [])));
    if (isThere) keepOwner(file, target);
    fsyncSync(file);
    renameSync(temporary, target);
  } catch (error) {
    unlinkSync(temporary);
    throw asCredentialError(error, target);
  } finally {
    closeSync(file);
  }
  syncFolder(dirname(target));
}

function create(temporary: string, target: string): number {
  try {
    return openSync(temporary, "wx", MODE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw asCredentialError(error, target);
    throw new CredentialError(
      `${target} is being changed by another command; if there is none, one was interrupted: remove ${temporary}`,
      { cause: error },
    );
  }
}

function keepOwner(file: number, target: string): void {
  const { uid, gid } = statSync(target);
  if (uid !== process.geteuid?.() || gid !== process.getegid?.()) fchownSync(file, uid, gid);
}

function syncFolder(folder: string): void {
  const file = openSync(folder, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Turns an error of the system into one line; throws any other error again. */
function asCredentialError(error: unknown, target: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  return new CredentialError(`the token file ${target} cannot be written (${code})`, { cause: error });
}
