import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SortedOffsets } from "../../lib/sorted-offsets.ts";

const offset = fc.nat({ max: 30 });
const step = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), start: offset, end: offset }),
  fc.record({ kind: fc.constant("remove" as const), start: offset, end: offset }),
  fc.record({ kind: fc.constant("removeRange" as const), start: offset, end: offset }),
);

describe("sorted offsets", () => {
  it("behave as a set that knows its smallest", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const offsets = new SortedOffsets();
        const model = new Set<number>();
        for (const { kind, start, end } of steps) {
          if (kind === "add") {
            offsets.add(start);
            model.add(start);
          } else if (kind === "remove") {
            expect(offsets.remove(start)).toBe(model.delete(start));
          } else {
            const inRange = [...model].filter((each) => each >= start && each < end);
            expect(offsets.removeRange(start, end)).toBe(inRange.length);
            for (const each of inRange) model.delete(each);
          }
          expect(offsets.first).toBe(model.size === 0 ? undefined : Math.min(...model));
        }
      }),
    );
  });
});
