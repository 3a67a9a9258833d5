import { expect, test } from "vitest";
import { table } from "./report.ts";
import { verdicts } from "./verdict.ts";
import { BARE, type Row, type Target } from "./workload.ts";

const ROWS: readonly Row[] = [
  { name: BARE, samples: [10, 20, 40].map((perSecond) => ({ perSecond, cpuMicros: 20, p50Ms: 1 })) },
  {
    name: "ours",
    samples: [5, 20, 30].map((perSecond) => ({ perSecond, cpuMicros: 30, tookMs: perSecond })),
  },
  { name: "disk", samples: [{ p50Ms: 0.5 }] },
];

function verdictOf(target: Omit<Target, "row">) {
  return verdicts({ targets: [{ row: "ours", ...target }] }, ROWS)[0];
}

test("the table has minimum, median and maximum, and ratios taken round by round", () => {
  const text = table([{ name: "w", title: "a workload", rows: ROWS, verdicts: [] }]);
  const lines = text.split("\n").map((line) => line.trim().split(/ {2,}/));
  expect(lines[2]).toEqual(["a workload"]);
  expect(lines[3]).toEqual(
    `bare node:http  10  20  40  1.00  20.00  20.00  20.00  1.00  1.000  -  -`.split("  "),
  );
  expect(lines[4]).toEqual(
    `ours  5  20  30  0.75  30.00  30.00  30.00  1.50  -  -  -  20.0 ms in all (5.0 to 30.0)`.split("  "),
  );
});

test("a target is met when the median round keeps it", () => {
  const of = [{ factor: 0.75, row: BARE, figure: "perSecond" }] as const;
  expect(verdictOf({ figure: "perSecond", bound: "at least", of })?.isMet).toBe(true);
  expect(verdictOf({ figure: "perSecond", bound: "at most", of })?.isMet).toBe(true);
  expect(verdictOf({ figure: "cpuMicros", bound: "at most", of: [29] })?.isMet).toBe(false);
});

test("a bound is the sum of its parts, and a row measured once counts for every round", () => {
  const of = [
    1,
    { factor: 2, row: BARE, figure: "p50Ms" },
    { factor: 4, row: "disk", figure: "p50Ms" },
  ] as const;
  const verdict = verdictOf({ figure: "cpuMicros", bound: "at most", of });
  expect(verdict?.share).toEqual({ min: 6, median: 6, max: 6 });
});

test("a target against something that is not installed has no verdict", () => {
  const of = [{ factor: 1, row: "Redis", figure: "perSecond" }] as const;
  expect(verdictOf({ figure: "perSecond", bound: "at least", of })).toBeUndefined();
});
