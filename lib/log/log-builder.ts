/**
 * Writes a whole log into a folder that nobody has open, from entries whose offsets and times are given. Offsets may
 * have gaps, for what was lost where the entries come from: a segment ends before a gap, and the next one begins
 * behind it, which an open log takes for damage of just those offsets.
 */
import assert from "node:assert/strict";
import { NetlogError } from "../base/errors.ts";
import { type FramePlan, SegmentBuilder, type SegmentBuilderOptions } from "./segment-builder.ts";

interface SegmentStart {
  readonly baseOffset: number;
  readonly createdAtMs: number;
}

export class LogBuilder {
  readonly #options: SegmentBuilderOptions;
  #segment: SegmentBuilder | undefined;
  /** Made when it is known what comes first in it. */
  #planned: SegmentStart | undefined;
  #createdAtMs = 0;
  #lastTimestampMs = 0;
  #segmentCount = 0;

  /** The folder exists, and has no log yet. */
  constructor(options: SegmentBuilderOptions) {
    this.#options = options;
  }

  get segmentCount(): number {
    return this.#segmentCount;
  }

  /** What is appended from now on goes to another segment; the log begins with the first one's `baseOffset`. */
  beginSegment(start: SegmentStart): void {
    if (this.#segmentCount === 0 && this.#planned !== undefined) return;
    this.#planned = start;
  }

  /**
   * Offsets and times ascend. `entry` is borrowed until it resolves.
   *
   * @throws topic_unavailable for an offset or a time that no log has; what the disk throws; then only `close` may follow.
   */
  async append(frame: FramePlan, entry: Uint8Array): Promise<void> {
    const { offsetEnd, timestampEndMs } = this.#options.limits;
    if (frame.baseOffset >= offsetEnd || frame.timestampMs >= timestampEndMs) {
      const reason = `message ${frame.baseOffset} of ${frame.timestampMs} ms is beyond what a log can hold`;
      throw new NetlogError("topic_unavailable", { reason });
    }
    assert(frame.timestampMs >= this.#lastTimestampMs, "times of a log never go back");
    this.#lastTimestampMs = frame.timestampMs;
    const segment = this.#segment;
    const goesOn =
      this.#planned === undefined &&
      segment?.endOffset === frame.baseOffset &&
      segment.hasRoom(entry.length, frame.messageCount);
    if (!goesOn) await this.#openAt(frame.baseOffset);
    await this.#segment!.append(frame, entry);
  }

  /** Ends the log, whose next offset is `logEndOffset`; it is on the disk when this resolves. @throws as append does. */
  async finish(logEndOffset: number): Promise<void> {
    if (this.#planned !== undefined || this.#segment?.endOffset !== logEndOffset) {
      await this.#openAt(logEndOffset);
    }
    await this.#segment?.seal(this.#lastTimestampMs);
    this.#segment = undefined;
  }

  /** Lets go of the files of an unfinished log. */
  close(): void {
    this.#segment?.close();
    this.#segment = undefined;
  }

  /** The next segment, which begins at `offset`; in front of the first one an empty one, if the log begins earlier. */
  async #openAt(offset: number): Promise<void> {
    const planned = this.#planned;
    this.#planned = undefined;
    if (planned !== undefined) this.#createdAtMs = planned.createdAtMs;
    if (this.#segmentCount === 0 && planned !== undefined && planned.baseOffset < offset) {
      await this.#open(planned.baseOffset);
    }
    await this.#open(offset);
  }

  async #open(baseOffset: number): Promise<void> {
    const before = this.#segment;
    assert(before === undefined || before.endOffset <= baseOffset, "offsets of a log never go back");
    await before?.seal(this.#lastTimestampMs);
    this.#segment = undefined;
    this.#segment = await SegmentBuilder.create(this.#options, baseOffset, this.#createdAtMs);
    this.#segmentCount++;
  }
}
