/** Walks a log from the disk, past all caches, and tells frame by frame what is whole and what is damaged. */
import { type DamagedRange, type FileDamage, missingEnd, unreadableSegment } from "./damage.ts";
import { FileWindow } from "./file-window.ts";
import { type FrameHeader, frameBytes, frameEndOffset } from "./frame.ts";
import { toggleMask } from "./frame-mask.ts";
import type { FramePlace } from "./frame-place.ts";
import { type FrameVisitor, walkStep } from "./frame-walk.ts";
import type { FrameRun } from "./log.ts";
import type { PooledFile } from "./open-files.ts";
import type { SealedIndexes } from "./sealed-indexes.ts";
import type { Segment } from "./segment.ts";
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentLayout } from "./segment-header.ts";
import type { SegmentList } from "./segment-list.ts";
import type { IndexEntry, SparseIndex } from "./sparse-index.ts";

/** A step of a walk, with its place in the file. */
export type FileStep =
  | { readonly kind: "frames"; readonly run: FrameRun; readonly file: string; readonly position: number }
  | { readonly kind: "damage"; readonly damage: FileDamage };

/** How far a segment is to be walked. */
export interface SegmentEnd {
  readonly position: number;
  readonly offset: number;
}

/** What is walked: a data file up to `end`, with an index that may help across damage. */
export interface VerifiedFile {
  readonly file: PooledFile;
  readonly baseOffset: number;
  /** `undefined` where nothing tells; see segment-layout.ts. */
  readonly layout: SegmentLayout | undefined;
  readonly index: SparseIndex | undefined;
  readonly end: SegmentEnd;
}

/** The steps of one segment, from the frame that holds `from` on, up to `end`. @throws what the disk throws. */
export async function* verifySegment(
  segment: Segment,
  indexes: SealedIndexes,
  from: number,
  end: SegmentEnd,
): AsyncGenerator<FileStep, void, void> {
  const index = await indexes.get(segment);
  const { file, baseOffset, layout } = segment;
  yield* verifyFile({ file, baseOffset, layout, index, end }, from);
}

/** The steps of a file that belongs to no open log. */
export async function* verifyFile(
  { file, baseOffset, layout, index, end }: VerifiedFile,
  from: number,
): AsyncGenerator<FileStep, void, void> {
  if (layout === undefined) {
    const facts = { baseOffset, sizeBytes: end.position };
    yield { kind: "damage", damage: unreadableSegment(file.path, facts, end.offset) };
    return;
  }
  const header = decodeSegmentHeader(await file.read(0, SEGMENT_HEADER_BYTES));
  if (header.kind !== "valid")
    yield { kind: "damage", damage: badSegmentHeader(file.path, baseOffset, layout) };
  const nextAnchor = (position: number): IndexEntry => {
    const entry = index?.ceilByPosition(position);
    return entry === undefined || entry.position > end.position ? end : entry;
  };
  const floor = index?.floorByOffset(from) ?? { position: layout.headerBytes, offset: baseOffset };
  let place: FramePlace | undefined = { ...floor, timestampMs: 0 };
  const window = new FileWindow(file, end.position, layout.mask);
  for (;;) {
    const collector = new StepCollector(file.path, from);
    const next: FramePlace | undefined = await walkStep(
      window,
      file.path,
      place,
      { kind: "anchored", nextAnchor },
      collector,
    );
    for (const step of collector.steps) {
      // Nobody reads the window meanwhile: no copy, which would double a frame of 16 MiB.
      toggleStep(step, layout);
      yield step;
      toggleStep(step, layout);
    }
    if (next === undefined) break;
    place = next;
  }
  if (place.offset < end.offset) yield { kind: "damage", damage: missingEnd(file.path, place, end) };
}

/** Takes the mask off the frames, or masks them again. */
function toggleStep(step: FileStep, { mask }: SegmentLayout): void {
  if (step.kind === "frames") toggleMask(step.run.bytes, step.position, mask);
}

/** Joins neighbouring frames of one step into runs; leaves out those that end before `from`. */
class StepCollector implements FrameVisitor {
  readonly #file: string;
  readonly #from: number;
  readonly steps: FileStep[] = [];

  constructor(file: string, from: number) {
    this.#file = file;
    this.#from = from;
  }

  frame(header: FrameHeader, position: number, bytes: Buffer, at: number): void {
    if (frameEndOffset(header) <= this.#from) return;
    const last = this.steps.at(-1);
    const isNeighbour = last?.kind === "frames" && last.position + last.run.bytes.length === position;
    const beginsAt = isNeighbour ? at - last.run.bytes.length : at;
    const run = {
      baseOffset: isNeighbour ? last.run.baseOffset : header.baseOffset,
      endOffset: frameEndOffset(header),
      bytes: bytes.subarray(beginsAt, at + frameBytes(header)),
    };
    if (isNeighbour) this.steps.pop();
    this.steps.push({ kind: "frames", run, file: this.#file, position: position - (at - beginsAt) });
  }

  damage(range: DamagedRange): void {
    if (range.nextOffset > this.#from) this.steps.push({ kind: "damage", damage: range });
  }
}

function badSegmentHeader(file: string, baseOffset: number, { headerBytes }: SegmentLayout): DamagedRange {
  return {
    file,
    position: 0,
    nextPosition: headerBytes,
    offset: baseOffset,
    nextOffset: baseOffset,
    type: "checksum",
    expected: "a valid segment header",
    actual: "none",
  };
}

/** Where what can be verified of a segment ends. */
export function verifiableEnd(
  segment: Segment,
  segments: SegmentList,
  { highWatermark, logEndOffset }: { readonly highWatermark: number; readonly logEndOffset: number },
): { position: number; offset: number } {
  const next = segments.next(segment);
  if (next !== undefined) return { position: segment.sizeBytes, offset: next.baseOffset };
  const isAllReadable = highWatermark === logEndOffset;
  return {
    position: isAllReadable ? segment.sizeBytes : segment.syncedBytes,
    offset: isAllReadable ? logEndOffset : highWatermark,
  };
}
