/** What a log on NATS does where nothing fails. */
import { describe, expect, test } from "vitest";
import {
  JetStreamApi,
  type MessageChoice,
  type StoredMessage,
} from "../../../../lib/jetstream/nats/jetstream-api.ts";
import { framesOf } from "../../../../lib/log/frame.ts";
import type { AppendGuard } from "../../../../lib/log/log.ts";
import { appendAll, entry } from "../../../support/log-fixture.ts";
import { ManualRuntime } from "../../../support/manual-runtime.ts";
import { hasNats } from "../../../support/nats.ts";
import { natsOfFile } from "../engine-fixture.ts";
import { newServer, newTopic, newTopicLog, openTopicLog, textsOf } from "./stream-log-fixture.ts";

/** A copy that has the first message, a claim, in the place of each. */
class DifferentCopy extends JetStreamApi {
  differs = false;

  override async anyCopysMessage(stream: string, choice: MessageChoice): Promise<StoredMessage | undefined> {
    const message = await super.anyCopysMessage(stream, this.differs ? { sequence: 1 } : choice);
    return message && "sequence" in choice ? { ...message, sequence: choice.sequence } : message;
  }
}

const texts = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `m${from + i}`);

describe.skipIf(!hasNats)("a log on NATS", () => {
  const nats = natsOfFile();

  test("gives dense offsets, and reads from memory what it wrote", async () => {
    const { log } = await newTopicLog(nats.current);
    const appended = await Promise.all(log.append([entry("a"), entry("bcd", 3), entry("e")]));
    expect(appended.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 4]);
    expect(log).toMatchObject({ logStartOffset: 0, logEndOffset: 5, highWatermark: 5, syncedEndOffset: 5 });
    const run = log.openCursor().readHeld(2, 1000);
    expect(run).toMatchObject({ baseOffset: 1, endOffset: 5 });
    expect([...framesOf(run!.bytes)].map((frame) => frame.entry.toString())).toEqual(["bcd", "e"]);
    expect(log.openCursor().readHeld(5, 1000)).toBeUndefined();
  });

  test("shows nothing that is not stored", async () => {
    const { log } = await newTopicLog(nats.current);
    const [first] = log.append([entry("a")]);
    expect(log).toMatchObject({ logEndOffset: 1, highWatermark: 0 });
    expect(log.openCursor().readHeld(0, 1000)).toBeUndefined();
    expect(await log.openCursor().read(0, 1000)).toBeUndefined();
    await first;
    expect(log.highWatermark).toBe(1);
  });

  test("has everything after another server took it over", async () => {
    const { log, shared, topic } = await newTopicLog(nats.current);
    await appendAll(log, texts(20));
    await log.close();
    const other = await newServer(nats.current);
    const { log: taken } = await openTopicLog(other, topic);
    expect(taken).toMatchObject({ logStartOffset: 0, logEndOffset: 20, highWatermark: 20 });
    expect(await textsOf(taken)).toEqual(texts(20));
    await appendAll(taken, texts(5, 20));
    expect(await textsOf(taken, 17, 1)).toEqual(texts(8, 17));
    expect(shared.engineCounters.takeovers + other.engineCounters.takeovers).toBe(2);
  });

  test("joins what waits in few messages of NATS", async () => {
    const { log, shared } = await newTopicLog(nats.current);
    const appended = texts(500).flatMap((text) => log.append([entry(text)]));
    await Promise.all(appended);
    expect(shared.engineCounters.acks).toBeLessThan(20);
    expect(await textsOf(log)).toEqual(texts(500));
  });

  test("reads history message by message and through a consumer, from any offset", async () => {
    const limits = { engineSingleReads: 4, engineFetchMessages: 16, tailBytes: 1 };
    const { log, shared, topic } = await newTopicLog(nats.current, {}, { limits });
    for (let from = 0; from < 300; from += 3)
      await Promise.all(log.append(texts(3, from).map((text) => entry(text))));
    await log.close();
    const reader = await newServer(nats.current, { limits });
    const { log: taken } = await openTopicLog(reader, topic);
    expect(await textsOf(taken, 0, 1)).toEqual(texts(300));
    expect(reader.engineCounters.fetchedReads).toBeGreaterThan(60);
    expect(reader.engineCounters.singleReads).toBeLessThan(40);
    reader.history.clear();
    for (const offset of [0, 1, 2, 150, 151, 152, 298, 299]) {
      const run = await taken.openCursor().read(offset, 1);
      expect(run).toMatchObject({ baseOffset: offset, endOffset: offset + 1 });
      expect([...framesOf(run!.bytes)][0]!.entry.toString()).toBe(`m${offset}`);
    }
    expect(await textsOf(taken, 100, 1_000_000)).toEqual(texts(200, 100));
    const buffer = Buffer.alloc(100_000);
    const joined = await taken.openCursor().read(150, 100_000, buffer);
    expect(joined).toMatchObject({ baseOffset: 150, endOffset: 300 });
    expect(joined!.bytes.buffer).toBe(buffer.buffer);
    expect(shared.engineCounters.fetchedReads).toBe(0);
  });

  test("finds messages by time", async () => {
    const runtime = new ManualRuntime();
    const { log, topic } = await newTopicLog(nats.current, { segmentSizeBytes: 1024 }, { runtime });
    const times: number[] = [];
    for (let i = 0; i < 60; i++) {
      await runtime.advance(1000);
      const [appended] = await Promise.all(log.append([entry("x".repeat(50))]));
      times.push(appended!.timestampMs);
    }
    await log.close();
    const { log: taken } = await openTopicLog(await newServer(nats.current, { runtime }), topic);
    for (const offset of [0, 1, 30, 58, 59]) {
      expect(await taken.offsetAt(times[offset]!)).toBe(offset);
      expect(await taken.offsetAt(times[offset]! - 999)).toBe(offset);
    }
    expect(await taken.offsetAt(0)).toBe(0);
    expect(await taken.offsetAt(times[59]! + 1)).toBe(60);
  });

  test("never goes back in time, and stamps no later than it has to", async () => {
    const runtime = new ManualRuntime();
    const { log, topic } = await newTopicLog(nats.current, {}, { runtime });
    const [first] = await Promise.all(log.append([entry("a")]));
    const behind = new ManualRuntime({ nowMs: runtime.now() - 60_000 });
    const { log: taken } = await openTopicLog(await newServer(nats.current, { runtime: behind }), topic);
    const [second] = await Promise.all(taken.append([entry("b")]));
    expect(second!.timestampMs).toBe(first!.timestampMs);
  });

  test("rolls by size, finds its segments again, and drops the oldest", async () => {
    const limits = { segmentSizeBytes: 1024 };
    const { log, topic, shared } = await newTopicLog(nats.current, limits);
    for (let i = 0; i < 50; i++) await Promise.all(log.append([entry("x".repeat(100))]));
    const { segments } = await log.describe();
    expect(segments.length).toBe(8);
    for (const { dataSizeBytes } of segments) expect(dataSizeBytes).toBeLessThanOrEqual(1024);
    expect(segments.map(({ baseOffset }) => baseOffset)).toEqual([0, 7, 14, 21, 28, 35, 42, 49]);
    await log.close();

    const { log: taken } = await openTopicLog(shared, topic, { ...limits, retentionSizeBytes: 3000 });
    const reopened = await taken.describe();
    expect(reopened.segments).toEqual(segments);
    expect(reopened.diskSizeBytes).toBe(50 * 140);
    await taken.applyRetention(0, 20);
    expect(taken.logStartOffset).toBe(14);
    await taken.applyRetention(0);
    expect(taken.logStartOffset).toBe(35);
    await expect(taken.openCursor().read(34, 100)).rejects.toMatchObject({
      code: "offset_not_found",
      details: { firstOffset: 35 },
    });
    expect(await textsOf(taken)).toHaveLength(15);
    const before = await shared.api.streamInfo(shared.names.logStream(topic));
    await taken.close();
    const { log: third } = await openTopicLog(shared, topic, limits);
    expect(third).toMatchObject({ logStartOffset: 35, logEndOffset: 50 });
    expect((await third.describe()).segments).toEqual(segments.slice(5));
    expect(before!.state.first_seq).toBeGreaterThan(35);
  });

  test("drops all messages by age, and still knows its end and its owner", async () => {
    const runtime = new ManualRuntime();
    const { log, topic, shared } = await newTopicLog(nats.current, { segmentAgeMs: 8000 }, { runtime });
    await appendAll(log, texts(5));
    await runtime.advance(1001);
    await log.applyRetention(0);
    expect((await log.describe()).segments.map(({ baseOffset }) => baseOffset)).toEqual([0, 5]);
    await runtime.advance(10_000);
    await log.applyRetention(runtime.now() - 8000);
    expect(log).toMatchObject({ logStartOffset: 5, logEndOffset: 5, diskSizeBytes: 0 });
    const { names, api } = shared;
    expect(await api.message(names.logStream(topic), { lastOf: names.ownerSubject(topic) })).toBeDefined();
    await log.close();
    const { log: taken } = await openTopicLog(await newServer(nats.current, { runtime }), topic);
    expect(taken).toMatchObject({ logStartOffset: 5, logEndOffset: 5 });
    await appendAll(taken, ["next"]);
    expect(await textsOf(taken)).toEqual(["next"]);
    expect(taken.newestAtMs).toBe(runtime.now());
  });

  test("asks guards where it gives offsets, and answers a duplicate when the original is stored", async () => {
    const { log } = await newTopicLog(nats.current);
    const written: number[] = [];
    const guard = (): AppendGuard => ({
      identity: "k",
      subject: "k",
      original: () => {
        if (written.length === 0) return undefined;
        return { baseOffset: written[0]!, endOffset: written[0]! + 1, timestampMs: 1, count: 1 };
      },
      require: () => {},
      written: (offset) => written.push(offset),
    });
    const guarded = () => ({ ...entry("g"), guard: guard(), durability: "written" as const });
    const [plain, first, second] = log.append([entry("a"), guarded(), guarded()]);
    expect(written).toEqual([1]);
    expect(log.highWatermark).toBe(0);
    expect(await plain).toMatchObject({ baseOffset: 0 });
    expect(await first).toMatchObject({ baseOffset: 1 });
    expect(await second).toMatchObject({ baseOffset: 1, original: { baseOffset: 1 } });
    expect(log.logEndOffset).toBe(2);
  });

  test("takes frames of another log with their offsets and times", async () => {
    const { log: source } = await newTopicLog(nats.current);
    await appendAll(source, texts(10));
    const run = await source.openCursor().read(0, 100_000);
    const { log } = await newTopicLog(nats.current);
    await log.appendFrames(run!.bytes, "synced");
    const copied = await log.openCursor().read(0, 100_000);
    const facts = (bytes: Buffer) =>
      [...framesOf(bytes)].map(({ header, entry: e }) => [header.baseOffset, header.timestampMs, `${e}`]);
    expect(facts(copied!.bytes)).toEqual(facts(run!.bytes));
    await expect(log.appendFrames(run!.bytes, "synced")).rejects.toMatchObject({
      code: "bad_request",
      details: { nextOffset: 10 },
    });
  });

  test("ends with an entry that closes, or without one, and wakes who waits", async () => {
    const { log } = await newTopicLog(nats.current);
    const woken = new Promise((resolve) => log.waitFor(1, resolve));
    const [closing, late] = log.append([{ ...entry("last"), closes: true }, entry("late")]);
    await closing;
    await expect(late).rejects.toMatchObject({ code: "topic_closed", details: { nextOffset: 1 } });
    expect(await woken).toBe("ended");
    expect(log).toMatchObject({ isEnded: true, isClosing: true });

    const { log: other } = await newTopicLog(nats.current);
    const before = other.append([entry("a")]);
    let kept = false;
    await other.closeForGood(() => {
      expect(other.highWatermark).toBe(1);
      kept = true;
      return Promise.resolve();
    });
    expect(await before[0]).toMatchObject({ baseOffset: 0 });
    expect(kept).toBe(true);
    await expect(other.append([entry("b")])[0]).rejects.toMatchObject({ code: "topic_closed" });
  });

  test("is checked past its caches, and names what is missing", async () => {
    const { log, shared, topic } = await newTopicLog(nats.current);
    await appendAll(log, texts(10));
    const stepsOf = async (from: number): Promise<unknown[]> => {
      const steps: unknown[] = [];
      for await (const step of log.verify(from)) {
        if (step.kind === "frames") steps.push([step.run.baseOffset, step.run.endOffset]);
        else steps.push({ damaged: [step.damage.offset, step.damage.nextOffset] });
      }
      return steps;
    };
    expect(await stepsOf(4)).toEqual([4, 5, 6, 7, 8, 9].map((offset) => [offset, offset + 1]));
    await shared.api.call(`STREAM.MSG.DELETE.${shared.names.logStream(topic)}`, { seq: 8 });
    expect(await stepsOf(5)).toEqual([[5, 6], { damaged: [6, 7] }, [7, 8], [8, 9], [9, 10]]);
    await log.close();
    const { log: taken } = await openTopicLog(await newServer(nats.current), topic);
    await expect(taken.openCursor().read(6, 100)).rejects.toMatchObject({
      code: "checksum_error",
      details: { offset: 6, nextOffset: 7 },
    });
    expect(await textsOf(taken, 7)).toEqual(texts(3, 7));
  });

  test("is read as the stream's leader has it where another copy has something else", async () => {
    const server = await newServer(nats.current);
    const topic = await newTopic(server);
    const { log } = await openTopicLog(server, topic);
    await appendAll(log, texts(10));
    await log.close();
    const other = await newServer(nats.current, { seen: ({ connection }) => new DifferentCopy(connection) });
    const { log: taken } = await openTopicLog(other, topic);
    (other.api as DifferentCopy).differs = true;
    expect(await textsOf(taken)).toEqual(texts(10));
  });

  test("refuses an entry that no message of NATS can hold", async () => {
    const { log } = await newTopicLog(nats.current);
    const long = { ...entry(""), bytes: Buffer.alloc(2 ** 20) };
    await expect(log.append([long])[0]).rejects.toMatchObject({ code: "payload_too_large" });
    const fits = { ...entry(""), bytes: Buffer.alloc(2 ** 20 - 1000) };
    expect(await log.append([fits])[0]).toMatchObject({ baseOffset: 0 });
  });

  test("refuses a stream that holds what netlog did not write", async () => {
    const shared = await newServer(nats.current);
    const topic = await newTopic(shared);
    await shared.api.publish(shared.names.logSubject(topic), Buffer.from("hello"), {
      stream: shared.names.logStream(topic),
    });
    await expect(openTopicLog(shared, topic)).rejects.toMatchObject({
      code: "topic_unavailable",
      reason: /message 1 is none that this version/,
    });
    await expect(openTopicLog(shared, "nowhere")).rejects.toMatchObject({ code: "topic_not_found" });
  });

  test("refuses all when it is closed or deleted", async () => {
    const { log } = await newTopicLog(nats.current);
    const woken = new Promise((resolve) => log.waitFor(0, resolve));
    await log.close();
    expect(await woken).toBe("closed");
    await expect(log.append([entry("a")])[0]).rejects.toMatchObject({ code: "shutting_down" });
    const { log: other } = await newTopicLog(nats.current);
    const [pending] = other.append([entry("a")]);
    const refused = expect(pending).rejects.toMatchObject({ code: "topic_not_found" });
    await other.delete();
    await refused;
    await expect(other.openCursor().read(0, 1)).rejects.toMatchObject({ code: "topic_not_found" });
  });
});
