import { describe, expect, it } from "vitest";
import type { Delivery } from "../../../lib/index.ts";
import { within } from "../../support/deadline.ts";
import { publishAll, publishTogether, texts } from "../../support/netlog-fixture.ts";
import { ack, lease, leaseAll, nack, openWork, reopenWork } from "../../support/work-fixture.ts";

const ACK_WAIT_MS = 30_000;

describe("a message that is given out", () => {
  it("is counted, and held by a lease of its own", async () => {
    const { scanner } = await openWork(2);
    const [first, second] = [await lease(scanner), await lease(scanner)];
    expect(first).toMatchObject({ message: { offset: 0, delivery: 1 }, skipped: 0 });
    expect(second).toMatchObject({ message: { offset: 1, delivery: 1 } });
    expect(first!.lease).toMatch(/^[0-9a-f]{32}-1$/);
    expect(second!.lease).not.toBe(first!.lease);
    expect(scanner.describe()).toMatchObject({ next: 2, pending: 2, lag: 0 });
  });

  it("comes back when its lease runs out, before new ones and in the order of offsets", async () => {
    const { scanner, runtime } = await openWork(5);
    await leaseAll(scanner, 2);
    await runtime.advance(10);
    await leaseAll(scanner, 1);
    await runtime.advance(ACK_WAIT_MS - 11);
    expect(await leaseAll(scanner, 1)).toEqual([[3, 1]]);
    await runtime.advance(1);
    expect(await leaseAll(scanner)).toEqual([
      [0, 2],
      [1, 2],
      [4, 1],
    ]);
    await runtime.advance(10);
    expect(await leaseAll(scanner)).toEqual([[2, 2]]);
    expect(scanner.describe().redelivered).toBe(3);
  });

  it("never comes back once it is acknowledged", async () => {
    const { scanner, runtime } = await openWork(2);
    await leaseAll(scanner);
    expect(await ack(scanner, [0])).toEqual({ settled: 1, refused: [] });
    await runtime.advance(ACK_WAIT_MS);
    expect(await leaseAll(scanner)).toEqual([[1, 2]]);
    expect(scanner.describe()).toMatchObject({ pending: 1 });
  });

  it("was not given when its answer did not arrive: it is due at once, and not counted", async () => {
    const { scanner } = await openWork(3);
    const deliveries = await Promise.all([scanner.scan({ waitMs: 0 }), scanner.scan({ waitMs: 0 })]);
    deliveries[0]!.settle(false);
    deliveries[0]!.settle(true);
    expect(await leaseAll(scanner, 1)).toEqual([[0, 1]]);
    deliveries[1]!.settle(false);
    expect(scanner.describe()).toMatchObject({ next: 1, pending: 1, redelivered: 0 });
    expect(await leaseAll(scanner)).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it("stays with the worker that holds it now when an older answer turns out not to have arrived", async () => {
    const { scanner, runtime } = await openWork(1);
    const slow = await scanner.scan({ waitMs: 0 });
    await runtime.advance(ACK_WAIT_MS);
    await leaseAll(scanner);
    slow!.settle(false);
    expect(await leaseAll(scanner)).toEqual([]);
  });

  it("is what a waiting scan gets when it comes back, one each, first come first served", async () => {
    const { scanner } = await openWork(2);
    await leaseAll(scanner);
    const got: [number, number][] = [];
    const waiting = [0, 1, 2].map(async (which) => {
      const delivery = (await scanner.scan({ waitMs: 60_000 })) as Delivery;
      got.push([which, delivery.message.offset]);
    });
    await nack(scanner, [1]);
    await within("the first", waiting[0]!);
    expect(got).toEqual([[0, 1]]);
    await nack(scanner, [0]);
    await within("the second", waiting[1]!);
    expect(got).toEqual([
      [0, 1],
      [1, 0],
    ]);
    await nack(scanner, [1]);
    await within("the third", waiting[2]!);
  });

  it("costs one timer, however many there are", async () => {
    const { scanner, runtime } = await openWork(500);
    const before = runtime.timerCount;
    await leaseAll(scanner);
    expect(scanner.describe().pending).toBe(500);
    expect(runtime.timerCount - before).toBeLessThanOrEqual(2);
  });
});

describe("max_pending", () => {
  it("stops new messages, lets due ones through, and goes on when something is settled", async () => {
    const { scanner, topic } = await openWork(5, { maxPending: 2 });
    expect(await leaseAll(scanner)).toHaveLength(2);
    await nack(scanner, [1]);
    expect(await leaseAll(scanner)).toEqual([[1, 2]]);
    const waiting = scanner.scan({ waitMs: 60_000 });
    await publishAll(topic, texts(1, 5));
    await ack(scanner, [0]);
    expect((await within("the waiting scan", waiting))!.message.offset).toBe(2);
    expect(await leaseAll(scanner)).toEqual([]);
    expect(scanner.describe()).toMatchObject({ pending: 2, next: 3 });
  });

  it("ends a bulk scan with what there is room for", async () => {
    const { scanner } = await openWork(5, { maxPending: 3 });
    const delivery = await scanner.scanMany({ waitMs: 0, max: 10, take: () => true });
    expect(delivery).toMatchObject({ offset: 0, nextOffset: 3, count: 3 });
  });

  it("counts delayed ones", async () => {
    const { scanner } = await openWork(3, { maxPending: 1 });
    await leaseAll(scanner);
    await nack(scanner, [0], 5000);
    expect(await leaseAll(scanner)).toEqual([]);
  });
});

describe("nack", () => {
  it("with a delay does not block those behind it", async () => {
    const { scanner, runtime } = await openWork(3);
    await leaseAll(scanner, 2);
    await nack(scanner, [0], 5000);
    await nack(scanner, [1]);
    expect(await leaseAll(scanner)).toEqual([
      [1, 2],
      [2, 1],
    ]);
    await runtime.advance(4999);
    expect(await leaseAll(scanner)).toEqual([]);
    await runtime.advance(1);
    expect(await leaseAll(scanner)).toEqual([[0, 2]]);
  });
});

describe("touch", () => {
  it("starts the lease anew", async () => {
    const { scanner, runtime } = await openWork(1);
    const delivery = await lease(scanner);
    await runtime.advance(ACK_WAIT_MS - 1);
    expect(await scanner.work.touch({ offsets: [0], lease: delivery!.lease })).toEqual({
      settled: 1,
      refused: [],
    });
    await runtime.advance(ACK_WAIT_MS - 1);
    expect(await leaseAll(scanner)).toEqual([]);
    await runtime.advance(1);
    expect(await leaseAll(scanner)).toEqual([[0, 2]]);
  });

  it("is refused when nobody holds the message", async () => {
    const { scanner } = await openWork(2);
    await leaseAll(scanner);
    await ack(scanner, [0]);
    await nack(scanner, [1]);
    expect(await scanner.work.touch({ offsets: [0, 1], lease: undefined })).toEqual({
      settled: 0,
      refused: [0, 1],
    });
  });
});

describe("a lease token", () => {
  it("settles what its answer holds, and nothing that another one holds now", async () => {
    const { scanner, runtime } = await openWork(2);
    const zombie = await lease(scanner);
    await runtime.advance(ACK_WAIT_MS);
    const holder = await lease(scanner);
    expect(await ack(scanner, [0], zombie!.lease)).toEqual({ settled: 0, refused: [0] });
    expect(await ack(scanner, [0], holder!.lease)).toEqual({ settled: 1, refused: [] });
    expect(await ack(scanner, [0], zombie!.lease)).toEqual({ settled: 0, refused: [0] });
  });

  it("settles twice as well as once", async () => {
    const { scanner } = await openWork(1);
    const delivery = await lease(scanner);
    for (const token of [delivery!.lease, delivery!.lease, undefined]) {
      expect(await ack(scanner, [0], token)).toEqual({ settled: 1, refused: [] });
    }
  });

  it("without offsets means all that it still holds", async () => {
    const { scanner } = await openWork(5);
    const delivery = await scanner.scanMany({ waitMs: 0, max: 4, take: () => true });
    await nack(scanner, [2]);
    const all = { offsets: undefined, lease: delivery!.lease };
    expect(await scanner.work.ack(all)).toEqual({ settled: 3, refused: [] });
    expect(await scanner.work.ack(all)).toEqual({ settled: 0, refused: [] });
    expect(await leaseAll(scanner)).toEqual([
      [2, 2],
      [4, 1],
    ]);
  });

  it("that is none is lost", async () => {
    const { scanner } = await openWork(1);
    await leaseAll(scanner);
    for (const token of ["x", "0-1", "0-0-1"]) {
      expect(await ack(scanner, [0], token)).toEqual({ settled: 0, refused: [0] });
      await expect(scanner.work.ack({ offsets: undefined, lease: token })).rejects.toThrow("lease lost");
    }
  });

  it("is over after a restart, save for what was settled before", async () => {
    const fixture = await openWork(2);
    const [first, second] = [await lease(fixture.scanner), await lease(fixture.scanner)];
    await ack(fixture.scanner, [0], first!.lease);
    await fixture.netlog.close();
    const { scanner } = await reopenWork(fixture.disk, fixture);
    const again = await lease(scanner);
    expect(again).toMatchObject({ message: { offset: 1, delivery: 2 } });
    expect(again!.lease).not.toBe(second!.lease);
    expect(await ack(scanner, [1], second!.lease)).toEqual({ settled: 0, refused: [1] });
    expect(await ack(scanner, [0], first!.lease)).toEqual({ settled: 1, refused: [] });
  });

  it("is one for several scans that are one answer", async () => {
    const { scanner } = await openWork(2);
    const shared = scanner.openLease();
    for (let i = 0; i < 2; i++) {
      const delivery = await scanner.scan({ waitMs: 0, lease: shared });
      expect(delivery!.lease).toBe(shared!.token);
    }
    expect(await scanner.work.ack({ offsets: undefined, lease: shared!.token })).toMatchObject({
      settled: 2,
    });
  });
});

describe("an offset that was never given out", () => {
  it("is not found, and then nothing is settled", async () => {
    const { scanner } = await openWork(3);
    await leaseAll(scanner, 1);
    await expect(ack(scanner, [0, 1])).rejects.toThrow("offset not found");
    await expect(nack(scanner, [7])).rejects.toThrow("offset not found");
    expect(scanner.describe().pending).toBe(1);
  });

  it("nor is one whose answer did not arrive", async () => {
    const { scanner } = await openWork(2);
    const [first] = [await scanner.scan({ waitMs: 0 }), await scanner.scan({ waitMs: 0 })];
    first!.settle(false);
    await expect(ack(scanner, [0])).rejects.toThrow("offset not found");
  });
});

describe("seek", () => {
  it("back gives everything again, as if it never had", async () => {
    const { scanner } = await openWork(3);
    const delivery = await lease(scanner);
    await lease(scanner);
    await ack(scanner, [1]);
    await scanner.seek(0);
    expect(scanner.describe()).toMatchObject({ next: 0, pending: 0 });
    expect(await ack(scanner, [0], delivery!.lease)).toEqual({ settled: 0, refused: [0] });
    await expect(ack(scanner, [0])).rejects.toThrow("offset not found");
    expect(await leaseAll(scanner)).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ]);
  });

  it("forward settles what is before it", async () => {
    const { scanner, runtime } = await openWork(3);
    await leaseAll(scanner, 1);
    await scanner.seek(2);
    await runtime.advance(ACK_WAIT_MS);
    expect(await leaseAll(scanner)).toEqual([[2, 1]]);
    expect(await ack(scanner, [0])).toEqual({ settled: 1, refused: [] });
  });

  it("wakes who waits, and what was out then changes nothing any more", async () => {
    const { scanner } = await openWork(1);
    const out = await scanner.scan({ waitMs: 0 });
    const waiting = scanner.scan({ waitMs: 60_000 });
    await scanner.seek(0);
    expect((await within("the waiting scan", waiting))!.message.offset).toBe(0);
    out!.settle(false);
    expect(await leaseAll(scanner)).toEqual([]);
  });

  it("moves a plain scanner, which gives back nothing of before", async () => {
    const { topic } = await openWork(4);
    const scanner = await topic.createScanner({ from: 0, persist: true });
    const out = await scanner.scan({ waitMs: 0 });
    await scanner.seek(2);
    out!.settle(false);
    expect((await scanner.scan({ waitMs: 0 }))!.message.offset).toBe(2);
    await scanner.seek(0);
    expect((await scanner.scan({ waitMs: 0 }))!.message.offset).toBe(0);
  });
});

describe("retention that overtakes", () => {
  it("takes due messages, which are reported as skipped and counted", async () => {
    const payload = "x".repeat(400);
    const fixture = await openWork(0, {}, {}, { segment_size: 1024, segment_age: "1h" });
    const { topic, scanner, runtime } = fixture;
    await publishAll(topic, [payload, payload]);
    await leaseAll(scanner);
    await publishAll(topic, [payload]);
    await runtime.advance(2 * 3_600_000);
    await publishTogether(topic, [payload]);
    await topic.upkeep(10_000);
    const { first_offset } = await topic.info();
    expect(first_offset).toBeGreaterThanOrEqual(2);
    const delivery = await lease(scanner);
    expect(delivery).toMatchObject({ message: { offset: first_offset }, skipped: first_offset });
    expect(scanner.describe()).toMatchObject({ skipped: first_offset, pending: 1 });
  });
});
