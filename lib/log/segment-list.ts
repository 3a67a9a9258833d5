/** The segments of a log, oldest first; the last one is active. Offsets between segments belong to the earlier. */
import type { SegmentDescription } from "./log.ts";
import type { Segment } from "./segment.ts";

export class SegmentList {
  #segments: Segment[];

  /** `segments` is not empty, and sorted by base offset. */
  constructor(segments: Segment[]) {
    this.#segments = segments;
  }

  get all(): readonly Segment[] {
    return this.#segments;
  }

  get first(): Segment {
    return this.#segments[0]!;
  }

  get active(): Segment {
    return this.#segments.at(-1)!;
  }

  describe(): SegmentDescription[] {
    return this.#segments.map((segment) => ({
      baseOffset: segment.baseOffset,
      diskSizeBytes: segment.sizeBytes + segment.indexSizeBytes,
      dataSizeBytes: segment.sizeBytes,
      modifiedAtMs: segment.modifiedAtMs,
    }));
  }

  push(segment: Segment): void {
    this.#segments.push(segment);
  }

  /** Takes the oldest out of the list. */
  dropFirst(): void {
    this.#segments = this.#segments.slice(1);
  }

  /** The segment that `offset` falls into; the first one for what lies before all. */
  find(offset: number): Segment {
    let low = 1;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#segments[middle]!.baseOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return this.#segments[low - 1]!;
  }

  /** The one after `segment`; `undefined` for the active one, and for one that was dropped. */
  next(segment: Segment): Segment | undefined {
    const i = this.#segments.indexOf(segment);
    return i < 0 ? undefined : this.#segments[i + 1];
  }
}
