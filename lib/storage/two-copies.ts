/**
 * What a topic keeps in two files with a checksum each, so that a damaged one costs nothing. This reads both, and replaces
 * one; what they hold decides which of them counts, and which is replaced.
 */
import { NetlogError } from "../base/errors.ts";
import { type FileContent, replaceFile } from "../disk/atomic-file.ts";
import type { Disk } from "../disk/disk.ts";
import { hasCode } from "../disk/disk-error.ts";
import { errorCode, refusedWrite } from "../disk/disk-refusals.ts";

export interface CopyTrouble {
  /** `unreadable`: the system does not let it be read, and nobody knows what it says. */
  readonly status: "missing" | "damaged" | "unreadable";
  /** Goes on from the file's name. */
  readonly trouble: string;
  readonly cause: unknown;
}

export type Copy<Sound> = { readonly name: string } & (Sound | CopyTrouble);

/** Why a copy does not count: the message goes on from the file's name. */
export class DamagedCopy extends Error {}

/** The copy of this name; `read` reads it. It throws DamagedCopy, and what the disk throws. */
export async function readCopy<Sound>(
  name: string,
  read: (name: string) => Promise<Sound>,
): Promise<Copy<Sound>> {
  try {
    return { name, ...(await read(name)) };
  } catch (error) {
    return { name, ...troubleOf(error) };
  }
}

/** As readCopy, of several. */
export function readCopies<Sound>(
  names: readonly string[],
  read: (name: string) => Promise<Sound>,
): Promise<Copy<Sound>[]> {
  return Promise.all(names.map((name) => readCopy(name, read)));
}

/** Where no copy counts. @throws topic_unavailable: the system does not let one be read, and that one may. */
export function refuseUnreadable(
  copies: readonly { readonly name: string; readonly status: string }[],
): void {
  for (const copy of copies) {
    if (copy.status !== "unreadable") continue;
    const { name, trouble, cause } = copy as Copy<CopyTrouble>;
    throw new NetlogError("topic_unavailable", { reason: `${name} ${trouble}`, cause });
  }
}

/**
 * Replaces a copy; durable when it resolves. `start` is what the file then begins with, and did not before. `what` names
 * it in the refusal.
 *
 * @throws storage_full, topic_unavailable: what was there is kept; sync_failed: after a restart it may be either.
 */
export async function replaceCopy(
  disk: Disk,
  path: string,
  content: FileContent,
  { start, what }: { readonly start: Buffer; readonly what: string },
): Promise<void> {
  try {
    await replaceFile(disk, path, content);
  } catch (error) {
    if (!(await mayBeginWith(disk, path, start))) throw refusedWrite(error);
    const reason = `the disk did not confirm ${what}; after a restart the new or the old may be there`;
    throw new NetlogError("sync_failed", { reason, cause: error });
  }
}

/** True also when that cannot be known. */
async function mayBeginWith(disk: Disk, path: string, start: Buffer): Promise<boolean> {
  try {
    return start.equals((await disk.readFile(path)).subarray(0, start.length));
  } catch (error) {
    return !hasCode(error, "ENOENT");
  }
}

function troubleOf(cause: unknown): CopyTrouble {
  if (hasCode(cause, "ENOENT")) return { status: "missing", trouble: "is missing", cause };
  if (cause instanceof DamagedCopy) return { status: "damaged", trouble: cause.message, cause };
  return { status: "unreadable", trouble: `cannot be read (${errorCode(cause)})`, cause };
}
