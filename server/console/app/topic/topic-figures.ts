/** Figures of a topic over time, made of its info, which the page asks for again and again. */
import type { TopicInfo } from "../../../../lib/client/index.ts";
import { RateMeter, TimeSeries } from "../figures/series.ts";

export class TopicFigures {
  readonly messageRate: TimeSeries = new TimeSeries();
  readonly byteRate: TimeSeries = new TimeSeries();
  readonly lags: TimeSeries = new TimeSeries();
  readonly #messageMeter = new RateMeter();
  readonly #byteMeter = new RateMeter();
  /** Bytes of each segment when it was last seen, by its first offset. */
  readonly #sizes = new Map<number, number>();
  #id = "";
  #bytesIn = 0;

  /** Takes the info that came at `atMs`. */
  note(info: TopicInfo, atMs: number): void {
    // A topic of the same name that was made anew begins with other segments.
    if (info.id !== this.#id) this.#sizes.clear();
    this.#id = info.id;
    this.messageRate.add(atMs, { in: this.#messageMeter.look(atMs, info.latest_offset) });
    this.byteRate.add(atMs, { in: this.#byteMeter.look(atMs, this.#countBytes(info)) });
    this.lags.add(atMs, Object.fromEntries(lagsOf(info)));
  }

  /** A counter of what was written: retention takes segments away, and this never shrinks. */
  #countBytes({ segments }: TopicInfo): number {
    const kept = new Set<number>();
    for (const { first_offset, data_size } of segments) {
      kept.add(first_offset);
      this.#bytesIn += Math.max(0, data_size - (this.#sizes.get(first_offset) ?? 0));
      this.#sizes.set(first_offset, data_size);
    }
    for (const offset of this.#sizes.keys()) if (!kept.has(offset)) this.#sizes.delete(offset);
    return this.#bytesIn;
  }
}

/** How many messages each scanner has not had. */
export function lagsOf({ scanners, latest_offset }: TopicInfo): (readonly [id: string, lag: number])[] {
  return Object.values(scanners).map(({ id, next }) => [id, Math.max(0, latest_offset + 1 - next)] as const);
}
