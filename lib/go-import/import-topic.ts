/**
 * Copies one topic of the Go NetLog into a new folder: settings, messages with their offsets and times, scanners.
 * It reports what is damaged, and leaves it out. A segment there begins a segment here, so that retention drops the same.
 */

import { NetlogError } from "../base/errors.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import { ageNote } from "../inspect/import-frames.ts";
import { SCANNERS_FOLDER } from "../scanner/file-scanner-store.ts";
import { encodeScannerFile, SCANNER_SUFFIX } from "../scanner/scanner-file.ts";
import { createSettings } from "../storage/settings-files.ts";
import { writeTopicId } from "../storage/topic-id.ts";
import { type OffsetRange, readGoScanners } from "./go-scanners.ts";
import { listGoSegments } from "./go-segment-files.ts";
import { readGoSettings } from "./go-settings.ts";
import type { ImportTopicOptions } from "./import-options.ts";
import { LogCopy } from "./log-copy.ts";
import { reading } from "./source-error.ts";

export interface CopiedTopic {
  readonly messageCount: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly segmentCount: number;
  readonly scannerCount: number;
}

/**
 * Everything is on the disk when it resolves, but for the folder's own name.
 *
 * @throws topic_unavailable when the source cannot be read, or it was cancelled; what the disk throws.
 */
export async function importTopic(options: ImportTopicOptions): Promise<CopiedTopic> {
  const { source, sourceFolder, disk, folder, limits } = options;
  const segments = await reading(listGoSegments(source, sourceFolder));
  const [first] = segments;
  if (first === undefined) {
    throw new NetlogError("topic_unavailable", { reason: `there is no segment in ${sourceFolder}` });
  }
  await disk.makeFolder(folder);
  const { settings, findings } = await reading(readGoSettings(source, sourceFolder, limits));
  for (const finding of findings) options.onFinding(finding);
  await writeTopicId(disk, folder, options.runtime.randomId());
  await createSettings(disk, folder, settings);
  const copy = new LogCopy(options);
  try {
    for (const files of segments) await copy.addSegment(files);
    await copy.finish();
  } finally {
    copy.close();
  }
  const { messageCount, segmentCount, logEndOffset } = copy;
  // The Go NetLog keeps the last segment of a topic for ever; here it ages like the others.
  const note = ageNote(sourceFolder, settings.segment_age, copy.lastTimestampMs, options.runtime.now());
  if (messageCount > 0 && note !== undefined) options.onFinding(note);
  const range = { logStartOffset: first.baseOffset, logEndOffset };
  const scannerCount = await copyScanners(options, range);
  return { messageCount, segmentCount, scannerCount, ...range };
}

/** @returns how many. */
async function copyScanners(options: ImportTopicOptions, range: OffsetRange): Promise<number> {
  const { source, sourceFolder, disk, limits, onFinding } = options;
  const { scanners, findings } = await reading(readGoScanners(source, sourceFolder, range, limits));
  for (const finding of findings) onFinding(finding);
  if (scanners.length === 0) return 0;
  const folder = `${options.folder}/${SCANNERS_FOLDER}`;
  await disk.makeFolder(folder);
  await disk.syncFolder(options.folder);
  for (const { id, next } of scanners) {
    const bytes = encodeScannerFile({ sequence: 0, from: next, next });
    await replaceFile(disk, `${folder}/${id}${SCANNER_SUFFIX}`, bytes);
  }
  return scanners.length;
}
