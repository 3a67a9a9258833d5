/** Topics that are made with a first append, an end, or both: there with it or not there, over crashes and on a disk that fails. */
import { describe, expect, it } from "vitest";
import { isNetlogError, type Netlog } from "../../../lib/index.ts";
import { findingsOf } from "../../support/damage-fixture.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { SMALL_SEGMENTS, textsOf } from "../../support/fork-fixture.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { DATA_FOLDER, openNetlog, publishAll, texts } from "../../support/netlog-fixture.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const OPERATIONS_MAX = 200;
const SOURCE_TEXTS = texts(40);
const JSON_TOPIC = { content_type: "application/json" };

interface Start {
  readonly name: string;
  readonly make: (netlog: Netlog) => Promise<unknown>;
  readonly texts: readonly string[];
  readonly isClosed: boolean;
}

const first = { payload: Buffer.from("first") };
const values = (json: string) => ({ jsonValues: Buffer.from(json) });

const STARTS: readonly Start[] = [
  {
    name: "a message",
    make: (netlog) => netlog.createTopic("new", { durability: "written" }, { first, closes: false }),
    texts: ["first"],
    isClosed: false,
  },
  {
    name: "a message and the end",
    make: (netlog) => netlog.createTopic("new", {}, { first, closes: true }),
    texts: ["first"],
    isClosed: true,
  },
  {
    name: "the end",
    make: (netlog) => netlog.createTopic("new", { durability: "written" }, { closes: true }),
    texts: [],
    isClosed: true,
  },
  {
    name: "values and the end",
    make: (netlog) => netlog.createTopic("new", JSON_TOPIC, { first: values('[1, {"a":2}]'), closes: true }),
    texts: ["1", '{"a":2}'],
    isClosed: true,
  },
  {
    name: "a source's messages, a message and the end",
    make: (netlog) => netlog.forkTopic("new", { source: "source", offset: 25 }, {}, { first, closes: true }),
    texts: [...SOURCE_TEXTS.slice(0, 25), "first"],
    isClosed: true,
  },
];

/** The disk stops at operation `stopAt` from the call of `stop` on. */
async function prepared() {
  const runtime = new ManualRuntime();
  let count = 0;
  let stopAt = Number.POSITIVE_INFINITY;
  const schedule = async (): Promise<void> => {
    if (++count >= stopAt) await new Promise<void>(() => {});
  };
  const disk = new MemoryDisk({ now: () => runtime.now(), schedule });
  const { netlog } = await openNetlog({ disk, runtime });
  await publishAll(await netlog.createTopic("source", SMALL_SEGMENTS), SOURCE_TEXTS);
  const stop = (at: number): void => {
    count = 0;
    stopAt = at;
  };
  return { runtime, disk, netlog, stop, isStopped: () => count >= stopAt };
}

/** The source as it was, and the new topic whole, if it is there. */
async function expectWhole(netlog: Netlog, start: Start, where: string): Promise<void> {
  expect(netlog.failedTopics(), where).toEqual([]);
  expect(await textsOf(netlog.topic("source")), where).toEqual(SOURCE_TEXTS);
  if (!netlog.hasTopic("new")) return;
  const topic = netlog.topic("new");
  expect(await textsOf(topic), where).toEqual(start.texts);
  expect(topic.isClosed, where).toBe(start.isClosed);
  if (topic.isClosed) await expect(publishAll(topic, ["1"]), where).rejects.toThrow("closed");
}

async function expectNoLeak(netlog: Netlog, disk: MemoryDisk, where: string): Promise<void> {
  for (const name of netlog.topicNames()) await netlog.deleteTopic(name, { force: true });
  await netlog.close();
  expect(await disk.list(DATA_FOLDER), where).toEqual([]);
}

const CRASHES: readonly [string, (disk: MemoryDisk, nth: number) => MemoryDisk][] = [
  ["a kill", (disk) => disk.crashProcess()],
  ["a loss of power that takes all it can", (disk) => disk.crashPower(() => 0)],
  ["a loss of power", (disk, nth) => disk.crashPower(seededRandom(nth))],
];

describe.each(STARTS.map((start) => [start.name, start] as const))(
  "a topic that begins with %s",
  (_, start) => {
    it("is seen with it, never without", async () => {
      const { netlog, runtime } = await prepared();
      let isOver = false;
      const making = start.make(netlog).finally(() => {
        isOver = true;
      });
      while (!isOver) {
        await expectWhole(netlog, start, "while it is made");
        await runtime.pause();
      }
      await making;
      expect(netlog.topicNames()).toEqual(["new", "source"]);
      await expectWhole(netlog, start, "when it is made");
      await netlog.close();
    });

    it.each(CRASHES)("is there with it or not there after %s, and leaves no folder", async (_kind, crash) => {
      let isOver = false;
      for (let nth = 1; !isOver; nth++) {
        expect(nth).toBeLessThan(OPERATIONS_MAX);
        const { runtime, disk, netlog, stop, isStopped } = await prepared();
        stop(nth);
        let failure: unknown;
        start.make(netlog).then(
          () => {
            isOver = true;
          },
          (error: unknown) => {
            failure = error;
          },
        );
        while (!isOver && !isStopped() && failure === undefined) await runtime.pause();
        const where = `operation ${nth}`;
        expect(failure, where).toBeUndefined();
        const left = crash(disk, nth);
        stop(Number.POSITIVE_INFINITY);
        const opened = await openNetlog({ disk: left, runtime });
        if (isOver) expect(opened.netlog.topicNames(), where).toEqual(["new", "source"]);
        await expectWhole(opened.netlog, start, where);
        await opened.netlog.close();
        expect((await findingsOf(opened.disk)).filter(({ kind }) => kind !== "note")).toEqual([]);
        const again = await openNetlog({ disk: opened.disk.crashProcess(), runtime });
        await expectWhole(again.netlog, start, where);
        await expectNoLeak(again.netlog, again.disk, where);
      }
    });

    it("is refused by a disk that fails, and is not there", async () => {
      for (let nth = 1; ; nth++) {
        expect(nth).toBeLessThan(OPERATIONS_MAX);
        const { runtime, disk, netlog } = await prepared();
        await netlog.close();
        const faulty = new FaultyDisk(disk.crashProcess());
        const opened = await openNetlog({ disk: faulty.inner as MemoryDisk, runtime, seen: () => faulty });
        faulty.plan({ code: "EIO", nth });
        const error = await start.make(opened.netlog).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        const { hit } = faulty;
        faulty.plan();
        const where = `operation ${nth}: ${hit?.kind} ${hit?.path}`;
        if (error !== undefined) {
          const isUnknown = isNetlogError(error, "sync_failed");
          expect(isUnknown || isNetlogError(error, "topic_unavailable"), `${where}: ${error}`).toBe(true);
          expect(opened.netlog.hasTopic("new"), where).toBe(false);
        }
        await expectWhole(opened.netlog, start, where);
        await opened.netlog.close();
        const again = await openNetlog({ disk: opened.disk.crashProcess(), runtime });
        await expectWhole(again.netlog, start, where);
        if (error === undefined) expect(again.netlog.hasTopic("new"), where).toBe(true);
        if (isNetlogError(error, "topic_unavailable"))
          expect(again.netlog.hasTopic("new"), where).toBe(false);
        await expectNoLeak(again.netlog, again.disk, where);
        if (hit === undefined) return;
      }
    });
  },
);

it("makes nothing where the topic would not take what it begins with, and does not touch the disk", async () => {
  const faulty = new FaultyDisk(new MemoryDisk({ now: () => 0 }));
  const { netlog } = await openNetlog({ seen: () => faulty });
  faulty.plan({ code: "EIO", nth: Number.POSITIVE_INFINITY });
  for (const begins of [values("[1,2"), values("[1,nothing]"), { payload: Buffer.from("nothing") }]) {
    const making = netlog.createTopic("new", JSON_TOPIC, { first: begins, closes: true });
    await expect(making).rejects.toMatchObject({ code: "bad_request" });
  }
  expect(faulty.matched).toBe(0);
  expect(netlog.topicNames()).toEqual([]);
  await netlog.close();
});

it("has no message of an empty array", async () => {
  const { netlog } = await openNetlog();
  for (const closes of [false, true]) {
    const topic = await netlog.createTopic(`closes-${closes}`, JSON_TOPIC, { first: values("[]"), closes });
    expect([topic.readableOffsets.end, topic.isClosed]).toEqual([0, closes]);
  }
  await netlog.close();
});
