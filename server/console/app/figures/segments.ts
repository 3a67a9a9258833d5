/** The segments of a topic as a bar, from the oldest to the newest, as wide as their bytes or as the time they hold. */
import type { TopicInfo } from "../../../../lib/client/index.ts";

export type SegmentMeasure = "bytes" | "time";

/** One part of the bar: a segment, or several neighbours where there are very many. */
export interface SegmentPart {
  /** Messages are [firstOffset, endOffset). */
  readonly firstOffset: number;
  readonly endOffset: number;
  readonly segmentCount: number;
  readonly bytes: number;
  /** When it was last written to, ms since 1970. */
  readonly untilMs: number;
  /** Its part of the whole bar: the shares of all parts add up to 1. */
  readonly share: number;
  /** The last one takes messages. */
  readonly isActive: boolean;
}

/** More parts than this would be thinner than a pointer. */
const MOST_PARTS = 120;
/** A part is never thinner than so much of an even share, so that one can click on it. */
const LEAST_OF_EVEN = 0.25;

/** `oldestMs` is the time of the first message; where nobody knows it, the first segment counts as long as the next. */
export function segmentParts(
  { segments, latest_offset }: Pick<TopicInfo, "segments" | "latest_offset">,
  measure: SegmentMeasure,
  oldestMs?: number,
): SegmentPart[] {
  const perPart = Math.ceil(segments.length / MOST_PARTS);
  const parts: Omit<SegmentPart, "share">[] = [];
  for (let place = 0; place < segments.length; place += perPart) {
    const group = segments.slice(place, place + perPart);
    const following = segments[place + perPart];
    parts.push({
      firstOffset: group[0]!.first_offset,
      endOffset: following?.first_offset ?? latest_offset + 1,
      segmentCount: group.length,
      bytes: group.reduce((sum, { disk_size }) => sum + disk_size, 0),
      untilMs: Date.parse(group.at(-1)!.mod_time),
      isActive: following === undefined,
    });
  }
  const weights = measure === "bytes" ? parts.map(({ bytes }) => bytes) : spans(parts, oldestMs);
  const shares = sharesOf(weights);
  return parts.map((part, place) => ({ ...part, share: shares[place]! }));
}

/** The offset at a place of a part, from 0 to 1, as if its messages were of one size. */
export function offsetAt({ firstOffset, endOffset }: SegmentPart, fraction: number): number {
  const count = endOffset - firstOffset;
  return firstOffset + Math.max(0, Math.min(count - 1, Math.floor(count * fraction)));
}

function spans(parts: readonly { readonly untilMs: number }[], oldestMs: number | undefined): number[] {
  const later = parts.map(
    ({ untilMs }, place) => untilMs - (parts[place - 1]?.untilMs ?? oldestMs ?? untilMs),
  );
  if (oldestMs === undefined && later.length > 1) later[0] = later[1]!;
  return later.map((span) => Math.max(0, span));
}

function sharesOf(weights: readonly number[]): number[] {
  const even = 1 / Math.max(1, weights.length);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const raised = weights.map((weight) => Math.max(sum === 0 ? even : weight / sum, even * LEAST_OF_EVEN));
  const raisedSum = raised.reduce((total, share) => total + share, 0);
  return raised.map((share) => share / raisedSum);
}
