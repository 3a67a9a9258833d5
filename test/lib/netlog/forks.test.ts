/** Forks of topics: what they begin with, and that neither side notices the other. */
import { describe, expect, it } from "vitest";
import { fieldsOf, type Topic } from "../../../lib/index.ts";
import { framesOf } from "../../../lib/log/index.ts";
import { findingsOf } from "../../support/damage-fixture.ts";
import { pathsOf, plainFrames } from "../../support/data-files.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { filled, messagesOf, reopened, SMALL_SEGMENTS, seen, textsOf } from "../../support/fork-fixture.ts";
import { DATA_FOLDER, openNetlog, publishAll, texts } from "../../support/netlog-fixture.ts";

const HOUR_MS = 3_600_000;

describe("a fork", () => {
  it.each([1, 2, 3])(
    "begins, at every offset, with what its source has before it (compression %i)",
    async (type) => {
      const fixture = await openNetlog();
      const source = await filled(fixture.netlog, { ...SMALL_SEGMENTS, compression_type: type }, 4);
      const before = (await messagesOf(source)).map(seen);
      for (let offset = 0; offset <= before.length; offset++) {
        const fork = await fixture.netlog.forkTopic(`f${offset}`, { source: "source", offset });
        expect((await messagesOf(fork)).map(seen)).toEqual(before.slice(0, offset));
        expect(await publishAll(fork, ["own"])).toEqual([offset]);
      }
      expect((await messagesOf(source)).map(seen)).toEqual(before);
      const { netlog, disk } = await reopened(fixture);
      for (let offset = 0; offset <= before.length; offset++) {
        const found = (await messagesOf(netlog.topic(`f${offset}`))).map(seen);
        expect(found.slice(0, -1)).toEqual(before.slice(0, offset));
        expect(found).toHaveLength(offset + 1);
      }
      await netlog.close();
      expect(await findingsOf(disk)).toEqual([]);
    },
  );

  it("leaves its source at its end where no offset is said", async () => {
    const { netlog } = await openNetlog();
    const source = await netlog.createTopic("source");
    await publishAll(source, texts(3));
    const fork = await netlog.forkTopic("fork", { source: "source" });
    await publishAll(source, ["theirs"]);
    expect(await publishAll(fork, ["ours"])).toEqual([3]);
    expect(await textsOf(source)).toEqual([...texts(3), "theirs"]);
    expect(await textsOf(fork)).toEqual([...texts(3), "ours"]);
  });

  it("has the beginning of a message, with its fields, where it leaves its source within one", async () => {
    const { netlog } = await openNetlog();
    const source = await filled(netlog, SMALL_SEGMENTS);
    const all = await messagesOf(source);
    for (const [offset, message] of all.slice(0, 12).entries()) {
      for (const bytes of [1, message.payload.length - 1, message.payload.length]) {
        const fork = await netlog.forkTopic(`f${offset}-${bytes}`, { source: "source", offset, bytes });
        const [last, ...rest] = (await messagesOf(fork)).reverse();
        expect(rest.reverse().map(seen)).toEqual(all.slice(0, offset).map(seen));
        expect(last!.payload).toEqual(message.payload.subarray(0, bytes));
        expect(fieldsOf(last!)).toEqual(fieldsOf(message));
        expect(last!.timestampMs).toBe(message.timestampMs);
        await netlog.deleteTopic(fork.name, { force: true });
      }
    }
  });

  it("shares sealed segments with its source, and nothing else", async () => {
    const { netlog, disk } = await openNetlog();
    const source = await filled(netlog, SMALL_SEGMENTS);
    await netlog.forkTopic("fork", { source: "source" });
    const segments = (await source.info()).segments.length;
    expect(segments).toBeGreaterThan(2);
    const counts = async (topic: string) =>
      await Promise.all(
        pathsOf(disk, `${DATA_FOLDER}/${topic}`, ".data").map(
          async (path) => (await disk.stat(path))!.linkCount,
        ),
      );
    const shared = Array.from({ length: segments - 1 }, () => 2);
    expect(await counts("source")).toEqual([...shared, 1]);
    expect(await counts("fork")).toEqual([...shared, 1]);
    const [newest, copy] = ["source", "fork"].map((topic) =>
      disk.bytesOf(pathsOf(disk, `${DATA_FOLDER}/${topic}`, ".data").at(-1)!),
    );
    const entries = (file: Buffer) =>
      [...framesOf(plainFrames(file))].map(({ entry }) => entry.toString("hex"));
    expect(entries(copy!)).toEqual(entries(newest!));
    // The secret of the copied part is its own.
    expect(copy!.subarray(12, 20)).not.toEqual(newest!.subarray(12, 20));
  });

  it("has its source's settings but those that are given, and one end at most", async () => {
    const { netlog, runtime } = await openNetlog();
    const expires_at = new Date(runtime.now() + HOUR_MS).toISOString();
    await netlog.createTopic("ttl", { ttl: "1h", segment_size: 4096, content_type: "text/plain" });
    await netlog.createTopic("end", { expires_at });
    const settingsOf = async (source: string, given?: object) => {
      const fork = await netlog.forkTopic("fork", { source }, given);
      await netlog.deleteTopic("fork", { force: true });
      const { ttl, expires_at: end, segment_size, content_type } = fork.settings;
      return { ttl, end, segment_size, content_type };
    };
    const inherited = { ttl: "1h0m0s", end: undefined, segment_size: 4096, content_type: "text/plain" };
    expect(await settingsOf("ttl")).toEqual(inherited);
    expect(await settingsOf("ttl", { ttl: "2h" })).toEqual({ ...inherited, ttl: "2h0m0s" });
    expect(await settingsOf("ttl", { expires_at })).toEqual({
      ...inherited,
      ttl: undefined,
      end: expires_at,
    });
    expect(await settingsOf("end", { ttl: "2h" })).toMatchObject({ ttl: "2h0m0s", end: undefined });
    expect(await settingsOf("end")).toMatchObject({ ttl: undefined, end: expires_at });
    await expect(settingsOf("ttl", { content_type: "text/html" })).rejects.toMatchObject({
      code: "bad_request",
    });
  });

  it("of a closed topic is open, also after a restart, and closes for itself", async () => {
    const fixture = await openNetlog();
    const source = await fixture.netlog.createTopic("source");
    await publishAll(source, texts(2));
    await source.publish({ payload: Buffer.from("last") }, { closes: true });
    await fixture.netlog.forkTopic("fork", { source: "source" });
    await fixture.netlog.forkTopic("closed", { source: "source" });
    await fixture.netlog.topic("closed").closeForGood();
    const { netlog } = await reopened(fixture);
    const [fork, closed] = [netlog.topic("fork"), netlog.topic("closed")];
    expect([netlog.topic("source").isClosed, fork.isClosed, closed.isClosed]).toEqual([true, false, true]);
    expect(await publishAll(fork, ["own"])).toEqual([3]);
  });

  it("knows no producer and no key of its source, also when its state is lost", async () => {
    const fixture = await openNetlog();
    const terms = {
      producer: { id: "p", epoch: 3, seq: 0 },
    };
    const publish = async (topic: Topic, text: string) =>
      await topic.publish({ payload: Buffer.from(text) }, terms);
    await publish(await fixture.netlog.createTopic("source"), "theirs");
    const fork = await fixture.netlog.forkTopic("fork", { source: "source" });
    expect(await publish(fork, "ours")).toMatchObject({ offset: 1 });
    expect(await publish(fork, "ours")).toMatchObject({ offset: 1, isDuplicate: true });
    await fixture.netlog.forkTopic("second", { source: "source" });
    await fixture.netlog.close();
    for (const path of pathsOf(fixture.disk, `${DATA_FOLDER}/fork`, "")) {
      if (/[/]state/.test(path)) fixture.disk.replaceBytes(path, Buffer.from("lost"));
    }
    const { netlog } = await openNetlog({ disk: fixture.disk, runtime: fixture.runtime });
    expect(await publish(netlog.topic("fork"), "ours")).toMatchObject({ offset: 1, isDuplicate: true });
    expect(await publish(netlog.topic("second"), "ours")).toMatchObject({ offset: 1 });
  });

  it("is refused where there is no such place, no source, or the name is taken", async () => {
    const { netlog } = await openNetlog();
    const source = await netlog.createTopic("source", { ...SMALL_SEGMENTS, retention_size: 2048 });
    await publishAll(source, texts(3));
    await netlog.createTopic("json", { content_type: "application/json" });
    await netlog.topic("json").publish({ payload: Buffer.from("[1]") });
    const code = async (name: string, place: { source: string; offset?: number; bytes?: number }) =>
      await netlog.forkTopic(name, place).then(
        () => "made",
        (error: { code: string }) => error.code,
      );
    expect(await code("f", { source: "none" })).toBe("topic_not_found");
    expect(await code("f", { source: "f" })).toBe("topic_not_found");
    expect(await code("source", { source: "source" })).toBe("topic_exists");
    expect(await code("-f", { source: "source" })).toBe("invalid_topic_name");
    expect(await code("f", { source: "source", offset: 4 })).toBe("bad_request");
    expect(await code("f", { source: "source", offset: -1 })).toBe("bad_request");
    expect(await code("f", { source: "source", offset: 3, bytes: 1 })).toBe("bad_request");
    expect(await code("f", { source: "source", offset: 2, bytes: 3 })).toBe("bad_request");
    expect(await code("f", { source: "json", offset: 0, bytes: 1 })).toBe("bad_request");
    await publishAll(
      source,
      Array.from({ length: 8 }, () => "x".repeat(600)),
    );
    await netlog.topic("source").upkeep(0);
    expect(await code("f", { source: "source", offset: 0 })).toBe("offset_not_found");
    expect(netlog.topicNames()).toEqual(["json", "source"]);
    expect((await source.info()).forks).toBeUndefined();
  });

  it("keeps what retention drops in its source, and drops by its own settings", async () => {
    const fixture = await openNetlog({ monitorIntervalMs: HOUR_MS });
    const source = await filled(fixture.netlog, SMALL_SEGMENTS);
    const before = await textsOf(source);
    await fixture.netlog.forkTopic("fork", { source: "source" });
    await fixture.netlog.updateTopic("source", { retention_size: 1100 });
    await source.upkeep(0);
    expect((await source.info()).first_offset).toBeGreaterThan(0);
    const { netlog, disk } = await reopened(fixture, { monitorIntervalMs: HOUR_MS });
    const fork = netlog.topic("fork");
    expect(await textsOf(fork)).toEqual(before);
    await netlog.updateTopic("fork", { retention_size: 1100 });
    await fork.upkeep(0);
    expect((await fork.info()).first_offset).toBeGreaterThan(0);
    await netlog.close();
    expect(await findingsOf(disk)).toEqual([]);
  });

  it("can be made while retention is at work, and while messages come", async () => {
    const { netlog } = await openNetlog({ monitorIntervalMs: HOUR_MS });
    const source = await filled(netlog, { ...SMALL_SEGMENTS, retention_size: 1100 });
    const [fork] = await Promise.all([
      netlog.forkTopic("fork", { source: "source" }),
      source.upkeep(0),
      publishAll(source, texts(50, 1000)),
    ]);
    const [ours, theirs] = [
      await messagesOf(fork),
      new Map((await messagesOf(source)).map((m) => [m.offset, m])),
    ];
    expect(ours.length).toBeGreaterThan(0);
    for (const message of ours) {
      const other = theirs.get(message.offset);
      if (other !== undefined) expect(seen(message)).toEqual(seen(other));
    }
  });

  it("has its source's damage, and all around it", async () => {
    const fixture = await openNetlog();
    const source = await fixture.netlog.createTopic("source", SMALL_SEGMENTS);
    await publishAll(source, texts(60));
    const whole = await textsOf(source);
    await fixture.netlog.close();
    const damaged: string[] = [];
    for (const path of pathsOf(fixture.disk, `${DATA_FOLDER}/source`, ".data")) {
      const bytes = fixture.disk.bytesOf(path);
      if (bytes.length < 200) continue;
      bytes[150]! ^= 1;
      fixture.disk.replaceBytes(path, bytes);
      damaged.push(path);
    }
    expect(damaged.length).toBeGreaterThan(1);
    const { netlog } = await openNetlog({ disk: fixture.disk, runtime: fixture.runtime });
    const readable = async (topic: Topic) =>
      await Promise.all(
        whole.map(async (_, offset) =>
          (await topic.message(offset).catch(() => undefined))?.payload.toString(),
        ),
      );
    const theirs = await readable(netlog.topic("source"));
    expect(theirs).toContain(undefined);
    const fork = await netlog.forkTopic("fork", { source: "source" });
    expect(await readable(fork)).toEqual(theirs);
    expect(await publishAll(fork, ["own"])).toEqual([60]);
  });

  it.each(["EXDEV", "EPERM", "EMLINK"])("copies what the file system does not link (%s)", async (code) => {
    const fixture = await openNetlog({
      seen: (disk) => new FaultyDisk(disk, { code, kinds: ["link"], nth: 3, lasting: true }),
    });
    const source = await filled(fixture.netlog, SMALL_SEGMENTS);
    const before = (await messagesOf(source)).map(seen);
    const fork = await fixture.netlog.forkTopic("fork", { source: "source", offset: 95 });
    expect((await messagesOf(fork)).map(seen)).toEqual(before.slice(0, 95));
    expect(fixture.logger.messages("warn")).toEqual([
      "a fork copies segments: the file system does not link them",
    ]);
    const { netlog, disk } = await reopened(fixture);
    expect((await messagesOf(netlog.topic("fork"))).map(seen)).toEqual(before.slice(0, 95));
    await netlog.close();
    expect(await findingsOf(disk)).toEqual([]);
  });

  it("costs a plain topic no file", async () => {
    const { netlog, disk } = await openNetlog();
    await publishAll(await netlog.createTopic("plain"), texts(2));
    await netlog.createTopic("source");
    await netlog.forkTopic("fork", { source: "source" });
    expect(pathsOf(disk, DATA_FOLDER, "/lineage")).toEqual(["/data/fork/lineage", "/data/source/lineage"]);
    await netlog.deleteTopic("fork", { force: false });
    expect(pathsOf(disk, DATA_FOLDER, "/lineage")).toEqual([]);
  });
});
