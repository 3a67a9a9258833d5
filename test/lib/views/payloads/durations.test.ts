/** Durations as text. */
import { expect, test } from "vitest";
import { durationsOf, formatMicros } from "../../../../lib/views/payloads/durations.ts";

test.each([
  [0n, "00:00:00.000000"],
  [1n, "00:00:00.000001"],
  [5_625_000n, "00:00:05.625000"],
  [3_599_999_999n, "00:59:59.999999"],
  [86_400_000_000n, "24:00:00.000000"],
  [315_537_897_599_999_999n, "87649415:59:59.999999"],
])("%d microseconds are %s", (micros, text) => {
  expect(formatMicros(micros)).toBe(text);
});

test("the times in services are added up; the total time is from first to last", () => {
  const spans = {
    byService: [
      ["a:b", 1n],
      ["a:undefined", 2_000_000n],
    ] as const,
    all: 5n,
  };
  expect(durationsOf(spans)).toEqual({
    "a:b": "00:00:00.000001",
    "a:undefined": "00:00:02.000000",
    total_time_in_services: "00:00:02.000001",
    total_time: "00:00:00.000005",
  });
});
