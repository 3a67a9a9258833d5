/** What a tail keeps of a flood, and which rows a filter shows. */
import { describe, expect, it } from "vitest";
import { Ring } from "../../../../../server/console/app/feed/ring.ts";
import { rowOf } from "../../../../../server/console/app/feed/rows.ts";
import { TAIL_LIMITS, TailRows } from "../../../../../server/console/app/feed/tail-rows.ts";
import { matches, parseFilter } from "../../../../../server/console/app/feed/text-filter.ts";
import { messageOf } from "./message-for-test.ts";

describe("a ring", () => {
  const filled = (limits: { count: number; bytes: number }, ...sizes: number[]): Ring<number> => {
    const ring = new Ring<number>(limits, (size) => size);
    for (const size of sizes) ring.push(size);
    return ring;
  };

  it("keeps the newest, in order, and counts those that went", () => {
    const ring = filled({ count: 3, bytes: 100 }, 1, 2, 3, 4, 5);
    expect([...ring]).toEqual([3, 4, 5]);
    expect([ring.dropped, ring.length, ring.bytes]).toEqual([2, 3, 12]);
    expect([ring.at(0), ring.at(2), ring.at(3), ring.at(-1)]).toEqual([3, 5, undefined, undefined]);
  });

  it("makes room for bytes, and keeps one thing however large", () => {
    expect([...filled({ count: 9, bytes: 10 }, 4, 4, 4)]).toEqual([4, 4]);
    expect([...filled({ count: 9, bytes: 10 }, 4, 4, 11)]).toEqual([11]);
    expect([...filled({ count: 9, bytes: 10 }, 11, 1)]).toEqual([1]);
  });

  it("is empty once it is cleared, and is filled anew", () => {
    const ring = filled({ count: 3, bytes: 100 }, 1, 2, 3, 4);
    ring.clear();
    expect([ring.length, ring.bytes, ring.dropped]).toEqual([0, 0, 4]);
    ring.push(7);
    expect([...ring]).toEqual([7]);
  });
});

describe("the rows of a tail", () => {
  const offsets = (rows: TailRows): (number | undefined)[] =>
    Array.from({ length: rows.length }, (_, place) => rows.at(place)?.offset);

  it("are ten thousand at most", () => {
    const rows = new TailRows();
    for (let offset = 0; offset < 25_000; offset += 100) {
      rows.take(Array.from({ length: 100 }, (_, i) => messageOf(offset + i)));
    }
    expect(TAIL_LIMITS.count).toBe(10_000);
    expect([rows.length, rows.came, rows.dropped]).toEqual([10_000, 25_000, 15_000]);
    expect([rows.at(0)!.offset, rows.at(9999)!.offset]).toEqual([15_000, 24_999]);
  });

  it("keep what is rare in sight while a flood passes", () => {
    const rows = new TailRows({ count: 4, bytes: 1e9 });
    rows.filter = parseFilter("needle");
    rows.take([messageOf(0, "a needle")]);
    rows.take(Array.from({ length: 50 }, (_, i) => messageOf(i + 1)));
    rows.take([messageOf(51, "another NEEDLE")]);
    expect(offsets(rows)).toEqual([0, 51]);
  });

  it("are found again among the newest when the filter changes", () => {
    const rows = new TailRows({ count: 4, bytes: 1e9 });
    rows.take(["a", "b", "ab", "c"].map((text, offset) => messageOf(offset, text)));
    rows.filter = parseFilter("b");
    expect(offsets(rows)).toEqual([1, 2]);
    rows.filter = parseFilter("");
    expect(offsets(rows)).toEqual([0, 1, 2, 3]);
  });

  it("say what is missing, whatever the filter", () => {
    const rows = new TailRows();
    rows.filter = parseFilter("nothing has this");
    rows.add({ kind: "skipped", offset: 3, count: 2 });
    expect(offsets(rows)).toEqual([3]);
  });
});

describe("a filter", () => {
  it("has words and keys, and quotes hold words together", () => {
    expect(parseFilter('  Error key:order-7 "two words" key:"a b" key: key:"open')).toEqual({
      keys: ["order-7", "a b", "open"],
      words: ["error", "two words"],
    });
    expect(parseFilter(" ")).toEqual({ keys: [], words: [] });
  });

  it.each([
    ["größe", true],
    ["GRÖSSE", false],
    ["größe order-7", true],
    ["größe order-8", false],
    ["x-meta-shop", true],
    ["berlin", true],
    ["key:anything", true],
  ])("of %j matches a message: %s", (filter, isMatch) => {
    const message = messageOf(0, "Die Größe", { key: "order-7", headers: { "x-meta-shop": "Berlin" } });
    expect(matches(parseFilter(filter), rowOf(message))).toBe(isMatch);
  });
});
