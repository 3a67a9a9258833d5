/** Small files that are written whole; replaced so that a crash leaves the old one or the new one. */
import { dirname } from "node:path/posix";
import type { Disk, DiskFile } from "./disk.ts";
import { UnsyncedName } from "./disk-refusals.ts";

/** The bytes of a file, or what writes them into it. */
export type FileContent = Uint8Array | ((file: DiskFile) => Promise<void>);

/**
 * Makes `path` hold `content`, durably when it resolves. One call at a time for each path: `<path>.tmp` is the
 * temporary file, and a leftover of that name is replaced.
 *
 * On failure the temporary file is removed where that is possible, and the old file is untouched.
 *
 * @throws UnsyncedName: the new file is there, and a loss of power may bring the old one back; the disk's own error.
 */
export async function replaceFile(disk: Disk, path: string, content: FileContent): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await createFile(disk, temporary, content);
    await disk.rename(temporary, path);
  } catch (error) {
    await removeIfThere(disk, temporary);
    throw error;
  }
  try {
    await disk.syncFolder(dirname(path));
  } catch (error) {
    throw new UnsyncedName(error);
  }
}

/** Writes a file anew, its bytes durable when it resolves, and its name after `syncFolder`. */
export async function createFile(disk: Disk, path: string, content: FileContent): Promise<void> {
  if ((await disk.stat(path)) !== undefined) await disk.remove(path);
  const file = disk.create(path);
  try {
    if (typeof content === "function") await content(file);
    else writeBytes(file, content);
    await file.sync();
  } finally {
    file.close();
  }
}

function writeBytes(file: DiskFile, bytes: Uint8Array): void {
  for (let position = 0; position < bytes.length; ) {
    position += file.write(bytes.subarray(position), position);
  }
}

async function removeIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.remove(path);
  } catch {
    // It was never made, or cannot be removed: either way the first failure is the one to tell.
  }
}
