import { describe, expect, test } from "vitest";
import type { Scanner, ScannerRequest, Topic } from "../../../lib/index.ts";
import { within } from "../../support/deadline.ts";
import { openNetlog, told } from "../../support/netlog-fixture.ts";
import { ack, lease, leaseAll, nack, openWork, reopenWork } from "../../support/work-fixture.ts";

const MIB = 1024 * 1024;
const KEYS = ["a", "b", undefined, "a", "c", "b"];

/** `m0`, `m1`, … with these keys, in a frame each. */
async function publish(topic: Topic, keys: readonly (string | undefined)[], from = 0): Promise<void> {
  for (const [i, key] of keys.entries()) {
    await topic.publish({ payload: Buffer.from(`m${from + i}`), ...(key && { key }) });
  }
}

async function take(scanner: Scanner, waitMs = 0): Promise<[number, string] | undefined> {
  const delivery = await within("a scan", scanner.scan({ waitMs }));
  delivery?.settle(true);
  return told(delivery);
}

const END = expect.objectContaining({ code: "end_of_topic", details: {} });

describe.each<[string, ScannerRequest]>([
  ["a scanner", {}],
  ["a persistent scanner", { persist: true }],
  ["a scanner with acknowledgements", { ack: "explicit" }],
])("%s that reads by key", (_, request) => {
  test("gives the messages with one of its keys, and passes over the others", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await publish(topic, KEYS);
    const { scanner } = await topic.findOrCreateScanner({ ...request, from: 0, keys: ["b", "c", "b"] });
    expect([await take(scanner), await take(scanner), await take(scanner)]).toEqual([
      [1, "m1"],
      [4, "m4"],
      [5, "m5"],
    ]);
    await expect(take(scanner)).rejects.toEqual(END);
    expect(scanner.describe()).toMatchObject({ next: 6, lag: 0, skipped: 0, settings: { key: ["b", "c"] } });
  });

  test("gives many at a time", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await publish(topic, KEYS);
    const { scanner } = await topic.findOrCreateScanner({ ...request, from: 0, keys: ["a"] });
    const offsets: number[] = [];
    const accept = ({ offset }: { offset: number }) => offsets.push(offset) > 0;
    const delivery = await within("a scan", scanner.scanMany({ waitMs: 0, max: 10, take: accept }));
    expect(offsets).toEqual([0, 3]);
    expect(delivery).toMatchObject({ offset: 0, nextOffset: 4, count: 2 });
    delivery?.settle(true);
    expect(scanner.describe()).toMatchObject({ next: 6, lag: 0 });
  });

  test("waits for a message of its own while others come", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const { scanner } = await topic.findOrCreateScanner({ ...request, from: 0, keys: ["k"] });
    const waiting = take(scanner, 60_000);
    await publish(topic, ["a", undefined, "b"]);
    expect(scanner.describe()).toMatchObject({ next: 3, pending: 0 });
    await publish(topic, ["k"], 3);
    expect(await waiting).toEqual([3, "m3"]);
  });

  test("passes over so much at most in one scan, and goes on behind it", async () => {
    const { netlog } = await openNetlog({ limits: { keySearchBytes: MIB } });
    const topic = await netlog.createTopic("t");
    const large = Array.from({ length: 6 }, () => topic.publish({ payload: Buffer.alloc(MIB / 4) }));
    await Promise.all(large);
    await publish(topic, ["k"], 6);
    const { scanner } = await topic.findOrCreateScanner({ ...request, from: 0, keys: ["k"] });
    await expect(take(scanner, 60_000)).rejects.toMatchObject({
      code: "end_of_topic",
      details: { isMore: true, nextOffset: 4 },
    });
    expect(scanner.describe()).toMatchObject({ next: 4, lag: 3, pending: 0, skipped: 0 });
    expect(await take(scanner)).toEqual([6, "m6"]);
  });

  test("gives what it has when it has passed over so much behind it", async () => {
    const { netlog } = await openNetlog({ limits: { keySearchBytes: MIB } });
    const topic = await netlog.createTopic("t");
    await publish(topic, ["k"]);
    for (let i = 0; i < 6; i++) await topic.publish({ payload: Buffer.alloc(MIB / 4) });
    const { scanner } = await topic.findOrCreateScanner({ ...request, from: 0, keys: ["k"] });
    const delivery = await scanner.scanMany({ waitMs: 0, max: 10, take: () => true });
    expect(delivery).toMatchObject({ offset: 0, count: 1 });
    delivery?.settle(true);
    await expect(take(scanner)).rejects.toEqual(END);
  });

  test("what did not arrive is given again", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await publish(topic, KEYS);
    const { scanner } = await topic.findOrCreateScanner({ ...request, from: 0, keys: ["a"] });
    const first = await scanner.scan({ waitMs: 0 });
    const second = await scanner.scan({ waitMs: 0 });
    first?.settle(false);
    second?.settle(true);
    expect(await take(scanner)).toEqual([0, "m0"]);
    await expect(take(scanner)).rejects.toEqual(END);
  });

  test("is found by its name with the same keys in any order, and is another one with others", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const named = { ...request, id: "s", from: 0 };
    await topic.findOrCreateScanner({ ...named, keys: ["a", "b"] });
    expect(await topic.findOrCreateScanner({ ...named, keys: ["b", "a"] })).toMatchObject({ isNew: false });
    expect(await topic.findOrCreateScanner({ id: "s" })).toMatchObject({ isNew: false });
    const other = topic.findOrCreateScanner({ ...named, keys: ["a"] });
    await expect(other).rejects.toMatchObject({
      code: "scanner_exists",
      reason: expect.stringContaining("key"),
    });
  });

  test("has 64 keys at most, each of which a message can have", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const keys = Array.from({ length: 65 }, (__, i) => `k${i}`);
    for (const bad of [keys, [""], ["k".repeat(1025)]]) {
      const creating = topic.findOrCreateScanner({ ...request, from: 0, keys: bad });
      await expect(creating).rejects.toMatchObject({ code: "bad_request" });
    }
    expect(topic.scannerCount).toBe(0);
  });
});

test("a persistent scanner is there with its keys after a restart, where it was", async () => {
  const { netlog, disk, runtime } = await openNetlog();
  const topic = await netlog.createTopic("t");
  await publish(topic, KEYS);
  const keys = Array.from({ length: 62 }, (_, i) => `${10 + i}`.repeat(512));
  await topic.findOrCreateScanner({ id: "many", persist: true, from: 0, keys: [...keys, "b", "a"] });
  await topic.findOrCreateScanner({ id: "s", persist: true, from: 0, keys: ["b"], expireMs: 90_000 });
  await topic.findOrCreateScanner({ id: "all", persist: true, from: 0 });
  expect(await take(topic.scanner("s"))).toEqual([1, "m1"]);
  await netlog.close();
  const again = (await openNetlog({ disk, runtime })).netlog.topic("t");
  expect(again.scanner("s").describe()).toMatchObject({ settings: { key: ["b"], expire: "1m30s" } });
  expect(await take(again.scanner("s"))).toEqual([5, "m5"]);
  expect(await take(again.scanner("many"))).toEqual([0, "m0"]);
  expect(again.scanner("many").describe().settings.key).toHaveLength(64);
  expect(again.scanner("all").describe().settings).not.toHaveProperty("key");
});

test("a scanner that found nothing keeps what it passed over", async () => {
  const { netlog, disk, runtime } = await openNetlog();
  const topic = await netlog.createTopic("t");
  await publish(topic, KEYS);
  await topic.findOrCreateScanner({ id: "s", persist: true, from: 0, keys: ["k"] });
  await topic.findOrCreateScanner({ id: "w", ack: "explicit", from: 0, keys: ["k"] });
  for (const id of ["s", "w"]) await expect(take(topic.scanner(id))).rejects.toEqual(END);
  await netlog.close();
  const again = (await openNetlog({ disk, runtime })).netlog.topic("t");
  expect(["s", "w"].map((id) => again.scanner(id).info().next)).toEqual([6, 6]);
});

describe.each<[string, ScannerRequest, string]>([
  ["a persistent scanner", { persist: true }, "s.scanner"],
  ["a scanner with acknowledgements", { ack: "explicit" }, "s.leases"],
])("%s that waits while messages of other keys come", (_, request, file) => {
  async function waiting() {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const { scanner } = await topic.findOrCreateScanner({ ...request, id: "s", from: 0, keys: ["k"] });
    const scan = take(scanner, 60_000);
    const bytes = () => disk.bytesOf(`/data/t/scanners/${file}`);
    const before = bytes();
    const pass = async (from: number) => {
      await publish(topic, ["a", undefined, "b"], from);
      expect(scanner.info().next).toBe(from + 3);
      await runtime.advance(0);
    };
    await pass(0);
    await pass(3);
    expect(bytes()).toEqual(before);
    const reopen = async (left = disk) =>
      (await openNetlog({ disk: left, runtime })).netlog.topic("t").scanner("s").info();
    return { netlog, runtime, disk, scan, pass, bytes, before, reopen };
  }

  test("writes its file when its wait is over, and not for each of them", async () => {
    const { scan, runtime, bytes, before, disk, reopen } = await waiting();
    const ended = expect(scan).rejects.toEqual(END);
    await runtime.advance(60_000);
    await ended;
    await runtime.advance(0);
    expect(bytes()).not.toEqual(before);
    expect(await reopen(disk.crashProcess())).toMatchObject({ next: 6 });
  });

  test("is there behind them after a stop", async () => {
    const { scan, netlog, reopen } = await waiting();
    const ended = expect(scan).rejects.toMatchObject({ code: "shutting_down" });
    await netlog.close();
    await ended;
    expect(await reopen()).toMatchObject({ next: 6 });
  });
});

test("a scanner whose keys were damaged is no scanner, and gives nothing that is not for it", async () => {
  const { netlog, disk, runtime } = await openNetlog();
  const topic = await netlog.createTopic("t");
  await topic.findOrCreateScanner({ id: "s", persist: true, from: 0, keys: ["b"] });
  await netlog.close();
  const path = "/data/t/scanners/s.scanner";
  const bytes = disk.bytesOf(path);
  for (const damaged of [bytes.subarray(0, 8192), Buffer.concat([bytes.subarray(0, -1), Buffer.from("c")])]) {
    disk.replaceBytes(path, damaged);
    const opened = await openNetlog({ disk, runtime });
    expect(() => opened.netlog.topic("t").scanner("s")).toThrow(
      expect.objectContaining({ code: "topic_unavailable" }),
    );
    await opened.netlog.close();
  }
});

describe("a scanner with acknowledgements that reads by key", () => {
  test("holds as pending what it gave alone, over a restart as well", async () => {
    const first = await openWork(0, { keys: ["a"], maxPending: 1 });
    await publish(first.topic, KEYS);
    expect(await leaseAll(first.scanner)).toEqual([[0, 1]]);
    expect(first.scanner.describe()).toMatchObject({ pending: 1, next: 1 });
    await ack(first.scanner, [0]);
    expect(await leaseAll(first.scanner)).toEqual([[3, 1]]);
    await nack(first.scanner, [3]);
    expect(await leaseAll(first.scanner)).toEqual([[3, 2]]);
    await first.netlog.close();
    const again = await reopenWork(first.disk, first);
    expect(again.scanner.describe()).toMatchObject({ settings: { key: ["a"], max_pending: 1 }, pending: 1 });
    expect((await lease(again.scanner))?.message).toMatchObject({ offset: 3, delivery: 3 });
    await ack(again.scanner, [3]);
    expect(await leaseAll(again.scanner)).toEqual([]);
    expect(again.scanner.describe()).toMatchObject({ next: 6, pending: 0, skipped: 0 });
  });

  test("can be moved, and passes over what is there", async () => {
    const { topic, scanner } = await openWork(0, { keys: ["b"] });
    await publish(topic, KEYS);
    expect(await leaseAll(scanner)).toEqual([
      [1, 1],
      [5, 1],
    ]);
    await scanner.seek(2);
    expect(await leaseAll(scanner)).toEqual([[5, 1]]);
  });
});
