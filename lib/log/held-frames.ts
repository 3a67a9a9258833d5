/**
 * Frames that are in memory because they were just written, found and read at once. One message may wake thousands
 * of readers, and with the promises of a read from the disk each of them costs a quarter more
 * (`npm run bench -- --only waiting-10k`).
 */
import { decodeFrameHeader, frameBytes, frameEndOffset } from "./frame.ts";
import { MEMORY, type RunBounds, runOf } from "./frame-run.ts";
import type { FrameRun } from "./log.ts";
import type { FramePosition } from "./segment.ts";
import type { SegmentList } from "./segment-list.ts";
import type { Tail } from "./tail.ts";

export class HeldFrames {
  readonly #segments: SegmentList;
  readonly #tail: Tail;
  /** What was found last, which is what all who wait for the next message look for. */
  #lastFound: FramePosition | undefined;

  constructor(segments: SegmentList, tail: Tail) {
    this.#segments = segments;
    this.#tail = tail;
  }

  /** The frame that holds `offset`; `undefined` when the way to it is not in memory, or it is not there yet. */
  locate(offset: number): FramePosition | undefined {
    const segment = this.#segments.active;
    if (this.#lastFound?.offset === offset && this.#lastFound.segment === segment) return this.#lastFound;
    if (offset < segment.baseOffset || segment.damages.length > 0) return undefined;
    let { position, offset: baseOffset } = segment.activeIndex?.floorByOffset(offset) ?? {
      position: segment.layout!.headerBytes,
      offset: segment.baseOffset,
    };
    for (;;) {
      const bytes = this.#tail.view(segment.id, position);
      const header = bytes === undefined ? undefined : decodeFrameHeader(bytes, 0);
      if (header?.baseOffset !== baseOffset) return undefined;
      if (frameEndOffset(header) > offset) break;
      position += frameBytes(header);
      baseOffset = frameEndOffset(header);
    }
    this.#lastFound = { segment, position, offset: baseOffset };
    return this.#lastFound;
  }

  /** Frames from `at` on; `undefined` when they are not in memory. */
  read({ segment, position, offset }: FramePosition, bounds: RunBounds): FrameRun | undefined {
    const bytes = this.#tail.view(segment.id, position);
    const header = bytes === undefined ? undefined : decodeFrameHeader(bytes, 0);
    if (bytes === undefined || header?.baseOffset !== offset) return undefined;
    return bytes.length < frameBytes(header) ? undefined : runOf(bytes, header, bounds, MEMORY);
  }
}
