/** Keeps the bytes of a torn tail beside the segment, for a person who has to find out what happened. */

import type { Logger } from "../base/logger.ts";
import type { Disk } from "../disk/disk.ts";
import { writeWhole } from "../disk/write-whole.ts";
import type { Segment } from "./segment.ts";
import { isTornFileName, tornFileName } from "./segment-name.ts";

/**
 * Reports the cut of `segment` at its end, and copies what lies behind into `<base>.torn-<position>`: at most
 * `maxBytes`, the newest of a log only, nothing where the bytes are all zero. Best effort: never throws.
 */
export async function keepTornBytes(
  disk: Disk,
  logger: Logger,
  segment: Segment,
  fileSizeBytes: number,
  maxBytes: number,
): Promise<void> {
  const { sizeBytes: position, folder, baseOffset } = segment;
  const tornBytes = fileSizeBytes - position;
  logger.warn(
    { file: segment.file.path, position, offset: segment.endOffset, tornBytes },
    "a torn tail is cut: it was never acknowledged as synced",
  );
  try {
    const bytes = await segment.file.read(position, Math.min(tornBytes, maxBytes));
    if (bytes.every((byte) => byte === 0)) return;
    for (const name of await disk.list(folder)) {
      if (isTornFileName(name)) await disk.remove(`${folder}/${name}`);
    }
    const file = disk.create(`${folder}/${tornFileName(baseOffset, position)}`);
    try {
      writeWhole(file, bytes, 0);
    } finally {
      file.close();
    }
  } catch (error) {
    logger.warn({ err: error, file: segment.file.path }, "the torn bytes could not be kept");
  }
}
