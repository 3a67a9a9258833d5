/** Which rows of a list are drawn: what is in sight, at its place, however long the list is. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type RowsView,
  rowsWindow,
  scrollTopFor,
  scrollTopMoved,
} from "../../../../../server/console/app/parts/rows-window.ts";
import "../../../../support/fixed-seed.ts";

const viewOf = (view: Partial<RowsView>): RowsView => ({
  count: 10_000,
  rowHeight: 20,
  scrollTop: 0,
  viewHeight: 400,
  ...view,
});

describe("the rows in sight", () => {
  it("are those of the place, and a few beyond", () => {
    expect(rowsWindow(viewOf({}))).toEqual({ start: 0, end: 28, top: 0, height: 200_000 });
    expect(rowsWindow(viewOf({ scrollTop: 2010 }))).toEqual({
      start: 92,
      end: 129,
      top: 1840,
      height: 200_000,
    });
    expect(rowsWindow(viewOf({ scrollTop: 199_600 })).end).toBe(10_000);
  });

  it("are all rows of a short list, and none of an empty one", () => {
    expect(rowsWindow(viewOf({ count: 3 }))).toEqual({ start: 0, end: 3, top: 0, height: 60 });
    expect(rowsWindow(viewOf({ count: 0 }))).toEqual({ start: 0, end: 0, top: 0, height: 0 });
  });

  it("reach from the first to the last of millions, in a height that a browser draws", () => {
    const count = 16 * 1024 * 1024;
    const begin = rowsWindow(viewOf({ count }));
    expect([begin.start, begin.top]).toEqual([0, 0]);
    expect(begin.height).toBeLessThan(17_000_000);
    const end = rowsWindow(viewOf({ count, scrollTop: begin.height - 400 }));
    expect(end.end).toBe(count);
    expect(end.top + (end.end - end.start) * 20).toBeCloseTo(begin.height, -1);
  });

  it("fill the view wherever it is", () => {
    const views = fc.record({
      count: fc.integer({ min: 1, max: 20_000_000 }),
      rowHeight: fc.integer({ min: 10, max: 60 }),
      viewHeight: fc.integer({ min: 50, max: 2000 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(views, ({ share, ...rest }) => {
        const { height } = rowsWindow({ ...rest, scrollTop: 0 });
        const scrollTop = share * Math.max(0, height - rest.viewHeight);
        const { start, end, top } = rowsWindow({ ...rest, scrollTop });
        expect(top).toBeLessThanOrEqual(scrollTop + 1);
        const bottom = top + (end - start) * rest.rowHeight;
        expect(bottom).toBeGreaterThanOrEqual(Math.min(height, scrollTop + rest.viewHeight) - 1);
        expect(end - start).toBeLessThan(rest.viewHeight / rest.rowHeight + 20);
      }),
    );
  });
});

describe("scrolling to a row", () => {
  it("goes as far as is needed, and stays where it is in sight", () => {
    expect(scrollTopFor(viewOf({ scrollTop: 2000 }), 50)).toBe(1000);
    expect(scrollTopFor(viewOf({ scrollTop: 2000 }), 110)).toBe(2000);
    expect(scrollTopFor(viewOf({ scrollTop: 2000 }), 200)).toBe(3620);
    expect(scrollTopFor(viewOf({ count: 3 }), 2)).toBe(0);
  });

  it("moves with rows that come or go above", () => {
    expect(scrollTopMoved(viewOf({ scrollTop: 2000 }), 10)).toBe(2200);
    expect(scrollTopMoved(viewOf({ scrollTop: 2000 }), -50)).toBe(1000);
    expect(scrollTopMoved(viewOf({ scrollTop: 100 }), -50)).toBe(0);
  });
});
