/**
 * The segments of a log on NATS: stretches of its stream, each beginning with a claim. Nothing lies apart for them; each
 * message says of which segment it is, so that sizes, retention and check are those of a log in files.
 */
import type { SegmentDescription } from "../../log/log.ts";
import type { SegmentMark } from "./envelope.ts";

export interface StreamSegment {
  /** That of its first message, a claim. */
  readonly sequence: number;
  readonly baseOffset: number;
  /** The size of its frames. */
  sizeBytes: number;
  /** The time of its first frame; known of the active segment alone. */
  firstTimestampMs: number | undefined;
  /** The time of its last frame, or of the log's last one before where it has none. */
  lastTimestampMs: number;
  /** When this process first saw the segment. */
  firstSeenAtMs: number;
}

export class StreamSegments {
  /** Oldest first; never empty. */
  #all: StreamSegment[];

  constructor(all: readonly StreamSegment[]) {
    this.#all = [...all];
  }

  get all(): readonly StreamSegment[] {
    return this.#all;
  }

  get first(): StreamSegment {
    return this.#all[0]!;
  }

  get active(): StreamSegment {
    return this.#all.at(-1)!;
  }

  get sizeBytes(): number {
    let sum = 0;
    for (const { sizeBytes } of this.#all) sum += sizeBytes;
    return sum;
  }

  begin(segment: StreamSegment): void {
    this.#all.push(segment);
  }

  dropFirst(): void {
    this.#all.shift();
  }

  /** The one that holds `offset`, or the first one where it is older. */
  find(offset: number): StreamSegment {
    let low = 1;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#all[middle]!.baseOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return this.#all[low - 1]!;
  }

  next(segment: StreamSegment): StreamSegment | undefined {
    return this.#all[this.#all.indexOf(segment) + 1];
  }

  describe(): SegmentDescription[] {
    return this.#all.map(({ baseOffset, sizeBytes, lastTimestampMs, firstSeenAtMs }) => ({
      baseOffset,
      diskSizeBytes: sizeBytes,
      dataSizeBytes: sizeBytes,
      modifiedAtMs: lastTimestampMs === 0 ? firstSeenAtMs : lastTimestampMs,
    }));
  }
}

export function markOf({ sequence, baseOffset, sizeBytes }: StreamSegment): SegmentMark {
  return { sequence, baseOffset, sizeBytes };
}
