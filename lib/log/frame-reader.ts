/**
 * Finds and reads frames: at the tail from memory, else through the block cache, checked. Knows the way across
 * damage; what it finds damaged it notes with the segment, so that it is looked into once.
 */
import { crc32InPieces } from "../base/checksum.ts";
import type { Logger } from "../base/logger.ts";
import { LONG_BYTES } from "../base/loop-share.ts";
import { type DamagedRange, damageError, findDamage, insertDamage } from "./damage.ts";
import { FileWindow } from "./file-window.ts";
import {
  computeEntryCrc,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameBytes,
  frameEndOffset,
} from "./frame.ts";
import { decodeMaskedHeader, type FrameMask, toggleMask } from "./frame-mask.ts";
import { type RunBounds, runOf } from "./frame-run.ts";
import { badEntry, findDamageEnd } from "./frame-walk.ts";
import { HeldFrames } from "./held-frames.ts";
import type { FrameRun } from "./log.ts";
import type { LogShared } from "./log-shared.ts";
import type { SealedIndexes } from "./sealed-indexes.ts";
import type { FramePosition, Segment } from "./segment.ts";
import type { SegmentList } from "./segment-list.ts";
import type { IndexEntry } from "./sparse-index.ts";
import type { Tail } from "./tail.ts";

/** Bytes of a segment from some position on, plain or with the mask of their file. */
interface Stretch {
  readonly bytes: Buffer;
  readonly mask: FrameMask | undefined;
}

export class FrameReader {
  readonly #shared: LogShared;
  readonly #segments: SegmentList;
  readonly #indexes: SealedIndexes;
  readonly #tail: Tail;
  readonly #logger: Logger;
  readonly #pause: () => Promise<void>;
  /** Memory of large frames that were found sound, and whose mask was taken off: readers share it. */
  readonly #plain = new WeakSet<ArrayBufferLike>();
  /** What can be read at once. */
  readonly held: HeldFrames;

  /** `pause` gives the event loop back. */
  constructor(
    shared: LogShared,
    segments: SegmentList,
    indexes: SealedIndexes,
    tail: Tail,
    logger: Logger,
    pause: () => Promise<void>,
  ) {
    this.#shared = shared;
    this.#pause = pause;
    this.#segments = segments;
    this.#indexes = indexes;
    this.#tail = tail;
    this.#logger = logger;
    this.held = new HeldFrames(segments, tail);
  }

  /** The frame that holds `offset`, which is kept and readable. @throws checksum_error. */
  async locate(offset: number): Promise<FramePosition> {
    const segment = this.#segments.find(offset);
    const index = await this.#indexes.get(segment);
    throwIfDamaged(segment, offset);
    const floor = index.floorByOffset(offset);
    if (floor !== undefined && !(await this.#isAgreed(segment, floor))) {
      await this.#indexes.rebuild(segment);
      return this.locate(offset);
    }
    const start = { position: segment.layout!.headerBytes, offset: segment.baseOffset };
    return this.walkTo(segment, floor ?? start, (header) => frameEndOffset(header) > offset, offset);
  }

  /** The first frame of `segment` from time `timeMs` on; `undefined` when all are older. @throws checksum_error. */
  async locateTime(segment: Segment, timeMs: number, highWatermark: number): Promise<number | undefined> {
    const index = await this.#indexes.get(segment);
    let from = index.floorByTime(timeMs);
    while (from !== undefined && from.offset < Math.min(segment.endOffset!, highWatermark)) {
      const damage = findDamage(segment.damages, from.offset);
      const header = damage === undefined ? await this.#header(segment, from.position) : undefined;
      if (header !== undefined && header.timestampMs >= timeMs) return header.baseOffset;
      if (header === undefined) {
        const range = damage ?? (await this.#lookInto(segment, from.position, from.offset, undefined));
        from = { position: range.nextPosition, offset: range.nextOffset };
      } else {
        from = { position: from.position + frameBytes(header), offset: frameEndOffset(header) };
      }
    }
    return undefined;
  }

  /** Walks frame headers from a known place to the first that `isFound`; `wanted` is the offset looked for. */
  async walkTo(
    segment: Segment,
    from: { readonly position: number; readonly offset: number },
    isFound: (header: FrameHeader) => boolean,
    wanted: number,
  ): Promise<FramePosition> {
    let { position, offset } = from;
    for (;;) {
      const { bytes, mask } = await this.#stretch(segment, position, FRAME_HEADER_BYTES);
      let at = 0;
      let header = decodeMaskedHeader(bytes, 0, position, mask);
      while (header !== undefined && header.baseOffset === offset) {
        if (isFound(header)) return { segment, position: position + at, offset };
        at += frameBytes(header);
        offset = frameEndOffset(header);
        header = decodeMaskedHeader(bytes, at, position + at, mask);
      }
      position += at;
      if (at > 0) continue;
      const damage =
        findDamage(segment.damages, offset) ?? (await this.#lookInto(segment, position, offset, header));
      if (wanted < damage.nextOffset) throw damageError(damage);
      position = damage.nextPosition;
      offset = damage.nextOffset;
    }
  }

  /** Whole, checked frames from `at` on. @throws checksum_error when the first of them is damaged. */
  async readRun(at: FramePosition, bounds: RunBounds, into?: Buffer): Promise<FrameRun> {
    const held = this.held.read(at, bounds);
    if (held !== undefined) return held;
    const { segment, position, offset } = at;
    const { mask } = segment.layout!;
    const { bytes, isOwn } = await this.#firstBytes(at, bounds.maxBytes, into);
    const header = decodeMaskedHeader(bytes, 0, position, mask);
    if (header === undefined || header.baseOffset !== offset) {
      throw damageError(
        findDamage(segment.damages, offset) ?? (await this.#lookInto(segment, position, offset, header)),
      );
    }
    if (bytes.length >= frameBytes(header)) return this.#plainRun(at, bytes, isOwn, header, bounds);
    return await this.#readLong(at, header, bounds);
  }

  /** The run of a frame that is longer than a block's rest. */
  async #readLong(at: FramePosition, header: FrameHeader, bounds: RunBounds): Promise<FrameRun> {
    const { blocks } = this.#shared;
    const { segment, position, offset } = at;
    const bytes = await blocks.read(segment, position, frameBytes(header));
    if (bytes.length < frameBytes(header))
      throw damageError(await this.#lookInto(segment, position, offset, header));
    const spanned = blocks.spannedBy(position, frameBytes(header));
    const isShared = spanned > 2;
    if (isShared && this.#plain.has(bytes.buffer)) {
      return { baseOffset: offset, endOffset: frameEndOffset(header), bytes };
    }
    const isLong = header.entryBytes > LONG_BYTES;
    if (isLong) {
      const entry = bytes.subarray(FRAME_HEADER_BYTES, frameBytes(header));
      this.#checkCrc(segment, position, header, await crc32InPieces(entry, this.#pause));
      // Another reader of the same bytes came first.
      if (isShared && this.#plain.has(bytes.buffer)) {
        return { baseOffset: offset, endOffset: frameEndOffset(header), bytes };
      }
    }
    const run = this.#plainRun(at, bytes, spanned > 1, header, bounds, isLong);
    if (isShared) this.#plain.add(bytes.buffer);
    return run;
  }

  /**
   * The run that begins with the frame `header`, checked, without its mask, which is taken off `bytes` where `isOwn`. That
   * frame's entry `isChecked` already, or is now.
   */
  #plainRun(
    { segment, position }: FramePosition,
    bytes: Buffer,
    isOwn: boolean,
    header: FrameHeader,
    bounds: RunBounds,
    isChecked = false,
  ): FrameRun {
    const { mask } = segment.layout!;
    if (!isChecked) this.#checkCrc(segment, position, header, computeEntryCrc(bytes, 0, header));
    const run = runOf(bytes, header, bounds, { position, mask, checksEntries: true });
    if (mask === undefined) return run;
    const plain = isOwn ? run.bytes : Buffer.from(run.bytes);
    toggleMask(plain, position, mask);
    return { ...run, bytes: plain };
  }

  /**
   * The beginning of the frame at `at`; all of it, and more, where it fits `into`. The bytes are the reader's own,
   * or those of a block, which all its readers share.
   */
  async #firstBytes(
    { segment, position, offset }: FramePosition,
    maxBytes: number,
    into: Buffer | undefined,
  ): Promise<{ bytes: Buffer; isOwn: boolean }> {
    if (into !== undefined) {
      const wantedBytes = Math.min(into.length, maxBytes, segment.sizeBytes - position);
      const filledBytes = await segment.file.readInto(into.subarray(0, wantedBytes), position);
      const bytes = into.subarray(0, filledBytes);
      const header = decodeMaskedHeader(bytes, 0, position, segment.layout!.mask);
      if (header?.baseOffset === offset && frameBytes(header) <= filledBytes) return { bytes, isOwn: true };
    }
    const bytes = await this.#shared.blocks.read(segment, position, FRAME_HEADER_BYTES);
    return { bytes, isOwn: false };
  }

  /** False when a sealed segment's index names a place at which a frame of another offset stands. */
  async #isAgreed(segment: Segment, entry: IndexEntry): Promise<boolean> {
    if (segment.activeIndex !== undefined) return true;
    const header = await this.#header(segment, entry.position);
    return header === undefined || header.baseOffset === entry.offset;
  }

  #checkCrc(segment: Segment, position: number, header: FrameHeader, actualCrc: number): void {
    if (actualCrc === header.entryCrc) return;
    const range = badEntry(segment.file.path, position, header, actualCrc);
    this.#note(segment, range);
    throw damageError(range);
  }

  async #header(segment: Segment, position: number): Promise<FrameHeader | undefined> {
    const { bytes, mask } = await this.#stretch(segment, position, FRAME_HEADER_BYTES);
    return decodeMaskedHeader(bytes, 0, position, mask);
  }

  async #stretch(segment: Segment, position: number, length: number): Promise<Stretch> {
    const held = this.#tail.view(segment.id, position);
    if (held !== undefined) return { bytes: held, mask: undefined };
    const bytes = await this.#shared.blocks.read(segment, position, length);
    return { bytes, mask: segment.layout!.mask };
  }

  /** What is damaged where a frame of `offset` should begin. */
  async #lookInto(
    segment: Segment,
    position: number,
    offset: number,
    header: FrameHeader | undefined,
  ): Promise<DamagedRange> {
    const index = await this.#indexes.get(segment);
    const range = await findDamageEnd(
      new FileWindow(segment.file, segment.sizeBytes, segment.layout!.mask),
      segment.file.path,
      { position, offset, timestampMs: 0 },
      header,
      { kind: "anchored", nextAnchor: (from) => this.#indexes.nextAnchor(segment, index, from) },
    );
    this.#note(segment, range!);
    return range!;
  }

  #note(segment: Segment, range: DamagedRange): void {
    insertDamage(segment.damages, range);
    this.#logger.error({ ...range }, "damage in a segment");
  }
}

function throwIfDamaged(segment: Segment, offset: number): void {
  if (segment.damages.length === 0) return;
  const damage = findDamage(segment.damages, offset);
  if (damage !== undefined) throw damageError(damage);
}
