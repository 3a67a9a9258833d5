/** A walk over a log that remembers where the last frames began and ended, so that going on costs no lookup. */

import { frameEndOffset } from "./frame.ts";
import type { FrameReader } from "./frame-reader.ts";
import type { FrameRun, LogCursor } from "./log.ts";
import type { ReadGate } from "./read-gate.ts";
import type { FramePosition } from "./segment.ts";
import type { SegmentList } from "./segment-list.ts";

/** What a cursor asks of its log. */
export interface CursorLog {
  readonly segments: SegmentList;
  readonly reader: FrameReader;
  readonly gate: ReadGate;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  /** What a failed read means. */
  readFailure(error: unknown, offset: number): unknown;
}

export class Cursor implements LogCursor {
  readonly #log: CursorLog;
  /** The last run's first frame, and the place behind its last. */
  #begin: FramePosition | undefined;
  #end: FramePosition | undefined;

  constructor(log: CursorLog) {
    this.#log = log;
  }

  async read(offset: number, maxBytes: number, into?: Buffer): Promise<FrameRun | undefined> {
    this.#log.gate.throwIfUnreadable(offset);
    if (offset >= this.#log.highWatermark) return undefined;
    try {
      const at = this.#known(offset) ?? (await this.#locate(offset));
      const run = await this.#log.reader.readRun(
        at,
        { maxBytes, highWatermark: this.#log.highWatermark },
        into,
      );
      return this.#note(at, run);
    } catch (error) {
      throw this.#log.readFailure(error, offset);
    }
  }

  readHeld(offset: number, maxBytes: number): FrameRun | undefined {
    const { highWatermark, reader } = this.#log;
    if (offset >= highWatermark || !this.#log.gate.isReadable(offset)) return undefined;
    const at = this.#known(offset) ?? reader.held.locate(offset);
    const run = at === undefined ? undefined : reader.held.read(at, { maxBytes, highWatermark });
    return run === undefined ? undefined : this.#note(at!, run);
  }

  #note(at: FramePosition, run: FrameRun): FrameRun {
    this.#begin = at;
    this.#end = { segment: at.segment, position: at.position + run.bytes.length, offset: run.endOffset };
    return run;
  }

  /** Where the frame of `offset` begins, if that is where the last run began or ended. */
  #known(offset: number): FramePosition | undefined {
    if (this.#begin?.offset === offset) return this.#begin;
    const end = this.#end;
    if (end?.offset !== offset) return undefined;
    if (end.segment === this.#log.segments.active)
      return end.position < end.segment.sizeBytes ? end : undefined;
    const next = this.#log.segments.next(end.segment);
    if (next?.baseOffset === offset) {
      const position = next.layout?.headerBytes;
      return position === undefined ? undefined : { segment: next, position, offset };
    }
    return end.position < end.segment.sizeBytes ? end : undefined;
  }

  #locate(offset: number): Promise<FramePosition> {
    const begin = this.#begin;
    const isWithinLastRun = begin !== undefined && begin.offset < offset && offset < this.#end!.offset;
    if (!isWithinLastRun) return this.#log.reader.locate(offset);
    return this.#log.reader.walkTo(begin.segment, begin, (header) => frameEndOffset(header) > offset, offset);
  }
}
