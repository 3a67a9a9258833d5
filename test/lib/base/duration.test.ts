import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type BigDuration,
  durationMs,
  formatDuration,
  parseDuration,
  parseDurationAtMost,
  timeBefore,
} from "../../../lib/base/duration.ts";
import { isNetlogError } from "../../../lib/base/errors.ts";
import "../../support/fixed-seed.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function big(parts: Partial<BigDuration>): BigDuration {
  return { years: 0, months: 0, days: 0, ms: 0, ...parts };
}

describe("parses", () => {
  test.each<[string, BigDuration]>([
    ["0", big({})],
    ["0s", big({})],
    ["30day", big({ days: 30 })],
    ["2days", big({ days: 2 })],
    ["1year", big({ years: 1 })],
    ["3years", big({ years: 3 })],
    ["18months", big({ months: 18 })],
    ["1week", big({ days: 7 })],
    ["2weeks3days", big({ days: 17 })],
    ["1year2month3week4day5h", big({ years: 1, months: 2, days: 25, ms: 5 * HOUR_MS })],
    ["2month23day2h3m0.5s", big({ months: 2, days: 23, ms: 2 * HOUR_MS + 180_500 })],
    ["1000year", big({ years: 1000 })],
    ["5s", big({ ms: 5_000 })],
    ["1478s", big({ ms: 1_478_000 })],
    ["5.0s", big({ ms: 5_000 })],
    ["5.6s", big({ ms: 5_600 })],
    ["5.s", big({ ms: 5_000 })],
    [".5s", big({ ms: 500 })],
    ["1.004s", big({ ms: 1_004 })],
    ["100.00100s", big({ ms: 100_001 })],
    ["10ns", big({ ms: 0.00001 })],
    ["11us", big({ ms: 0.011 })],
    ["12\u00b5s", big({ ms: 0.012 })],
    ["12\u03bcs10ns", big({ ms: 0.01201 })],
    ["13ms", big({ ms: 13 })],
    ["15m", big({ ms: 900_000 })],
    ["3h30m", big({ ms: 3.5 * HOUR_MS })],
    ["4m10.5s", big({ ms: 250_500 })],
    ["1h2m3s4ms5us6ns", big({ ms: 3_723_004.005006 })],
    ["39h9m14.425s", big({ ms: 140_954_425 })],
    ["0.3333333333333333333h", big({ ms: 20 * 60_000 })],
    ["0.100000000000000000000h", big({ ms: 6 * 60_000 })],
    ["0.830103483285477580700h", big({ ms: 2_988_372.539827 })],
    ["0.9999999999ns", big({})],
    ["100h", big({ ms: 100 * HOUR_MS })],
    ["3000h0.0000005s", big({ ms: 3000 * HOUR_MS })],
  ])("%s", (text, expected) => {
    expect(parseDuration(text)).toEqual(expected);
  });
});

describe("refuses", () => {
  test.each([
    "",
    " ",
    "3",
    "00",
    "0.0",
    "1.5",
    "-5s",
    "+5s",
    "-1day",
    "+0",
    "1day-5s",
    ".",
    ".s",
    "s",
    "day",
    "1",
    "1 h",
    " 1h",
    "1h ",
    "1h\n",
    "1H",
    "1Day",
    "1d",
    "1y",
    "1hour",
    "1.5day",
    "1.day",
    "0.5year",
    ".5month",
    "1m1h",
    "1s1m",
    "1h1day",
    "1day1month",
    "1day1week",
    "1h1h",
    "1day2days",
    "1us1\u00b5s",
    "1day3",
    "1e3s",
    "1,5s",
    "1.2.3s",
    "1dayss",
    "\u0661s",
    "1001year",
    "365001day",
    "8760001h",
    "99999999999999999999h",
    `${"9".repeat(250)}year`,
    `0.${"0".repeat(300)}s`,
    "Infinityyear",
    "NaN",
    "forever",
  ])("%j", (text) => {
    expect(() => parseDuration(text)).toThrow(
      expect.toSatisfy((error) => isNetlogError(error, "invalid_duration")),
    );
  });

  test("with a reason that names the value and the form", () => {
    expect(() => parseDuration("1m1h")).toThrow(
      /"1m1h" is no duration; .*largest first.*2month23day2h3m0\.5s/,
    );
    expect(() => parseDuration("x".repeat(200))).toThrow(/^invalid duration: "x{40}…" is/);
    expect(() => parseDuration("1001year")).toThrow(/at most 1000year/);
  });
});

test("takes more than 1000 years for that where the longest will do", () => {
  for (const text of ["1001year", "8760001h", `${"9".repeat(250)}year`, `${"9".repeat(250)}h`]) {
    expect(parseDurationAtMost(text), text).toEqual(big({ years: 1000 }));
  }
  expect(parseDurationAtMost("999year1h")).toEqual(big({ years: 999, ms: HOUR_MS }));
  expect(() => parseDurationAtMost("1001years ago")).toThrow(/no duration/);
});

describe("prints as Go does", () => {
  test.each<[BigDuration, string]>([
    [big({}), "0s"],
    [big({ ms: 0.000001 }), "1ns"],
    [big({ ms: 0.000999 }), "999ns"],
    [big({ ms: 0.0011 }), "1.1\u00b5s"],
    [big({ ms: 0.1 }), "100\u00b5s"],
    [big({ ms: 2.2 }), "2.2ms"],
    [big({ ms: 200 }), "200ms"],
    [big({ ms: 1_000 }), "1s"],
    [big({ ms: 1_500 }), "1.5s"],
    [big({ ms: 3_300 }), "3.3s"],
    [big({ ms: 10_000 }), "10s"],
    [big({ ms: 90_000 }), "1m30s"],
    [big({ ms: 60_000 }), "1m0s"],
    [big({ ms: 245_000 }), "4m5s"],
    [big({ ms: 245_001 }), "4m5.001s"],
    [big({ ms: HOUR_MS }), "1h0m0s"],
    [big({ ms: 5 * HOUR_MS + 6 * 60_000 + 7_001 }), "5h6m7.001s"],
    [big({ ms: 480_000.000001 }), "8m0.000000001s"],
    [big({ ms: 100 * HOUR_MS }), "100h0m0s"],
    [big({ days: 30 }), "30day"],
    [big({ months: 2, days: 23, ms: 2 * HOUR_MS + 180_500 }), "2month23day2h3m0.5s"],
    [big({ years: 1, ms: 0.1 }), "1year100\u00b5s"],
  ])("%j as %s", (duration, text) => {
    expect(formatDuration(duration)).toBe(text);
  });
});

test("what was printed parses to the same duration", () => {
  const parts = fc.record({
    years: fc.nat(400),
    months: fc.nat(400),
    days: fc.nat(4000),
    ns: fc.oneof(fc.maxSafeNat(), fc.nat(2_000_000_000), fc.nat(2_000)),
  });
  fc.assert(
    fc.property(parts, ({ years, months, days, ns }) => {
      const text = `${years}year${months}month${days}day${ns}ns`;
      const parsed = parseDuration(text);
      expect(parseDuration(formatDuration(parsed))).toEqual(parsed);
      if (ns < 2 ** 32 * 1e6) expect(Math.round((parsed.ms % 1) * 1e6)).toBe(ns % 1e6);
    }),
    { numRuns: 300 },
  );
});

test("is long as years of 365 days, months of 30 and days of 24 hours", () => {
  expect(durationMs(parseDuration("1year"))).toBe(365 * DAY_MS);
  expect(durationMs(parseDuration("1month"))).toBe(30 * DAY_MS);
  expect(durationMs(parseDuration("1year2month3day4h"))).toBe((365 + 60 + 3) * DAY_MS + 4 * HOUR_MS);
});

describe("counts back by the calendar", () => {
  test.each([
    ["1month", "2026-03-31T12:00:00.000Z", "2026-03-03T12:00:00.000Z"],
    ["1month", "2028-03-31T12:00:00.000Z", "2028-03-02T12:00:00.000Z"],
    ["1month", "2026-01-15T00:00:00.000Z", "2025-12-15T00:00:00.000Z"],
    ["1year", "2028-02-29T06:00:00.000Z", "2027-03-01T06:00:00.000Z"],
    ["14month", "2026-03-01T00:00:00.000Z", "2025-01-01T00:00:00.000Z"],
    ["30day", "2026-03-01T00:00:00.000Z", "2026-01-30T00:00:00.000Z"],
    ["1month1day", "2026-03-31T12:00:00.000Z", "2026-03-02T12:00:00.000Z"],
    ["1day1h0.5s", "2026-03-01T00:00:00.000Z", "2026-02-27T22:59:59.500Z"],
    ["1000year", "2026-06-01T00:00:00.000Z", "1026-06-01T00:00:00.000Z"],
    ["1000year", "1070-06-01T00:00:00.000Z", "0070-06-01T00:00:00.000Z"],
    ["0", "2026-06-01T00:00:00.123Z", "2026-06-01T00:00:00.123Z"],
  ])("%s before %s", (text, now, expected) => {
    expect(new Date(timeBefore(parseDuration(text), Date.parse(now))).toISOString()).toBe(expected);
  });

  describe("of UTC, wherever the server is", () => {
    afterEach(() => vi.unstubAllEnvs());

    test("a day before the clocks went forward", () => {
      vi.stubEnv("TZ", "America/New_York");
      const now = new Date("2026-03-08T12:00:00.000Z");
      expect(now.getTimezoneOffset()).toBe(240);
      const before = timeBefore(parseDuration("1day"), now.getTime());
      expect(new Date(before).toISOString()).toBe("2026-03-07T12:00:00.000Z");
    });
  });
});
