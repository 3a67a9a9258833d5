/** What the page keeps over time, and how it draws the segments of a topic. */
import { describe, expect, it } from "vitest";
import { offsetAt, segmentParts } from "../../../../../server/console/app/figures/segments.ts";
import { RateMeter, TimeSeries } from "../../../../../server/console/app/figures/series.ts";

describe("a rate", () => {
  it("is what a counter grew by in a second, and unknown at first", () => {
    const meter = new RateMeter();
    expect(meter.look(1000, 50)).toBe(undefined);
    expect(meter.look(3000, 150)).toBe(50);
    expect(meter.look(4000, 150)).toBe(0);
  });

  it("is unknown where the server began anew, and over a time when nobody looked", () => {
    const meter = new RateMeter();
    meter.look(1000, 50);
    expect(meter.look(2000, 3)).toBe(undefined);
    expect(meter.look(3000, 5)).toBe(2);
    expect(meter.look(60_000, 5000)).toBe(undefined);
    expect(meter.look(61_000, 5001)).toBe(1);
  });
});

describe("lines over time", () => {
  it("share their times, and have a gap where one has no value", () => {
    const series = new TimeSeries();
    series.add(1000, { a: 1 });
    series.add(2000, { a: undefined, b: 5 });
    series.add(3000, { a: 3 });
    expect(series.times).toEqual([1, 2, 3]);
    expect(series.line("a")).toEqual([1, null, 3]);
    expect(series.line("b")).toEqual([null, 5, null]);
    expect([series.last("a"), series.last("b"), series.last("c")]).toEqual([3, 5, undefined]);
    expect(series.names).toEqual(["a", "b"]);
  });

  it("keep the newest, and a line that ended goes with its last value", () => {
    const series = new TimeSeries();
    series.add(0, { ended: 1, a: 0 });
    for (let second = 1; second <= 700; second++) series.add(second * 1000, { a: second });
    expect(series.times).toHaveLength(600);
    expect([series.times[0], series.line("a")[0], series.line("a").length]).toEqual([101, 101, 600]);
    expect(series.names).toEqual(["a"]);
  });
});

describe("the bar of segments", () => {
  const MINUTE_MS = 60_000;
  const infoOf = (...sizes: readonly number[]) => ({
    segments: sizes.map((disk_size, place) => ({
      first_offset: place * 100,
      disk_size,
      data_size: disk_size,
      mod_time: new Date((place + 1) * MINUTE_MS).toISOString(),
    })),
    latest_offset: sizes.length * 100 - 51,
  });

  it("has a part for each segment, as wide as its bytes", () => {
    const parts = segmentParts(infoOf(100, 300, 400), "bytes");
    expect(parts.map(({ share }) => share)).toEqual([0.125, 0.375, 0.5]);
    expect(parts[2]).toMatchObject({
      firstOffset: 200,
      endOffset: 250,
      isActive: true,
      untilMs: 3 * MINUTE_MS,
    });
    expect(parts[0]).toMatchObject({ firstOffset: 0, endOffset: 100, isActive: false, bytes: 100 });
  });

  it("is as wide as the time that a segment holds, when asked", () => {
    const shares = (oldestMs?: number): number[] =>
      segmentParts(infoOf(1, 1, 1), "time", oldestMs).map(({ share }) => share);
    expect(shares(-MINUTE_MS)).toEqual([0.5, 0.25, 0.25]);
    expect(shares()).toEqual([1 / 3, 1 / 3, 1 / 3]);
  });

  it("has no part too thin to click on, and no more parts than one can see", () => {
    const [thin] = segmentParts(infoOf(1, 1_000_000, 1_000_000, 1_000_000), "bytes");
    expect(thin!.share).toBeGreaterThan(0.05);
    const many = segmentParts(infoOf(...new Array<number>(10_000).fill(7)), "bytes");
    expect(many.length).toBeLessThanOrEqual(120);
    expect(many.reduce((sum, { segmentCount }) => sum + segmentCount, 0)).toBe(10_000);
    expect(many.at(-1)!.endOffset).toBe(999_950);
    expect(many.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  });

  it("leads to an offset at each place", () => {
    const [part] = segmentParts(infoOf(1, 1), "bytes");
    expect([-1, 0, 0.5, 1, 2].map((fraction) => offsetAt(part!, fraction))).toEqual([0, 0, 50, 99, 99]);
  });

  it("of a topic without messages is one part, which leads to its beginning", () => {
    const info = { ...infoOf(0), latest_offset: -1 };
    const parts = segmentParts(info, "bytes");
    expect(parts.map(({ share }) => share)).toEqual([1]);
    expect(offsetAt(parts[0]!, 0.7)).toBe(0);
  });
});
