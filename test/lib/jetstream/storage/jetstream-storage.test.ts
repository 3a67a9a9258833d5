import { describe, expect, it } from "vitest";
import type { Scanner, Topic } from "../../../../lib/index.ts";
import type { JetStreamApi } from "../../../../lib/jetstream/nats/jetstream-api.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import { messagesOf, textsOf } from "../../../support/fork-fixture.ts";
import { hasNats } from "../../../support/nats.ts";
import { publishAll, texts } from "../../../support/netlog-fixture.ts";
import { ack, lease, leaseAll } from "../../../support/work-fixture.ts";
import { natsOfFile } from "../engine-fixture.ts";
import { ownNames, startEngineServer, streamsOf } from "./storage-fixture.ts";

const SMALL_SEGMENTS = { segment_size: LIMITS.segmentSizeMinBytes };

async function scanNext(scanner: Scanner): Promise<number | undefined> {
  return (await lease(scanner))?.message.offset;
}

describe.skipIf(!hasNats)("topics on NATS", () => {
  const nats = natsOfFile();

  it("are there after a stop: messages, settings, scanners, and what was stored once", async () => {
    const names = ownNames();
    const first = await startEngineServer(nats.current, names);
    const topic = await first.netlog.createTopic("orders.new", {
      segment_age: "1h0m0s",
      content_type: "text/plain",
    });
    await publishAll(topic, texts(5));
    const { scanner } = await topic.findOrCreateScanner({ id: "plain.1", persist: true, from: 0 });
    expect([await scanNext(scanner), await scanNext(scanner)]).toEqual([0, 1]);
    const work = await topic.findOrCreateScanner({ id: "w", ack: "explicit", from: 0 });
    expect(await leaseAll(work.scanner, 3)).toHaveLength(3);
    await ack(work.scanner, [0, 2]);
    const once = { idempotency: { key: "k", digest: Buffer.alloc(32, 1) } };
    const published = await topic.publish({ payload: Buffer.from("once") }, once);
    await first.netlog.updateTopic("orders.new", { retention_size: 1_000_000 });
    const { id } = topic;
    await first.netlog.close();

    const { netlog } = await startEngineServer(nats.current, names);
    const again = netlog.topic("orders.new");
    expect(again.id).toBe(id);
    expect(await textsOf(again)).toEqual([...texts(5), "once"]);
    expect(again.settings).toMatchObject({
      segment_age: "1h0m0s",
      content_type: "text/plain",
      retention_size: 1_000_000,
    });
    expect(await scanNext(again.scanner("plain.1"))).toBe(2);
    expect(await leaseAll(again.scanner("w"), 2)).toEqual([
      [1, 2],
      [3, 1],
    ]);
    const duplicate = await again.publish({ payload: Buffer.from("once") }, once);
    expect([duplicate.offset, duplicate.isDuplicate]).toEqual([published.offset, true]);
    expect(await publishAll(again, ["next"])).toEqual([6]);
  });

  it("are the next server's when it takes them; the former one keeps nothing any more", async () => {
    const names = ownNames();
    const former = await startEngineServer(nats.current, names);
    const topic = await former.netlog.createTopic("t");
    await publishAll(topic, texts(3));
    const { scanner } = await topic.findOrCreateScanner({ id: "w", ack: "explicit", from: 0 });
    await leaseAll(scanner);
    await ack(scanner, [0]);
    const next = await startEngineServer(nats.current, names);
    const taken = next.netlog.topic("t");
    await ack(taken.scanner("w"), []);
    await expect(topic.publish({ payload: Buffer.from("late") })).rejects.toThrow("topic unavailable");
    await expect(ack(scanner, [1])).rejects.toThrow("topic unavailable");
    await expect(topic.findOrCreateScanner({ id: "late", persist: true, from: 0 })).rejects.toThrow(
      "topic unavailable",
    );
    await expect(former.netlog.updateTopic("t", { retention_size: 5 })).rejects.toThrow("topic unavailable");
    expect(await leaseAll(taken.scanner("w"))).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(await publishAll(taken, ["on"])).toEqual([3]);
    await next.netlog.close();
    const { netlog } = await startEngineServer(nats.current, names);
    expect(netlog.topic("t").scanners.map(({ id }) => id)).toEqual(["w"]);
    expect(netlog.topic("t").settings.retention_size).toBe(0);
  });

  it("have no first scanner of a server that does not own them any more", async () => {
    const names = ownNames();
    const former = await startEngineServer(nats.current, names);
    const topic = await former.netlog.createTopic("t");
    const next = await startEngineServer(nats.current, names);
    await expect(topic.findOrCreateScanner({ id: "late", persist: true, from: 0 })).rejects.toThrow(
      "topic unavailable",
    );
    const taken = next.netlog.topic("t");
    await taken.findOrCreateScanner({ id: "mine", persist: true, from: 0 });
    await next.netlog.close();
    const { netlog } = await startEngineServer(nats.current, names);
    expect(netlog.topic("t").scanners.map(({ id }) => id)).toEqual(["mine"]);
  });

  it("are there with what they begin with, of any name", async () => {
    const names = ownNames();
    const first = await startEngineServer(nats.current, names);
    const name = `${"long.".repeat(50)}name`;
    await first.netlog.createTopic(name, {}, { first: { payload: Buffer.from("a") }, closes: true });
    await first.netlog.createTopic("empty", {}, { closes: true });
    await first.netlog.close();
    const { netlog } = await startEngineServer(nats.current, names);
    expect(netlog.topicNames()).toEqual(["empty", name]);
    expect(await textsOf(netlog.topic(name))).toEqual(["a"]);
    for (const each of ["empty", name]) {
      await expect(netlog.topic(each).publish({ payload: Buffer.from("b") })).rejects.toThrow("topic closed");
    }
  });

  it("leave nothing when they are deleted, and are others when they are made again", async () => {
    const names = ownNames();
    const { netlog, api } = await startEngineServer(nats.current, names);
    const topic = await netlog.createTopic("t");
    await publishAll(topic, texts(2));
    await topic.findOrCreateScanner({ id: "s", persist: true, from: 0 });
    await expect(netlog.createTopic("t")).rejects.toThrow("topic exists");
    await netlog.deleteTopic("t", { force: true });
    expect(await streamsOf(api, names.prefix)).toEqual([]);
    const again = await netlog.createTopic("t");
    expect(again.id).not.toBe(topic.id);
    expect([await textsOf(again), again.scanners]).toEqual([[], []]);
  });

  it("take no scanners of a former topic of their name", async () => {
    const names = ownNames();
    const first = await startEngineServer(nats.current, names);
    const topic = await first.netlog.createTopic("t");
    await topic.findOrCreateScanner({ id: "s", persist: true, from: 0 });
    // A server that ended between the two deletions left this.
    await first.api.deleteStream(names.logStream("t"));
    const { netlog, api } = await startEngineServer(nats.current, names);
    const again = await netlog.createTopic("t");
    expect(again.scanners).toEqual([]);
    expect(await streamsOf(api, names.prefix)).toEqual([names.logStream("t")]);
  });

  it("are forked, and keep the name of a source that is deleted until the last fork goes", async () => {
    const names = ownNames();
    const first = await startEngineServer(nats.current, names);
    const source = await first.netlog.createTopic("source", SMALL_SEGMENTS);
    await publishAll(source, texts(30, 1000));
    await publishAll(source, texts(30, 1000));
    const fork = await first.netlog.forkTopic("fork", { source: "source", offset: 45, bytes: 2 });
    await first.netlog.forkTopic("fork.2", { source: "fork" });
    expect(await publishAll(fork, ["own"])).toEqual([46]);
    await first.netlog.deleteTopic("source", { force: true });
    await first.netlog.deleteTopic("fork", { force: true });
    await first.netlog.close();

    const { netlog, api } = await startEngineServer(nats.current, names);
    expect(netlog.topicNames()).toEqual(["fork.2"]);
    expect([netlog.isTombstone("source"), netlog.isTombstone("fork")]).toEqual([true, true]);
    await expect(netlog.createTopic("source")).rejects.toThrow("topic exists");
    const messages = await messagesOf(netlog.topic("fork.2"));
    expect(messages.map(({ offset }) => offset)).toEqual(Array.from({ length: 46 }, (_, offset) => offset));
    expect(messages.at(-1)!.payload).toHaveLength(2);
    await netlog.deleteTopic("fork.2", { force: true });
    expect(await streamsOf(api, names.prefix)).toEqual([]);
    await netlog.createTopic("source");
  });

  it("that a fork begins with may have lost their first segments", async () => {
    const names = ownNames();
    const { netlog } = await startEngineServer(nats.current, names);
    const source = await netlog.createTopic("source", { ...SMALL_SEGMENTS, retention_size: 1 });
    await publishAll(source, texts(100));
    await source.upkeep(0);
    const kept = (await messagesOf(source)).map(({ offset }) => offset);
    expect(kept[0]).toBeGreaterThan(0);
    const fork = await netlog.forkTopic("fork", { source: "source" });
    expect((await messagesOf(fork)).map(({ offset }) => offset)).toEqual(kept);
    expect(await publishAll(fork, ["own"])).toEqual([100]);
  });

  it("that a server was making when it ended are removed, unless it lives", async () => {
    const names = ownNames();
    const first = await startEngineServer(nats.current, names);
    const { description } = await describeHalfMade(first.api, names.logStream("half"), "t-id");
    expect(description).toContain('"maker":"gone"');
    const living = await startEngineServer(nats.current, names, { isAlive: () => Promise.resolve(true) });
    expect(living.netlog.topicNames()).toEqual([]);
    await expect(living.netlog.createTopic("half")).rejects.toThrow("topic exists");
    const { netlog } = await startEngineServer(nats.current, names);
    expect((await netlog.createTopic("half")).name).toBe("half");

    async function describeHalfMade(api: typeof first.api, name: string, id: string) {
      const stream = { name, subjects: [names.logSubject("half"), names.ownerSubject("half")], copies: 1 };
      const text = JSON.stringify({ netlog: 1, name: "half", id, settings: {}, maker: "gone" });
      return (await api.createStream({ ...stream, description: text })).info.config;
    }
  });

  it("take no stream of another program, and leave it alone", async () => {
    const names = ownNames();
    const first = await startEngineServer(nats.current, names);
    const stream = {
      name: names.logStream("theirs"),
      subjects: ["something.else"],
      copies: 1,
      description: "ours",
    };
    await first.api.createStream(stream);
    await expect(first.netlog.createTopic("theirs")).rejects.toThrow("another program's");
    await first.api.deleteStream(stream.name);
    await first.api.createStream({ ...stream, subjects: [names.logSubject("theirs")] });
    const { netlog, api } = await startEngineServer(nats.current, names);
    expect(netlog.failedTopics()).toMatchObject([
      { name: "theirs", reason: expect.stringContaining("another program's") },
    ]);
    await first.api.createStream({ ...stream, name: "OTHERS", subjects: [names.logSubject("overlaps")] });
    await expect(netlog.createTopic("overlaps")).rejects.toThrow("subjects overlap");
    await api.deleteStream("OTHERS");
  });

  it("are read where their settings are lost, and take messages again when these are set anew", async () => {
    const names = ownNames();
    const first = await startEngineServer(nats.current, names);
    await publishAll(await first.netlog.createTopic("t"), texts(2));
    await first.netlog.close();
    const second = await startEngineServer(nats.current, ownNames());
    const info = await second.api.streamInfo(names.logStream("t"));
    const description = JSON.stringify({
      ...JSON.parse(info!.config.description!),
      settings: { durability: 7 },
    });
    await second.api.updateStream({ ...info!.config, description });
    const { netlog } = await startEngineServer(nats.current, names);
    const topic = netlog.topic("t");
    expect(await textsOf(topic)).toEqual(texts(2));
    await expect(topic.publish({ payload: Buffer.from("no") })).rejects.toThrow("PATCH");
    await netlog.updateTopic("t", { segment_age: "2h0m0s" });
    expect(await publishAll(topic, ["yes"])).toEqual([2]);
    await netlog.close();
    const last = await startEngineServer(nats.current, names);
    expect(last.netlog.topic("t").settings.segment_age).toBe("2h0m0s");
  });

  it("wait with a first key until the stream is made that remembers it", async () => {
    const limits = { ...LIMITS, stateWaitMs: 0 };
    const { netlog } = await startEngineServer(nats.current, ownNames(), { limits });
    const topic = await netlog.createTopic("t");
    const once = { idempotency: { key: "k", digest: Buffer.alloc(32, 1) } };
    expect(await topic.publish({ payload: Buffer.from("a") }, once)).toMatchObject({ offset: 0 });
  });

  it.each<[string, (api: JetStreamApi, stream: string) => Promise<unknown>]>([
    ["its stream is lost", (api, stream) => api.deleteStream(stream)],
    ["its stream has lost all messages", (api, stream) => api.purge(stream, {})],
  ])("make what they remember again from their messages when %s", async (_text, lose) => {
    const names = ownNames();
    const first = await startEngineServer(nats.current, names);
    const topic = await first.netlog.createTopic("t");
    const once = { idempotency: { key: "k", digest: Buffer.alloc(32, 1) } };
    await topic.publish({ payload: Buffer.from("a") }, once);
    await first.netlog.close();
    const second = await startEngineServer(nats.current, ownNames());
    await lose(second.api, names.scannerStream("t"));
    const { netlog } = await startEngineServer(nats.current, names);
    const again: Topic = netlog.topic("t");
    const duplicate = await again.publish({ payload: Buffer.from("a") }, once);
    expect(duplicate).toMatchObject({ offset: 0, isDuplicate: true });
  });
});
