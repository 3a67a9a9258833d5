/**
 * Data files of several names: a fork has the sealed segments of its source by hard link, and a copy of a data folder may
 * have any file. What one name is written to, the others have, so a log never writes to such a file.
 */
import type { Disk } from "../disk/disk.ts";
import { writeWhole } from "../disk/write-whole.ts";
import type { Segment } from "./segment.ts";

const COPY_BYTES = 1024 * 1024;

/**
 * Puts a copy in the place of a data file that has other names, so that it can be written; durable when it resolves.
 * No read or write of the file may be under way.
 *
 * @throws what the disk throws; the file is then as it was.
 */
export async function takeOwnCopy(disk: Disk, segment: Segment): Promise<void> {
  const { path } = segment.file;
  const temporary = `${path}.tmp`;
  if ((await disk.stat(temporary)) !== undefined) await disk.remove(temporary);
  const copy = disk.create(temporary);
  try {
    for (let position = 0; ; ) {
      const bytes = await segment.file.read(position, COPY_BYTES);
      if (bytes.length === 0) break;
      writeWhole(copy, bytes, position);
      position += bytes.length;
    }
    await copy.sync();
  } finally {
    copy.close();
  }
  await disk.rename(temporary, path);
  await disk.syncFolder(segment.folder);
  // The next use opens the file that has the name now.
  segment.file.closeIfIdle();
  segment.isShared = false;
}
