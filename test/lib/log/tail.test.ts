import { describe, expect, it } from "vitest";
import { LONG_BYTES } from "../../../lib/base/loop-share.ts";
import { Tail, TailBudget } from "../../../lib/log/tail.ts";

const SEGMENT = 1;
const SLAB_BYTES = 256 * 1024;
/** Two slabs of the largest size. */
const MAX_BYTES = 2 * SLAB_BYTES;

/** Writes slabs full of `byte` at `position`, one write each; returns the position behind them. */
function fill(tail: Tail, position: number, byte: number, slabs: number): number {
  for (let written = 0; written < slabs; written++) {
    const { bytes, at } = tail.reserve(SEGMENT, position, SLAB_BYTES);
    bytes.fill(byte, at, at + SLAB_BYTES);
    tail.commit(SLAB_BYTES);
    position += SLAB_BYTES;
  }
  return position;
}

describe("a tail that is full", () => {
  it("holds the newest bytes, each at its position", () => {
    const tail = new Tail(new TailBudget(MAX_BYTES), MAX_BYTES);
    const end = fill(tail, fill(tail, 0, 1, 6), 2, 1);
    expect(tail.heldBytes).toBe(MAX_BYTES);
    expect(tail.view(SEGMENT, end - SLAB_BYTES)?.every((byte) => byte === 2)).toBe(true);
    expect(tail.view(SEGMENT, end - 2 * SLAB_BYTES)?.every((byte) => byte === 1)).toBe(true);
    expect(tail.view(SEGMENT, end - 3 * SLAB_BYTES)).toBeUndefined();
  });

  it("writes again to slabs that nobody has seen", () => {
    const tail = new Tail(new TailBudget(MAX_BYTES), MAX_BYTES);
    const buffers = new Set<ArrayBufferLike>();
    let position = 0;
    for (let slab = 0; slab < 20; slab++) {
      buffers.add(tail.reserve(SEGMENT, position, SLAB_BYTES).bytes.buffer);
      position = fill(tail, position, slab, 1);
    }
    expect(buffers.size).toBeLessThanOrEqual(4);
  });

  it("does not keep a slab for one large group beyond its time", () => {
    const tail = new Tail(new TailBudget(MAX_BYTES), MAX_BYTES);
    const largeBytes = 64 * SLAB_BYTES;
    const large = tail.reserve(SEGMENT, 0, largeBytes).bytes.buffer;
    tail.commit(largeBytes);
    const end = fill(tail, largeBytes, 1, 1);
    expect(tail.heldBytes).toBe(SLAB_BYTES);
    // As large as before: it would be taken where it was kept.
    expect(tail.reserve(SEGMENT, end, largeBytes).bytes.buffer === large).toBe(false);
  });

  it("never changes bytes that a reader has seen", () => {
    const tail = new Tail(new TailBudget(MAX_BYTES), MAX_BYTES);
    const seen: Buffer[] = [];
    let position = 0;
    for (let slab = 0; slab < 20; slab++) {
      position = fill(tail, position, slab, 1);
      // Every third, from its first byte or from one in the middle.
      if (slab % 3 === 0) seen[slab] = tail.view(SEGMENT, position - SLAB_BYTES + slab)!;
    }
    for (const [slab, bytes] of seen.entries()) {
      expect(bytes?.every((byte) => byte === slab) ?? true).toBe(true);
    }
  });

  it("never changes bytes that it adopted", () => {
    const tail = new Tail(new TailBudget(MAX_BYTES), MAX_BYTES);
    const adopted = Buffer.alloc(SLAB_BYTES, 7);
    tail.adopt(SEGMENT, 0, adopted);
    fill(tail, SLAB_BYTES, 8, 20);
    expect(adopted.every((byte) => byte === 7)).toBe(true);
  });
});

describe("a long frame that came in memory of its own", () => {
  it("is freed when it gives way and no reader has seen it", () => {
    const tail = new Tail(new TailBudget(MAX_BYTES), MAX_BYTES);
    const [unseen, seen, last] = Array.from({ length: 3 }, () => Buffer.alloc(LONG_BYTES + 1, 7));
    tail.adopt(SEGMENT, 0, unseen!);
    tail.adopt(SEGMENT, unseen!.length, seen!);
    tail.view(SEGMENT, seen!.length);
    tail.adopt(SEGMENT, 2 * seen!.length, last!);
    expect([unseen, seen, last].map((bytes) => bytes?.buffer.byteLength)).toEqual([
      0,
      LONG_BYTES + 1,
      LONG_BYTES + 1,
    ]);
    tail.clear();
    expect([seen, last].map((bytes) => bytes?.buffer.byteLength)).toEqual([LONG_BYTES + 1, 0]);
  });
});
