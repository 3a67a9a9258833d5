/** Families of topics: forks of forks, and sources that are deleted before their forks and stay as tombstones. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findingsOf } from "../../support/damage-fixture.ts";
import { pathsOf } from "../../support/data-files.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { reopened, SMALL_SEGMENTS, textsOf } from "../../support/fork-fixture.ts";
import { DATA_FOLDER, openNetlog, publishAll, texts } from "../../support/netlog-fixture.ts";

const HOUR_MS = 3_600_000;

describe("a fork", () => {
  it("of a fork of a fork is as any other, whatever is deleted in between", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ of: fc.nat(), at: fc.nat(), own: fc.nat({ max: 4 }), deleted: fc.option(fc.nat()) }),
          {
            minLength: 1,
            maxLength: 8,
          },
        ),
        fc.boolean(),
        async (steps, restarts) => {
          let fixture = await openNetlog();
          const contents = new Map([["t", texts(30)]]);
          await publishAll(await fixture.netlog.createTopic("t", SMALL_SEGMENTS), texts(30));
          for (const [i, { of, at, own, deleted }] of steps.entries()) {
            const names = [...contents.keys()];
            if (names.length === 0) break;
            const source = names[of % names.length]!;
            const offset = at % (contents.get(source)!.length + 1);
            const fork = await fixture.netlog.forkTopic(`f${i}`, { source, offset });
            const added = texts(own, 1000 * (i + 1));
            await publishAll(fork, added);
            contents.set(`f${i}`, [...contents.get(source)!.slice(0, offset), ...added]);
            if (deleted !== null) {
              const gone = [...contents.keys()][deleted % contents.size]!;
              await fixture.netlog.deleteTopic(gone, { force: false });
              contents.delete(gone);
            }
            if (restarts) fixture = await reopened(fixture);
          }
          expect(fixture.netlog.topicNames()).toEqual([...contents.keys()].sort());
          for (const [name, content] of contents) {
            expect(await textsOf(fixture.netlog.topic(name))).toEqual(content);
          }
          for (const name of contents.keys()) await fixture.netlog.deleteTopic(name, { force: false });
          await fixture.netlog.close();
          expect(fixture.disk.paths().filter((path) => !path.endsWith("/.lock"))).toEqual([]);
          expect(await fixture.disk.list(DATA_FOLDER)).toEqual([]);
        },
      ),
      { numRuns: 60, seed: 16 },
    );
  });
});

describe("a fork whose deletion the disk did not confirm", () => {
  it("is no relative of a new topic of its name", async () => {
    let faulty: FaultyDisk | undefined;
    const { netlog } = await openNetlog({
      seen: (disk) => {
        faulty = new FaultyDisk(disk);
        return faulty;
      },
    });
    await publishAll(await netlog.createTopic("source"), texts(3));
    await netlog.forkTopic("fork", { source: "source" });
    faulty!.plan({ code: "EIO", kinds: ["syncFolder"], path: /^\/data$/ });
    await expect(netlog.deleteTopic("fork", { force: false })).rejects.toMatchObject({ code: "sync_failed" });
    const again = await netlog.createTopic("fork");
    expect((await again.info()).forked_from).toBeUndefined();
  });
});

describe("a topic that is deleted while it has forks", () => {
  async function tombstone() {
    const fixture = await openNetlog();
    const source = await fixture.netlog.createTopic("source", SMALL_SEGMENTS);
    await publishAll(source, texts(40));
    await source.createScanner({ from: 0, persist: true });
    await fixture.netlog.forkTopic("fork", { source: "source", offset: 30 });
    await fixture.netlog.deleteTopic("source", { force: true });
    return fixture;
  }

  it("is not found, and its name is taken, until its last fork is gone; also after restarts", async () => {
    let fixture = await tombstone();
    for (let round = 0; round < 2; round++) {
      const { netlog } = fixture;
      expect(() => netlog.topic("source")).toThrow("topic not found");
      expect(netlog.topicNames()).toEqual(["fork"]);
      expect(netlog.isTombstone("source")).toBe(true);
      expect((await netlog.stats()).tombstoneCount).toBe(1);
      await expect(netlog.createTopic("source")).rejects.toMatchObject({
        code: "topic_exists",
        reason: undefined,
      });
      await expect(netlog.forkTopic("source", { source: "fork" })).rejects.toMatchObject({
        code: "topic_exists",
      });
      await expect(netlog.forkTopic("other", { source: "source" })).rejects.toMatchObject({
        code: "topic_not_found",
      });
      await expect(netlog.deleteTopic("source", { force: true })).rejects.toMatchObject({
        code: "topic_not_found",
      });
      expect(await textsOf(netlog.topic("fork"))).toEqual(texts(30));
      fixture = await reopened(fixture);
    }
    expect(await findingsOf(fixture.disk.crashProcess())).toMatchObject([{ kind: "note", topic: "source" }]);
  });

  it("gives its room back, and goes with its last fork", async () => {
    const fixture = await tombstone();
    const { netlog, disk } = fixture;
    await netlog.forkTopic("second", { source: "fork" });
    await netlog.deleteTopic("fork", { force: false });
    expect([netlog.isTombstone("source"), netlog.isTombstone("fork")]).toEqual([true, true]);
    await netlog.deleteTopic("second", { force: false });
    expect([netlog.isTombstone("source"), netlog.isTombstone("fork")]).toEqual([false, false]);
    await netlog.createTopic("source");
    await netlog.deleteTopic("source", { force: false });
    await netlog.close();
    expect(await disk.list(DATA_FOLDER)).toEqual([]);
  });

  it("keeps no file but its id and its lineage", async () => {
    const { netlog, disk } = await tombstone();
    await netlog.close();
    expect(disk.paths().filter((path) => path.startsWith("/data/source/"))).toEqual([
      "/data/source/id",
      "/data/source/lineage",
    ]);
  });

  it("is one as well when its time was over", async () => {
    const { netlog, runtime } = await openNetlog({ monitorIntervalMs: HOUR_MS });
    await publishAll(await netlog.createTopic("source", { ttl: "1m" }), texts(2));
    await netlog.forkTopic("fork", { source: "source" }, { ttl: "1h" });
    await runtime.advance(61_000);
    expect(() => netlog.topic("source")).toThrow("topic not found");
    await netlog.expiryOf("source");
    expect(netlog.isTombstone("source")).toBe(true);
    await runtime.advance(HOUR_MS);
    expect(() => netlog.topic("fork")).toThrow("topic not found");
    await netlog.expiryOf("fork");
    expect([netlog.isTombstone("source"), netlog.topicNames()]).toEqual([false, []]);
  });

  it("differs from a later topic of its name by id", async () => {
    const fixture = await tombstone();
    await fixture.netlog.close();
    // A person moves the tombstone away, and the name is used again.
    await fixture.disk.removeTree("/data/source");
    await fixture.disk.syncFolder("/data");
    const { netlog } = await openNetlog({ disk: fixture.disk, runtime: fixture.runtime });
    await netlog.createTopic("source");
    expect((await netlog.topic("source").info()).forks).toBeUndefined();
    await netlog.deleteTopic("source", { force: false });
    expect(netlog.isTombstone("source")).toBe(false);
    expect(await textsOf(netlog.topic("fork"))).toEqual(texts(30));
  });

  it("and its forks are mended from each other's records", async () => {
    for (const lost of ["/data/source/lineage", "/data/fork/lineage"]) {
      for (const how of ["removed", "damaged"]) {
        const fixture = await openNetlog();
        await publishAll(await fixture.netlog.createTopic("source"), texts(4));
        await fixture.netlog.forkTopic("fork", { source: "source", offset: 3 });
        await fixture.netlog.close();
        const whole = new Map(
          pathsOf(fixture.disk, DATA_FOLDER, "/lineage").map((path) => [path, fixture.disk.bytesOf(path)]),
        );
        if (how === "removed") await fixture.disk.remove(lost);
        else fixture.disk.replaceBytes(lost, Buffer.from("x"));
        const { netlog, disk } = await openNetlog({ disk: fixture.disk, runtime: fixture.runtime });
        for (const [path, bytes] of whole) expect(disk.bytesOf(path), `${lost} ${how}`).toEqual(bytes);
        expect((await netlog.topic("source").info()).forks).toBe(1);
        expect((await netlog.topic("fork").info()).forked_from).toMatchObject({ topic: "source", offset: 3 });
      }
    }
  });
});
