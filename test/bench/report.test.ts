import { expect, test } from "vitest";
import { table } from "./report.ts";

test("ratios compare with the first row round by round", () => {
  const rows = [
    { name: "bare", samples: [10, 20, 40].map((perSecond) => ({ perSecond, cpuMicros: 20 })) },
    { name: "ours", samples: [5, 20, 30].map((perSecond) => ({ perSecond, cpuMicros: 30 })) },
  ];
  const [, bare, ours] = table(rows)
    .split("\n")
    .map((line) => line.split(/ {2,}/).map((cell) => cell.trim()));
  expect(bare).toEqual(["bare", "20", "10", "40", "1.00", "1.00", "1.00", "20.0", "20.0", "20.0", "1.00"]);
  expect(ours).toEqual(["ours", "20", "5", "30", "0.75", "0.50", "1.00", "30.0", "30.0", "30.0", "1.50"]);
});
