import { describe, expect, it } from "vitest";
import { Counters } from "../../../lib/base/counters.ts";
import { LIMITS } from "../../../lib/index.ts";
import { fingerprintOf, IdempotencyTable } from "../../../lib/topic/idempotency-table.ts";
import { type Memory, Remembered } from "../../../lib/topic/remembered.ts";
import { CHUNK_BYTES, restore, snapshotOf } from "../../../lib/topic/state-codec.ts";
import type { StateBytes } from "../../../lib/topic/storage.ts";
import { TopicMemory } from "../../../lib/topic/topic-memory.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const DIGEST = Buffer.alloc(32);

/** A state of these pieces, of which as little is read at a time as may be. */
function stateBytes(pieces: readonly Buffer[]): StateBytes {
  const bytes = Buffer.concat(pieces);
  const at = (position: number, length: number): Promise<Buffer> =>
    Promise.resolve(bytes.subarray(position, position + length));
  return { sizeBytes: bytes.length, at };
}

function add(table: IdempotencyTable, from: number, to: number): void {
  for (let i = from; i < to; i++) table.add(fingerprintOf(`k${i}`), DIGEST, i, 1, i);
}

/** The offsets of the keys of `[from, to)` that are found. */
function found(table: IdempotencyTable, from: number, to: number): number[] {
  const keys = Array.from({ length: to - from }, (_, i) => table.find(fingerprintOf(`k${from + i}`), 0));
  return keys.filter((key) => key !== undefined).map(({ baseOffset }) => baseOffset!);
}

describe("the table of a topic's keys", () => {
  it("gives memory back as it forgets, and has all the others", () => {
    const table = new IdempotencyTable();
    add(table, 0, 5000);
    expect(table.capacity).toBe(8192);
    for (let left = 5000; left > 0; left--) {
      expect(table.capacity).toBeLessThanOrEqual(Math.max(64, 4 * left));
      if (left % 499 === 0) {
        expect(found(table, 0, 5000)).toEqual(Array.from({ length: left }, (_, i) => 5000 - left + i));
      }
      table.forgetOldest();
    }
    expect([table.capacity, table.size, table.oldestMs]).toEqual([0, 0, Infinity]);
    expect(found(table, 0, 5000)).toEqual([]);
    add(table, 5000, 5100);
    expect(found(table, 0, 5100)).toHaveLength(100);
  });

  it("gives what a snapshot still asks for, after it has shrunk", () => {
    const table = new IdempotencyTable();
    add(table, 0, 1000);
    const { range } = table;
    const last = table.records({ first: 990, end: 1000 });
    for (let i = 0; i < 990; i++) table.forgetOldest();
    expect(table.records(range).equals(last)).toBe(true);
  });
});

describe("keys that were restored", () => {
  it("are those whose time is not over, at their places", async () => {
    const remembered = new Remembered(10_000, new Counters());
    const before = new TopicMemory(LIMITS, remembered);
    add(before.keys, 0, 1000);
    const pieces = [...snapshotOf(before, 1000, true, false).pieces()];
    for (const since of [0, 1, 700, 999, 1000]) {
      const memory = new TopicMemory(LIMITS, remembered);
      await restore(memory, stateBytes(pieces), since);
      const left = Array.from({ length: 1000 - since }, (_, i) => since + i);
      expect(found(memory.keys, 0, 1000)).toEqual(left);
      expect(memory.keys.capacity).toBeLessThanOrEqual(Math.max(64, 2 * left.length));
      add(memory.keys, 1000, 1100);
      expect(found(memory.keys, 1000, 1100)).toHaveLength(100);
    }
  });
});

describe("producers that were restored", () => {
  it("pin little memory of others when those are forgotten", async () => {
    const remembered = new Remembered(1000, new Counters());
    const before = new TopicMemory(LIMITS, remembered);
    for (let i = 0; i < 100; i++) {
      const fields = { producer: { id: `p${i}`, epoch: 0, seq: 0 } };
      before.note({ fields, baseOffset: i, count: 1, timestampMs: i }, 0);
    }
    const memory = new TopicMemory(LIMITS, remembered);
    await restore(memory, stateBytes([...snapshotOf(before, 100, true, false).pieces()]), 0);
    expect(memory.producers.find({ id: "p7", epoch: 0, seq: 0 })).toMatchObject({ baseOffset: 7 });
    for (const { id, places } of memory.producers.freeze())
      expect(places.buffer.byteLength, id).toBeLessThanOrEqual(CHUNK_BYTES);
  });
});

describe("a snapshot that is written piece by piece", () => {
  it("has each producer as it was when the snapshot was taken", async () => {
    const remembered = new Remembered(10_000, new Counters());
    const before = new TopicMemory(LIMITS, remembered);
    const note = (id: string, seq: number): void => {
      before.note(
        { fields: { producer: { id, epoch: 0, seq } }, baseOffset: seq, count: 1, timestampMs: seq },
        0,
      );
    };
    for (let i = 0; i < 300; i++) note(`p${i}`, 0);
    const written: Buffer[] = [];
    for (const piece of snapshotOf(before, 300, true, false).pieces()) {
      written.push(piece);
      for (let i = 0; i < 300; i++) note(`p${i}`, written.length);
      note(`late ${written.length}`, 0);
    }
    const memory = new TopicMemory(LIMITS, remembered);
    await restore(memory, stateBytes(written), 0);
    expect(memory.producers.size).toBe(300);
    for (let i = 0; i < 300; i++) {
      expect(memory.producers.find({ id: `p${i}`, epoch: 0, seq: 0 })).toMatchObject({ baseOffset: 0 });
      expect(memory.producers.find({ id: `p${i}`, epoch: 0, seq: 1 })).toBeUndefined();
      const last = before.producers.find({ id: `p${i}`, epoch: 0, seq: written.length });
      expect(last).toMatchObject({ baseOffset: written.length });
    }
  });
});

describe("a producer of which a frame was lost", () => {
  it("has no place for the number that was lost, and the right ones behind it", () => {
    const memory = new TopicMemory(LIMITS, new Remembered(1000, new Counters()));
    for (const seq of [0, 1, 3, 4]) {
      const fields = { producer: { id: "p", epoch: 0, seq } };
      memory.note({ fields, baseOffset: 100 + seq, count: 1, timestampMs: seq }, 0);
    }
    const offsets = [0, 1, 2, 3, 4].map(
      (seq) => memory.producers.find({ id: "p", epoch: 0, seq })?.baseOffset,
    );
    expect(offsets).toEqual([undefined, undefined, undefined, 103, 104]);
    expect(memory.producers.find({ id: "p", epoch: 0, seq: 2 })).toMatchObject({ count: undefined });
  });
});

/** A memory of times, which counts how often it is asked for the oldest. */
class Times implements Memory {
  asked = 0;
  readonly times: number[] = [];

  get size(): number {
    return this.times.length;
  }

  get oldestMs(): number {
    this.asked += 1;
    return this.times[0] ?? Infinity;
  }

  forgetOldest(): void {
    this.times.shift();
  }
}

describe("what all topics remember", () => {
  it("loses its oldest, of whatever topic, in their order", () => {
    const remembered = new Remembered(10, new Counters());
    const memories = Array.from({ length: 4 }, () => new Times());
    for (const memory of memories) remembered.join(memory);
    const random = seededRandom(1);
    for (let ms = 0; ms < 1000; ms++) {
      const memory = memories[Math.floor(random() * 4)]!;
      memory.times.push(ms);
      remembered.changed(memory, 1);
      const kept = memories.flatMap(({ times }) => times).toSorted((a, b) => a - b);
      expect(kept).toEqual(Array.from({ length: Math.min(10, ms + 1) }, (_, i) => Math.max(0, ms - 9) + i));
    }
  });

  it("is not searched through for each that is forgotten", () => {
    const remembered = new Remembered(1000, new Counters());
    const memories = Array.from({ length: 1000 }, () => new Times());
    for (const memory of memories) remembered.join(memory);
    for (let ms = 0; ms < 3000; ms++) {
      const memory = memories[ms % 1000]!;
      memory.times.push(ms);
      remembered.changed(memory, 1);
    }
    const asked = memories.reduce((sum, memory) => sum + memory.asked, 0);
    expect(asked).toBeLessThan(10 * 3000);
  });
});

describe("topics that are filled in turn", () => {
  it("take no more memory together than the maximum lets them", () => {
    const remembered = new Remembered(1000, new Counters());
    const memories = Array.from({ length: 20 }, () => new TopicMemory(LIMITS, remembered));
    for (const memory of memories) remembered.join(memory);
    for (const [turn, memory] of memories.entries()) {
      for (let i = 0; i < 1000; i++) {
        const timestampMs = turn * 1000 + i;
        const fields = { idempotency: { key: `k${i}`, digest: DIGEST } };
        memory.note({ fields, baseOffset: i, count: 1, timestampMs }, 0);
      }
    }
    const capacity = memories.reduce((sum, { keys }) => sum + keys.capacity, 0);
    expect(capacity).toBeLessThanOrEqual(4 * 1000);
  });
});

describe("a producer", () => {
  it("counts as the twenty keys whose memory it takes, also when it is forgotten or its topic leaves", () => {
    const counters = new Counters();
    const remembered = new Remembered(100, counters);
    const [memory, other] = [new TopicMemory(LIMITS, remembered), new TopicMemory(LIMITS, remembered)];
    for (const each of [memory, other]) remembered.join(each);
    const note = (to: TopicMemory, id: string, timestampMs: number) => {
      to.note({ fields: { producer: { id, epoch: 0, seq: 0 } }, baseOffset: 0, count: 1, timestampMs }, 0);
    };
    for (let i = 0; i < 7; i++) note(memory, `p${i}`, i);
    expect([memory.size, memory.producers.size, counters.forgotten]).toEqual([100, 5, 2]);
    for (let i = 0; i < 20; i++) {
      const fields = { idempotency: { key: `k${i}`, digest: DIGEST } };
      other.note({ fields, baseOffset: i, count: 1, timestampMs: 10 + i }, 0);
    }
    expect([memory.producers.size, other.keys.size, counters.forgotten]).toEqual([4, 20, 3]);
    remembered.leave(memory);
    for (let i = 0; i < 4; i++) note(other, `p${i}`, 100 + i);
    expect([other.size, counters.forgotten]).toEqual([100, 3]);
  });
});
