/**
 * One segment: what is known of a data file and its index. The active segment's facts are kept by the appender as
 * it writes; those of a sealed one are loaded when first needed (sealed-segments.ts).
 */
import type { BlockSource } from "./block-cache.ts";
import type { DamagedRange } from "./damage.ts";
import type { FramePlace } from "./frame-place.ts";
import type { LogShared } from "./log-shared.ts";
import type { PooledFile } from "./open-files.ts";
import { SEGMENT_HEADER_BYTES, type SegmentLayout } from "./segment-header.ts";
import { dataFileName, indexFileName } from "./segment-name.ts";
import { SparseIndex } from "./sparse-index.ts";

/** Where a frame begins. */
export interface FramePosition {
  readonly segment: Segment;
  readonly position: number;
  readonly offset: number;
}

export class Segment implements BlockSource {
  readonly id: number;
  readonly baseOffset: number;
  readonly folder: string;
  readonly file: PooledFile;
  /**
   * When this process first saw the segment: what ages it if its messages are stamped in the future. Lowered when the
   * clock turns out to have been ahead then as well.
   */
  firstSeenAtMs: number;
  /** Its data file has other names, too: a fork has it, or a copy of the folder. Such a file is never written. */
  isShared = false;
  /** How its frames lie in the file; of a sealed segment unknown until its facts are loaded. */
  layout: SegmentLayout | undefined;
  /** Data file up to the last whole frame. Never shrinks below `synced`. */
  sizeBytes: number = SEGMENT_HEADER_BYTES;
  /** Up to here it is known to be on the disk. */
  synced: FramePlace;
  indexSizeBytes = 0;
  modifiedAtMs: number;
  /** Behind the last frame; of a sealed segment unknown until its facts are loaded. */
  endOffset: number | undefined;
  firstTimestampMs: number | undefined;
  lastTimestampMs: number | undefined;
  /** Sorted by offset. */
  readonly damages: DamagedRange[] = [];
  /** Only the active segment has it; sealed ones share a cache. */
  activeIndex: SparseIndex | undefined;

  constructor(shared: LogShared, folder: string, baseOffset: number, nowMs: number, file?: PooledFile) {
    this.id = shared.nextSegmentId();
    this.baseOffset = baseOffset;
    this.folder = folder;
    this.file = file ?? shared.files.file(`${folder}/${dataFileName(baseOffset)}`);
    this.synced = { position: SEGMENT_HEADER_BYTES, offset: baseOffset, timestampMs: 0 };
    this.firstSeenAtMs = nowMs;
    this.modifiedAtMs = nowMs;
  }

  get syncedBytes(): number {
    return this.synced.position;
  }

  /** The place behind the last frame written. Only an active segment knows it. */
  get end(): FramePlace {
    return { position: this.sizeBytes, offset: this.endOffset!, timestampMs: this.lastTimestampMs ?? 0 };
  }

  get indexPath(): string {
    return `${this.folder}/${indexFileName(this.baseOffset)}`;
  }

  /** True when it holds no frame. */
  get isEmpty(): boolean {
    return this.sizeBytes <= (this.layout?.headerBytes ?? SEGMENT_HEADER_BYTES);
  }

  /** Makes it the active segment: empty, or with the facts that opening found. */
  activate(shared: LogShared, layout: SegmentLayout, index?: SparseIndex): SparseIndex {
    this.layout = layout;
    this.activeIndex = index ?? new SparseIndex(this.baseOffset, shared.limits.indexIntervalBytes);
    this.endOffset ??= this.baseOffset;
    return this.activeIndex;
  }
}
