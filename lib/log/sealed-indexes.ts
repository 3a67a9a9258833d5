/**
 * Indexes and facts of sealed segments, loaded when first needed and cached within a budget. An index file that is
 * missing, damaged, or at odds with the data is rebuilt by walking the frames; the data file is the truth.
 */

import type { Logger } from "../base/logger.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import type { Disk } from "../disk/disk.ts";
import { type DamagedRange, insertDamage, missingEnd, unreadableSegment } from "./damage.ts";
import { FileWindow } from "./file-window.ts";
import { walkFrames } from "./frame-walk.ts";
import { fitsSealed } from "./index-trust.ts";
import type { LogShared } from "./log-shared.ts";
import type { Segment } from "./segment.ts";
import type { SegmentLayout } from "./segment-header.ts";
import { findLayout } from "./segment-layout.ts";
import type { SegmentList } from "./segment-list.ts";
import { type IndexEntry, SparseIndex } from "./sparse-index.ts";

export class SealedIndexes {
  readonly #disk: Disk;
  readonly #shared: LogShared;
  readonly #logger: Logger;
  readonly #segments: SegmentList;
  readonly #loading = new Map<Segment, Promise<SparseIndex>>();

  constructor(disk: Disk, shared: LogShared, logger: Logger, segments: SegmentList) {
    this.#disk = disk;
    this.#shared = shared;
    this.#logger = logger;
    this.#segments = segments;
  }

  /** The index of any segment; afterwards the segment's facts are known. @throws what the disk throws. */
  async get(segment: Segment): Promise<SparseIndex> {
    const held = segment.activeIndex ?? this.#shared.sealedIndexes.get(segment.id);
    if (held !== undefined) return held;
    const loading = this.#loading.get(segment) ?? this.#load(segment);
    this.#loading.set(segment, loading);
    try {
      return await loading;
    } finally {
      this.#loading.delete(segment);
    }
  }

  /** The index was found to be at odds with a frame: it is rebuilt. */
  async rebuild(segment: Segment): Promise<void> {
    this.#logger.warn({ file: segment.indexPath }, "an index contradicts its data and is rebuilt");
    this.#keep(segment, await this.#build(segment, segment.layout!));
  }

  /** Good places behind `position`: index entries, then the end of the segment. */
  nextAnchor(segment: Segment, index: SparseIndex | undefined, position: number): IndexEntry {
    const end = { position: segment.sizeBytes, offset: this.#nominalEndOffset(segment) };
    return index?.ceilByPosition(position) ?? end;
  }

  /** Segments from the first that may hold a message of `timeMs` or later. */
  async segmentsFrom(timeMs: number): Promise<readonly Segment[]> {
    const { all } = this.#segments;
    let low = 0;
    let high = all.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const segment = all[middle]!;
      if (segment.lastTimestampMs === undefined) await this.get(segment);
      if (segment.lastTimestampMs! < timeMs) low = middle + 1;
      else high = middle;
    }
    return all.slice(low);
  }

  async #load(segment: Segment): Promise<SparseIndex> {
    const { layout } = await findLayout(this.#disk, segment);
    if (layout === undefined) return this.#giveUp(segment);
    segment.layout = layout;
    segment.sizeBytes = Math.max(segment.sizeBytes, layout.headerBytes);
    const index = (await this.#read(segment, layout)) ?? (await this.#build(segment, layout));
    this.#keep(segment, index);
    return index;
  }

  /** Nothing tells where its frames are. It ages by its file, since its messages tell no time. */
  #giveUp(segment: Segment): SparseIndex {
    const endOffset = this.#nominalEndOffset(segment);
    segment.endOffset = endOffset;
    segment.lastTimestampMs = segment.modifiedAtMs;
    this.#note(segment, unreadableSegment(segment.file.path, segment, endOffset));
    const index = new SparseIndex(segment.baseOffset, this.#shared.limits.indexIntervalBytes);
    this.#shared.sealedIndexes.set(segment.id, index);
    return index;
  }

  async #read(segment: Segment, layout: SegmentLayout): Promise<SparseIndex | undefined> {
    if ((await this.#disk.stat(segment.indexPath))?.kind !== "file") return undefined;
    const bytes = await this.#disk.readFile(segment.indexPath);
    const decoded = SparseIndex.decode(bytes, segment.baseOffset, this.#shared.limits.indexIntervalBytes);
    if (decoded === undefined) return undefined;
    const { file, sizeBytes } = segment;
    const nominalEnd = this.#nominalEndOffset(segment);
    if (!(await fitsSealed(decoded, { file, layout, sizeBytes }, nominalEnd))) return undefined;
    segment.endOffset = decoded.footer.endOffset;
    segment.lastTimestampMs = decoded.footer.lastTimestampMs;
    segment.indexSizeBytes = bytes.length;
    return decoded.index;
  }

  async #build(segment: Segment, { headerBytes, mask }: SegmentLayout): Promise<SparseIndex> {
    const index = new SparseIndex(segment.baseOffset, this.#shared.limits.indexIntervalBytes);
    const start = { position: headerBytes, offset: segment.baseOffset, timestampMs: 0 };
    const end = await walkFrames(
      new FileWindow(segment.file, segment.sizeBytes, mask),
      segment.file.path,
      start,
      { kind: "anchored", nextAnchor: (position) => this.nextAnchor(segment, undefined, position) },
      {
        frame: (header, position) => index.add(header.baseOffset, position, header.timestampMs),
        damage: (range) => this.#note(segment, range),
      },
    );
    segment.endOffset = end.offset;
    segment.lastTimestampMs = end.timestampMs;
    const bytes = index.encode({
      dataPosition: segment.sizeBytes,
      endOffset: end.offset,
      lastTimestampMs: end.timestampMs,
      mask,
    });
    try {
      await replaceFile(this.#disk, segment.indexPath, bytes);
      segment.indexSizeBytes = bytes.length;
    } catch (error) {
      this.#logger.warn({ err: error, file: segment.indexPath }, "a rebuilt index could not be written");
    }
    return index;
  }

  #keep(segment: Segment, index: SparseIndex): void {
    this.#shared.sealedIndexes.set(segment.id, index);
    this.#noteMissingEnd(segment);
  }

  /** Offsets between the last frame and the next segment are lost with the bytes that held them. */
  #noteMissingEnd(segment: Segment): void {
    const nominalEnd = this.#nominalEndOffset(segment);
    const endOffset = segment.endOffset!;
    if (endOffset >= nominalEnd) return;
    const end = { position: segment.sizeBytes, offset: nominalEnd };
    this.#note(
      segment,
      missingEnd(segment.file.path, { position: segment.sizeBytes, offset: endOffset }, end),
    );
  }

  #note(segment: Segment, range: DamagedRange): void {
    insertDamage(segment.damages, range);
    this.#logger.error({ ...range }, "damage in a segment");
  }

  #nominalEndOffset(segment: Segment): number {
    return this.#segments.next(segment)?.baseOffset ?? segment.endOffset ?? segment.baseOffset;
  }
}
