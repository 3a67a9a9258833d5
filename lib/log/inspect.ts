/**
 * Looks through the files of a log that nobody has open, changing nothing: what a start of the server would find,
 * and what a check of the open log would find after it, by the same rules.
 */
import type { Disk } from "../disk/disk.ts";
import { describeTornTail, walkActive } from "./active-walk.ts";
import {
  damageFinding,
  type FileFinding,
  goNetlogFinding,
  missingDataFinding,
  tornFinding,
  unfinishedFinding,
  unreadableFinding,
} from "./file-finding.ts";
import { FileWindow } from "./file-window.ts";
import { frameBytes, framesOf } from "./frame.ts";
import { IndexAudit } from "./index-audit.ts";
import { type IndexInspection, type InspectedSegment, inspectIndex } from "./index-inspection.ts";
import type { Limits } from "./limits.ts";
import { OpenFiles } from "./open-files.ts";
import { SEGMENT_HEADER_BYTES, type SegmentLayout } from "./segment-header.ts";
import { type FoundLayout, findLayout } from "./segment-layout.ts";
import {
  dataFileName,
  indexFileName,
  isTornFileName,
  parseDataFileName,
  parseIndexFileName,
  parseRewriteFileName,
} from "./segment-name.ts";
import { SparseIndex } from "./sparse-index.ts";
import { type FileStep, type SegmentEnd, verifyFile } from "./verify.ts";

export interface InspectOptions {
  /** Only read from. */
  readonly disk: Disk;
  readonly folder: string;
  readonly limits: Limits;
  readonly nowMs: number;
}

export type InspectStep =
  /** Whole frames, for a caller that knows their entries. */
  | Extract<FileStep, { readonly kind: "frames" }>
  | { readonly kind: "finding"; readonly finding: FileFinding }
  /** One data file is done with. */
  | { readonly kind: "segment"; readonly sizeBytes: number };

export interface LogInspection {
  readonly segmentCount: number;
  /** Where the log would end after a start; `undefined` when nobody can tell. */
  readonly logEndOffset: number | undefined;
}

type Steps<Result> = AsyncGenerator<InspectStep, Result, void>;

/** Walks all segments, oldest first. What cannot be read is a finding. @throws what listing the folder throws. */
export async function* inspectLog(options: InspectOptions): Steps<LogInspection> {
  const { disk, folder, limits, nowMs } = options;
  const names = await disk.list(folder);
  const baseOffsets = names.map(parseDataFileName).filter((offset) => offset !== undefined);
  for (const name of names) {
    const message = asideReason(name, baseOffsets);
    if (message !== undefined) yield finding({ kind: "note", file: `${folder}/${name}`, message });
  }
  const files = new OpenFiles(disk, limits.openFiles);
  let logEndOffset: number | undefined;
  for (const [i, baseOffset] of baseOffsets.entries()) {
    const file = files.file(`${folder}/${dataFileName(baseOffset)}`);
    let sizeBytes = 0;
    try {
      const stat = await disk.stat(file.path);
      sizeBytes = stat?.sizeBytes ?? 0;
      const latestMs = Math.max(nowMs, stat?.modifiedAtMs ?? 0);
      const files = { file, indexPath: `${folder}/${indexFileName(baseOffset)}`, baseOffset, sizeBytes };
      const { header, layout } = await findLayout(disk, files);
      const segment = { ...files, layout, latestMs, nextBaseOffset: baseOffsets[i + 1] };
      const index = await inspectIndex(disk, segment, limits.indexIntervalBytes);
      logEndOffset = yield* inspectSegment(segment, header, index, limits.indexIntervalBytes);
    } catch (error) {
      logEndOffset = undefined;
      yield finding(unreadableFinding(file.path, error));
    } finally {
      file.drop();
    }
    yield { kind: "segment", sizeBytes };
  }
  return { segmentCount: baseOffsets.length, logEndOffset };
}

/** Gives the offset behind its last message, where that can be told. @throws what the disk throws. */
async function* inspectSegment(
  segment: InspectedSegment,
  header: FoundLayout["header"],
  { trusted, provenEndOffset, findings }: IndexInspection,
  intervalBytes: number,
): Steps<number | undefined> {
  const { file, baseOffset, sizeBytes, nextBaseOffset, layout } = segment;
  const isActive = nextBaseOffset === undefined;
  let end: SegmentEnd = { position: sizeBytes, offset: nextBaseOffset ?? baseOffset };
  if (header === "go-netlog") {
    yield finding(goNetlogFinding(file.path, baseOffset, end.offset));
    return nextBaseOffset;
  }
  for (const found of findings) yield finding(found);
  if (isActive && header === "damaged" && sizeBytes <= SEGMENT_HEADER_BYTES) {
    yield finding(unfinishedFinding(file.path, baseOffset, sizeBytes));
  } else {
    const audit = trusted === undefined ? undefined : new IndexAudit(trusted);
    const index = trusted?.index ?? new SparseIndex(baseOffset, intervalBytes);
    if (isActive && layout !== undefined) end = yield* inspectTail(segment, layout, trusted, index);
    yield* inspectFrames(segment, index, end, audit);
    const contradiction = audit?.contradiction;
    if (contradiction !== undefined) {
      const message = "the index contradicts its data; it is made anew when that is noticed";
      yield finding({ kind: "note", file: segment.indexPath, ...contradiction, message });
    }
  }
  if (provenEndOffset === undefined || provenEndOffset <= end.offset) return end.offset;
  yield finding(missingDataFinding(file.path, end, provenEndOffset));
  return provenEndOffset;
}

/** Where the frames of an active segment end that a start would keep; completes `index` up to there. */
async function* inspectTail(
  { file, baseOffset, sizeBytes, latestMs }: InspectedSegment,
  { headerBytes, mask }: SegmentLayout,
  trusted: IndexInspection["trusted"],
  index: SparseIndex,
): Steps<SegmentEnd> {
  const window = new FileWindow(file, sizeBytes, mask);
  const place =
    trusted === undefined
      ? { position: headerBytes, offset: baseOffset, timestampMs: 0 }
      : {
          position: trusted.footer.dataPosition,
          offset: trusted.footer.endOffset,
          timestampMs: trusted.footer.lastTimestampMs,
        };
  const { end } = await walkActive(window, file.path, { place, latestMs }, (header, position) =>
    index.add(header.baseOffset, position, header.timestampMs),
  );
  index.cutFrom(end.position);
  if (end.position < sizeBytes) {
    yield finding(tornFinding(file.path, end, sizeBytes, await describeTornTail(window, end)));
  }
  return end;
}

async function* inspectFrames(
  { file, baseOffset, layout }: InspectedSegment,
  index: SparseIndex,
  end: SegmentEnd,
  audit: IndexAudit | undefined,
): Steps<void> {
  for await (const step of verifyFile({ file, baseOffset, layout, index, end }, baseOffset)) {
    if (step.kind === "damage") {
      yield finding(damageFinding(step.damage));
      continue;
    }
    let { position } = step;
    for (const { header } of framesOf(step.run.bytes)) {
      audit?.frame(header, position);
      position += frameBytes(header);
    }
    yield step;
  }
}

/** Why a file of the log is neither data nor the index of some; `undefined` where it is, or is none of the log's. */
function asideReason(name: string, baseOffsets: readonly number[]): string | undefined {
  if (isTornFileName(name)) return "bytes of a torn tail that an earlier start cut; it may be deleted";
  if (parseRewriteFileName(name)?.isWhole === true) {
    return "a copy of the end of the data, which the next start puts back";
  }
  const indexed = parseIndexFileName(name);
  if (indexed === undefined || baseOffsets.includes(indexed)) return undefined;
  return "an index without data, as an interrupted retention leaves it; it may be deleted";
}

function finding(found: FileFinding): InspectStep {
  return { kind: "finding", finding: found };
}
