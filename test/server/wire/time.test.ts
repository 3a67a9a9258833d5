import fc from "fast-check";
import { expect, it } from "vitest";
import { formatTime } from "../../../server/wire/time.ts";
import "../../support/fixed-seed.ts";

it("prints times as RFC 3339 in UTC with milliseconds", () => {
  expect(formatTime(Date.UTC(2026, 10, 20, 23, 27, 59, 23))).toBe("2026-11-20T23:27:59.023Z");
  for (const timeMs of [0, 1, 999, 1000, 59_999, 86_399_999, 86_400_000, 951_782_400_000]) {
    expect(formatTime(timeMs)).toBe(new Date(timeMs).toISOString());
  }
});

it("prints any time as Date does, whichever came before", () => {
  const lastMs = Date.UTC(9999, 11, 31);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: lastMs }), { minLength: 1, maxLength: 5 }), (times) => {
      for (const timeMs of times) expect(formatTime(timeMs)).toBe(new Date(timeMs).toISOString());
    }),
  );
});
