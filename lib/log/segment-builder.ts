/** Writes one segment of a log that nobody has open: frames in big writes, then the index that speaks of all of it. */
import type { Runtime } from "../base/runtime.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import type { Disk, DiskFile } from "../disk/disk.ts";
import { writeWhole } from "../disk/write-whole.ts";
import { encodeFrame, FRAME_HEADER_BYTES, type FrameHeader } from "./frame.ts";
import { type FrameMask, newMask, toggleMask } from "./frame-mask.ts";
import type { Limits } from "./limits.ts";
import { createDataFile } from "./segment-files.ts";
import { layoutWith, SEGMENT_HEADER_BYTES } from "./segment-header.ts";
import { dataFileName, indexFileName } from "./segment-name.ts";
import { SparseIndex } from "./sparse-index.ts";

const BUFFER_BYTES = 1024 * 1024;

/** Where and when a frame belongs. */
export type FramePlan = Pick<FrameHeader, "baseOffset" | "timestampMs" | "messageCount">;

export interface SegmentBuilderOptions {
  readonly disk: Disk;
  readonly runtime: Pick<Runtime, "randomId">;
  readonly folder: string;
  readonly limits: Limits;
}

export class SegmentBuilder {
  readonly #options: SegmentBuilderOptions;
  readonly #baseOffset: number;
  readonly #file: DiskFile;
  readonly #mask: FrameMask;
  readonly #index: SparseIndex;
  #buffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #buffered = 0;
  #writtenBytes = SEGMENT_HEADER_BYTES;
  #syncedBytes = SEGMENT_HEADER_BYTES;
  #lastTimestampMs: number | undefined;
  /** Behind the last frame. */
  endOffset: number;

  private constructor(options: SegmentBuilderOptions, baseOffset: number, mask: FrameMask) {
    const { disk, folder } = options;
    this.#options = options;
    this.#baseOffset = baseOffset;
    this.#mask = mask;
    this.#file = disk.open(`${folder}/${dataFileName(baseOffset)}`);
    this.#index = new SparseIndex(baseOffset, options.limits.indexIntervalBytes);
    this.endOffset = baseOffset;
  }

  /** @throws what the disk throws; nothing of it is left then. */
  static async create(
    options: SegmentBuilderOptions,
    baseOffset: number,
    createdAtMs: number,
  ): Promise<SegmentBuilder> {
    const { disk, folder, runtime } = options;
    const mask = newMask(runtime);
    await createDataFile(disk, { folder, baseOffset, createdAtMs, layout: layoutWith(mask) });
    return new SegmentBuilder(options, baseOffset, mask);
  }

  /** True when a frame of such an entry may still go here: one of any size does, where there is none yet. */
  hasRoom(entryBytes: number, messageCount: number): boolean {
    const { segmentSizeMaxBytes, segmentPosition } = this.#options.limits;
    const sizeBytes = this.#sizeBytes + FRAME_HEADER_BYTES + entryBytes;
    const span = this.endOffset + messageCount - this.#baseOffset;
    return (
      this.endOffset === this.#baseOffset || (sizeBytes <= segmentSizeMaxBytes && span <= segmentPosition)
    );
  }

  /** `entry` is borrowed until it resolves. @throws what the disk throws. */
  async append(frame: FramePlan, entry: Uint8Array): Promise<void> {
    const frameBytes = FRAME_HEADER_BYTES + entry.length;
    if (this.#buffered + frameBytes > this.#buffer.length) this.#flush();
    if (frameBytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(frameBytes);
    this.#index.add(frame.baseOffset, this.#sizeBytes, frame.timestampMs);
    this.#buffered = encodeFrame(this.#buffer, this.#buffered, { ...frame, unsyncedCount: 0 }, entry);
    this.endOffset = frame.baseOffset + frame.messageCount;
    this.#lastTimestampMs = frame.timestampMs;
    const unsyncedBytes = this.#writtenBytes - this.#syncedBytes;
    if (unsyncedBytes >= this.#options.limits.indexCheckpointBytes) await this.#sync();
  }

  /**
   * Ends the segment; it is on the disk when this resolves. `timestampMs` counts for its age when it holds nothing.
   *
   * @throws what the disk throws.
   */
  async seal(timestampMs: number): Promise<void> {
    this.#flush();
    await this.#sync();
    const bytes = this.#index.encode({
      dataPosition: this.#writtenBytes,
      endOffset: this.endOffset,
      lastTimestampMs: this.#lastTimestampMs ?? timestampMs,
      mask: this.#mask,
    });
    const { disk, folder } = this.#options;
    await replaceFile(disk, `${folder}/${indexFileName(this.#baseOffset)}`, bytes);
    this.close();
  }

  /** Lets go of the file, whatever is in it. */
  close(): void {
    this.#file.close();
  }

  get #sizeBytes(): number {
    return this.#writtenBytes + this.#buffered;
  }

  #flush(): void {
    const frames = this.#buffer.subarray(0, this.#buffered);
    toggleMask(frames, this.#writtenBytes, this.#mask);
    writeWhole(this.#file, frames, this.#writtenBytes);
    this.#writtenBytes += this.#buffered;
    this.#buffered = 0;
    if (this.#buffer.length > BUFFER_BYTES) this.#buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  async #sync(): Promise<void> {
    const coveredBytes = this.#writtenBytes;
    await this.#file.sync();
    this.#syncedBytes = coveredBytes;
  }
}
