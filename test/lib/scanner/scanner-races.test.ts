import { describe, expect, it } from "vitest";
import { LIMITS, NetlogError } from "../../../lib/index.ts";
import type { Log, WakeReason } from "../../../lib/log/log.ts";
import type { MessageCursor } from "../../../lib/reading/message-reader.ts";
import type { PlacedEntry } from "../../../lib/reading/set-cache.ts";
import { PlainPosition } from "../../../lib/scanner/plain-position.ts";
import type { Delivery } from "../../../lib/scanner/scan-request.ts";
import { Scanner } from "../../../lib/scanner/scanner.ts";
import { within } from "../../support/deadline.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";

/** As much of a log and its messages as a scanner sees, each read answered by hand. */
class ScriptedLog {
  logStartOffset = 0;
  highWatermark = 0;
  readonly waiters = new Set<(reason: WakeReason) => void>();
  /** Reads under way, oldest first. */
  readonly reads: { offset: number; finish: () => void; fail: (error: unknown) => void }[] = [];

  waitFor(_offset: number, wake: (reason: WakeReason) => void): () => void {
    this.waiters.add(wake);
    return () => this.waiters.delete(wake);
  }

  commit(highWatermark: number): void {
    this.highWatermark = highWatermark;
    const woken = [...this.waiters];
    this.waiters.clear();
    for (const wake of woken) wake("readable");
  }

  /** A set of one message. */
  readEntry(offset: number): Promise<PlacedEntry> {
    return new Promise((resolve, reject) => {
      const entry = {
        crc32: () => 0,
        fieldBytes: () => undefined,
        payload: () => Buffer.from(`m${offset}`),
      } as unknown as PlacedEntry["entry"];
      const finish = () =>
        resolve({ baseOffset: offset, endOffset: offset + 1, timestampMs: 0, entry, typeField: undefined });
      this.reads.push({ offset, finish, fail: reject });
    });
  }

  release(): void {}

  /** Answers the read that is under way, and lets the scanner act on it. */
  async finishRead(): Promise<number> {
    const read = this.reads.shift()!;
    read.finish();
    await turn();
    return read.offset;
  }

  async failRead(error: unknown): Promise<void> {
    this.reads.shift()!.fail(error);
    await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function newScanner() {
  const log = new ScriptedLog();
  const runtime = new ManualRuntime();
  const saved: number[] = [];
  const scanner = new Scanner({
    id: "s",
    from: 0,
    isPersistent: true,
    settings: { work: undefined, expireMs: undefined, keys: undefined },
    position: new PlainPosition(log as unknown as Log, 0, {
      save: (next) => saved.push(next),
      move: () => Promise.resolve(),
    }),
    log: log as unknown as Log,
    cursor: log as unknown as MessageCursor,
    runtime,
    limits: LIMITS,
  });
  /** Takes `count` messages, none of them settled. */
  const take = async (count: number): Promise<Delivery[]> => {
    const deliveries: Delivery[] = [];
    for (let i = 0; i < count; i++) {
      const scan = scanner.scan({ waitMs: 0 });
      await log.finishRead();
      deliveries.push((await within("a delivery", scan))!);
    }
    return deliveries;
  };
  return { log, runtime, saved, scanner, take };
}

describe("the position of a scanner", () => {
  it("is never ahead of a message that is out, or that came back", async () => {
    const { log, saved, take } = newScanner();
    log.highWatermark = 5;
    const [first, second, third] = await take(3);
    third!.settle(true);
    expect(saved).toEqual([]);
    first!.settle(true);
    expect(saved).toEqual([1]);
    second!.settle(false);
    const [fourth] = await take(1);
    expect(fourth!.message.offset).toBe(1);
    fourth!.settle(true);
    expect(saved).toEqual([1, 3]);
  });

  it("is not written any more when the scanner has ended", async () => {
    const { log, saved, scanner, take } = newScanner();
    log.highWatermark = 2;
    const [first, second] = await take(2);
    void scanner.end("scanner_not_found");
    first!.settle(true);
    second!.settle(false);
    expect(saved).toEqual([]);
    expect(log.reads).toEqual([]);
  });

  it("moves behind damage that a client has seen", async () => {
    const { log, saved, scanner } = newScanner();
    log.highWatermark = 9;
    const scan = expect(scanner.scan({ waitMs: 0 })).rejects.toMatchObject({ code: "checksum_error" });
    await log.failRead(new NetlogError("checksum_error", { details: { offset: 0, nextOffset: 7 } }));
    await scan;
    expect(saved).toEqual([7]);
    expect(scanner.info().next).toBe(7);
  });
});

describe("what happens while a message is being read", () => {
  it("a client that leaves takes neither the message nor the word of damage; the next in line does", async () => {
    const { log, scanner } = newScanner();
    let leave = () => {};
    const onWaiting = (cancel: () => void) => {
      leave = cancel;
    };
    const left = scanner.scan({ waitMs: 1000, onWaiting });
    const next = scanner.scan({ waitMs: 1000 });
    log.commit(1);
    leave();
    await log.finishRead();
    expect(await within("the one that left", left)).toBeUndefined();
    expect((await within("the next in line", next))!.message.offset).toBe(0);

    const alone = scanner.scan({ waitMs: 1000, onWaiting });
    log.commit(2);
    leave();
    await log.failRead(new NetlogError("checksum_error", { details: { offset: 1, nextOffset: 2 } }));
    expect(await within("the one that left", alone)).toBeUndefined();
    expect(scanner.info().next).toBe(1);
  });

  it("a message that comes back goes first", async () => {
    const { log, scanner, take } = newScanner();
    log.highWatermark = 3;
    const [first] = await take(1);
    const scans = [scanner.scan({ waitMs: 0 }), scanner.scan({ waitMs: 0 })];
    first!.settle(false);
    expect(await log.finishRead()).toBe(1);
    expect(await log.finishRead()).toBe(0);
    expect(await log.finishRead()).toBe(1);
    const given = await within("both", Promise.all(scans));
    expect(given.map((delivery) => delivery!.message.offset)).toEqual([0, 1]);
  });

  it("retention that is faster is a gap, not an error", async () => {
    const { log, scanner } = newScanner();
    log.highWatermark = 10;
    const scan = scanner.scan({ waitMs: 0 });
    log.logStartOffset = 8;
    await log.failRead(new NetlogError("offset_not_found", { details: { firstOffset: 8 } }));
    expect(await log.finishRead()).toBe(8);
    expect(await within("the scan", scan)).toMatchObject({ skipped: 8, message: { offset: 8 } });
  });

  it("a deadline that passes ends the scan, and the message stays", async () => {
    const { log, runtime, scanner } = newScanner();
    const late = expect(scanner.scan({ waitMs: 1000 })).rejects.toMatchObject({ code: "end_of_topic" });
    log.commit(1);
    await runtime.advance(1000);
    await within("the late one", late);
    await log.finishRead();
    expect(scanner.info().next).toBe(0);
  });

  it("one read is under way at a time, however many scans there are", async () => {
    const { log, scanner } = newScanner();
    log.highWatermark = 3;
    const scans = [1, 2, 3].map(() => scanner.scan({ waitMs: 0 }));
    expect(log.reads).toHaveLength(1);
    for (let i = 0; i < 3; i++) await log.finishRead();
    const given = await within("all", Promise.all(scans));
    expect(given.map((delivery) => delivery!.message.offset)).toEqual([0, 1, 2]);
  });

  it("a scan that does not wait is answered when those before it took all there was", async () => {
    const { log, scanner } = newScanner();
    log.highWatermark = 1;
    const first = scanner.scan({ waitMs: 0 });
    const second = expect(scanner.scan({ waitMs: 0 })).rejects.toMatchObject({ code: "end_of_topic" });
    await log.finishRead();
    expect((await within("the first", first))!.message.offset).toBe(0);
    await within("the second", second);
  });
});

describe("what waits", () => {
  it("is one waiter of the log for all scans, and none when all have left", async () => {
    const { log, runtime, scanner } = newScanner();
    const leave: (() => void)[] = [];
    const scans = [1, 2, 3].map(() =>
      scanner.scan({ waitMs: 1000, onWaiting: (cancel) => leave.push(cancel) }),
    );
    expect(log.waiters.size).toBe(1);
    for (const cancel of leave) cancel();
    await within("all", Promise.all(scans));
    expect(log.waiters.size).toBe(0);
    expect(runtime.timerCount).toBe(0);
    const timedOut = expect(scanner.scan({ waitMs: 1000 })).rejects.toMatchObject({ code: "end_of_topic" });
    expect(log.waiters.size).toBe(1);
    await runtime.advance(1000);
    await timedOut;
    expect(log.waiters.size).toBe(0);
  });

  it("is in use for as long as it waits", async () => {
    const { log, scanner } = newScanner();
    expect(scanner.addIdleMs(5)).toBe(5);
    const scan = scanner.scan({ waitMs: 1000 });
    expect(scanner.addIdleMs(5)).toBe(0);
    log.commit(1);
    await log.finishRead();
    await scan;
    expect(scanner.addIdleMs(5)).toBe(5);
    expect(scanner.addIdleMs(5)).toBe(10);
  });

  it("may be ended by the listener that hears that it waits", async () => {
    const { log, runtime, scanner } = newScanner();
    log.highWatermark = 1;
    const first = scanner.scan({ waitMs: 1000 });
    let told = 0;
    const onWaiting = () => {
      told++;
      void scanner.end("topic_not_found");
    };
    const ended = [1, 2].map(() =>
      scanner.scan({ waitMs: 1000, onWaiting }).catch((error: unknown) => error),
    );
    await log.finishRead();
    await first;
    const gone = expect.objectContaining({ code: "topic_not_found" });
    expect(await within("both", Promise.all(ended))).toEqual([gone, gone]);
    expect(told).toBe(1);
    expect(runtime.timerCount).toBe(0);
  });
});
