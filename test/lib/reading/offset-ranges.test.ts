import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OffsetRanges } from "../../../lib/scanner/offset-ranges.ts";
import "../../support/fixed-seed.ts";

const offset = fc.nat({ max: 30 });
const step = fc.record({ adds: fc.boolean(), start: offset, end: offset });

function rangesOf(model: ReadonlySet<number>): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  for (const each of [...model].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last?.end === each) last.end++;
    else ranges.push({ start: each, end: each + 1 });
  }
  return ranges;
}

describe("offset ranges", () => {
  it("behave as a set that knows its smallest, in as few ranges as there can be", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ranges = new OffsetRanges();
        const model = new Set<number>();
        for (const { adds, start, end } of steps) {
          if (adds) {
            ranges.add(start, end);
            for (let each = start; each < end; each++) model.add(each);
          } else {
            const inRange = [...model].filter((each) => each >= start && each < end);
            expect(ranges.remove(start, end)).toBe(inRange.length);
            for (const each of inRange) model.delete(each);
          }
          expect(ranges.all).toEqual(rangesOf(model));
          expect(ranges.first).toBe(model.size === 0 ? undefined : Math.min(...model));
        }
      }),
    );
  });
});
