import { describe, expect, it } from "vitest";
import type { ScannerDescription } from "../../../../../lib/client/index.ts";
import {
  ageText,
  bytesText,
  latencyText,
  parseSpan,
  rateText,
  spanText,
} from "../../../../../server/console/app/figures/format.ts";
import {
  histogramOf,
  metricValue,
  parseMetrics,
  quantile,
  usedBuckets,
} from "../../../../../server/console/app/figures/metrics.ts";
import { meanRate, RateWatch } from "../../../../../server/console/app/figures/rates.ts";
import { scannerPage } from "../../../../../server/console/app/figures/scanner-list.ts";
import { sparklinePath } from "../../../../../server/console/app/figures/sparkline.ts";

it("spells figures short", () => {
  expect([0, 1023, 1536, 1_048_575, 2 ** 40].map(bytesText)).toEqual([
    "0 B",
    "1023 B",
    "1.5 KiB",
    "1.0 MiB",
    "1.0 TiB",
  ]);
  expect([undefined, 0, 0.04, 7.5, 1234.5].map(rateText)).toEqual(["–", "0", "0.04", "7.5", "1,235"]);
  expect([-5, 12_000, 180_000, 7_200_000, 40 * 86_400_000].map(ageText)).toEqual([
    "now",
    "12s",
    "3m",
    "2h",
    "40d",
  ]);
  expect([0, 61_000, 90_000_000].map(spanText)).toEqual(["0s", "1m 1s", "1d 1h"]);
  expect([0.00008, 0.0042, 1.3].map(latencyText)).toEqual(["80 µs", "4.2 ms", "1.3 s"]);
  expect(parseSpan("1day2h3.5s")).toBe(86_400_000 + 7_200_000 + 3500);
  expect(parseSpan(null)).toBeUndefined();
});

describe("rates", () => {
  it("follow counters, and forget topics that are not seen any more", () => {
    const watch = new RateWatch();
    watch.look([{ name: "t", messages_in: 0, messages_out: 0 }], 0);
    watch.look([{ name: "t", messages_in: 50, messages_out: 5 }], 1000);
    expect(watch.of("t")).toMatchObject({ in: [undefined, 50], out: [undefined, 5] });
    expect(meanRate(watch.of("t").in)).toBe(50);
    watch.look([], 100_000);
    expect(watch.of("t").in).toEqual([]);
  });
});

describe("a sparkline", () => {
  it("ends at the right edge, has gaps, and is nothing where there is nothing", () => {
    const size = { room: 3, width: 21, height: 11 };
    expect(sparklinePath([0, 10, 5], size)).toBe("M0.5 10.5L10.5 0.5L20.5 5.5");
    expect(sparklinePath([10, undefined, 10], size)).toBe("M0.5 0.5M20.5 0.5");
    expect(sparklinePath([0, 0], size)).toBe("");
  });
});

describe("metrics", () => {
  const metrics = parseMetrics(
    [
      "# HELP m Help.",
      'm{state="open",name="a\\"b\\\\"} 3',
      'm{state="failed",name="x"} 4',
      'h_bucket{le="0.1"} 0',
      'h_bucket{le="0.2"} 3',
      'h_bucket{le="+Inf"} 4',
      "h_sum 1.5",
      "h_count 4",
    ].join("\n"),
  );

  it("are read with their labels", () => {
    expect(metricValue(metrics, "m", { state: "failed" })).toBe(4);
    expect(metrics.get("m")?.[0]?.labels.name).toBe('a"b\\');
    expect(metricValue(metrics, "nothing")).toBeUndefined();
  });

  it("become buckets that do not add up, and say where half of the values lie", () => {
    const histogram = histogramOf(metrics, "h");
    expect(usedBuckets(histogram).map(({ count }) => count)).toEqual([3, 1]);
    expect(quantile(histogram, 0.5)).toBe(0.2);
    expect(quantile(histogramOf(metrics, "nothing"), 0.5)).toBeUndefined();
  });
});

describe("a page of scanners", () => {
  const all = Array.from(
    { length: 250 },
    (_, at) => ({ id: `s-${at}`, lag: at % 7, oldest_pending: at === 3 ? "1m" : null }) as ScannerDescription,
  );
  const view = { filter: "", sort: "id", isDescending: false, page: 0 };

  it("has a hundred of them, and the last page what is left", () => {
    expect(scannerPage(all, view)).toMatchObject({ count: 250, first: 0, hasNext: true });
    const last = scannerPage(all, { ...view, page: 99 });
    expect(last).toMatchObject({ first: 200, hasNext: false });
    expect(last.rows).toHaveLength(50);
  });

  it("is sorted by figures, and filtered by a part of the id", () => {
    expect(scannerPage(all, { ...view, sort: "oldest_pending", isDescending: true }).rows[0]?.id).toBe("s-3");
    expect(scannerPage(all, { ...view, filter: "S-24" }).count).toBe(11);
  });
});
