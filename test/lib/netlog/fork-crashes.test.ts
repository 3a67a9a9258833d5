/** Forks and their sources over crashes between any two operations of the disk, and on a disk that fails. */
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

interface Step {
  readonly name: string;
  readonly run: (netlog: Netlog) => Promise<unknown>;
}

const force = { force: true };
/** Each topic's messages while it is there: `source` has 40, the forks the first so many of them. */
const CONTENT: Readonly<Record<string, number>> = { source: 40, one: 25, two: 40, three: 25 };

/** A life of forks; after each step these topics are there. */
const STEPS: readonly (Step & {
  readonly topics: readonly string[];
  readonly tombstones: readonly string[];
})[] = [
  {
    name: "one is made",
    run: (netlog) => netlog.forkTopic("one", { source: "source", offset: 25 }),
    topics: ["one", "source"],
    tombstones: [],
  },
  {
    name: "two is made",
    run: (netlog) => netlog.forkTopic("two", { source: "source" }),
    topics: ["one", "source", "two"],
    tombstones: [],
  },
  {
    name: "source is deleted",
    run: (netlog) => netlog.deleteTopic("source", force),
    topics: ["one", "two"],
    tombstones: ["source"],
  },
  {
    name: "three is made",
    run: (netlog) => netlog.forkTopic("three", { source: "one" }),
    topics: ["one", "three", "two"],
    tombstones: ["source"],
  },
  {
    name: "one is deleted",
    run: (netlog) => netlog.deleteTopic("one", force),
    topics: ["three", "two"],
    tombstones: ["one", "source"],
  },
  {
    name: "two is deleted",
    run: (netlog) => netlog.deleteTopic("two", force),
    topics: ["three"],
    tombstones: ["one", "source"],
  },
  {
    name: "three is deleted",
    run: (netlog) => netlog.deleteTopic("three", force),
    topics: [],
    tombstones: [],
  },
];

/** What is there before the step of this number. */
function before(step: number): {
  readonly topics: readonly string[];
  readonly tombstones: readonly string[];
} {
  return STEPS[step - 1] ?? { topics: ["source"], tombstones: [] };
}

/** A Netlog whose first `done` steps were taken. The disk stops at operation `stopAt` from then on. */
async function prepared(done: number) {
  const runtime = new ManualRuntime();
  let count = 0;
  let stopAt = Number.POSITIVE_INFINITY;
  const schedule = async (): Promise<void> => {
    if (++count >= stopAt) await new Promise<void>(() => {});
  };
  const disk = new MemoryDisk({ now: () => runtime.now(), schedule });
  const { netlog } = await openNetlog({ disk, runtime });
  await publishAll(await netlog.createTopic("source", SMALL_SEGMENTS), texts(40));
  for (const step of STEPS.slice(0, done)) await step.run(netlog);
  const stop = (at: number): void => {
    count = 0;
    stopAt = at;
  };
  return { runtime, disk, netlog, stop, isStopped: () => count >= stopAt };
}

/** Everything that is there is whole; what is there is what was before the step or is after it. */
async function expectWhole(netlog: Netlog, step: number, where: string): Promise<void> {
  expect(netlog.failedTopics(), where).toEqual([]);
  const found = netlog.topicNames();
  expect([before(step).topics, STEPS[step]!.topics], where).toContainEqual(found);
  const isDone = found.join() === STEPS[step]!.topics.join();
  const { tombstones } = isDone ? STEPS[step]! : before(step);
  expect(
    Object.keys(CONTENT)
      .filter((name) => netlog.isTombstone(name))
      .sort(),
    where,
  ).toEqual(tombstones);
  for (const name of found) expect(await textsOf(netlog.topic(name)), where).toEqual(texts(CONTENT[name]!));
}

/** Deletes all that is left, after which no folder and no name is. */
async function expectNoLeak(netlog: Netlog, disk: MemoryDisk, where: string): Promise<void> {
  for (const name of netlog.topicNames()) await netlog.deleteTopic(name, force);
  await netlog.close();
  expect(await disk.list(DATA_FOLDER), where).toEqual([]);
}

const CRASHES: readonly [string, (disk: MemoryDisk, nth: number) => MemoryDisk][] = [
  ["a kill", (disk) => disk.crashProcess()],
  ["a loss of power that takes all it can", (disk) => disk.crashPower(() => 0)],
  ["a loss of power", (disk, nth) => disk.crashPower(seededRandom(nth))],
];

describe.each(STEPS.map(({ name }, step) => [name, step] as const))("while %s", (_name, step) => {
  it.each(CRASHES)("%s leaves it done or not done, everything whole, and no folder", async (_kind, crash) => {
    let isOver = false;
    let operations = 0;
    for (let nth = 1; !isOver && nth <= OPERATIONS_MAX; nth++) {
      const { runtime, disk, netlog, stop, isStopped } = await prepared(step);
      stop(nth);
      const running = STEPS[step]!.run(netlog).then(() => {
        isOver = true;
      });
      let failure: unknown;
      running.catch((error: unknown) => {
        failure = error;
      });
      while (!isOver && !isStopped() && failure === undefined) await runtime.pause();
      expect(failure, `operation ${nth}`).toBeUndefined();
      const left = crash(disk, nth);
      stop(Number.POSITIVE_INFINITY);
      const where = `operation ${nth}`;
      const opened = await openNetlog({ disk: left, runtime });
      if (isOver) expect(opened.netlog.topicNames(), where).toEqual(STEPS[step]!.topics);
      await expectWhole(opened.netlog, step, where);
      await opened.netlog.close();
      const problems = (await findingsOf(opened.disk)).filter(({ kind }) => kind !== "note");
      expect(problems, where).toEqual([]);
      const again = await openNetlog({ disk: opened.disk.crashProcess(), runtime });
      await expectWhole(again.netlog, step, where);
      await expectNoLeak(again.netlog, again.disk, where);
      operations = nth;
    }
    expect(operations).toBeGreaterThan(3);
    expect(operations).toBeLessThan(OPERATIONS_MAX);
  });

  it("a disk that fails refuses it whole, or says that nobody knows; a restart finds everything whole", async () => {
    for (let nth = 1; nth <= OPERATIONS_MAX; nth++) {
      const { runtime, disk, netlog } = await prepared(step);
      await netlog.close();
      const faulty = new FaultyDisk(disk.crashProcess());
      const opened = await openNetlog({ disk: faulty.inner as MemoryDisk, runtime, seen: () => faulty });
      faulty.plan({ code: "EIO", nth });
      const error = await STEPS[step]!.run(opened.netlog).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      const { hit } = faulty;
      faulty.plan();
      const where = `operation ${nth}: ${hit?.kind} ${hit?.path}`;
      if (error !== undefined) {
        expect(isNetlogError(error, "topic_unavailable") || isNetlogError(error, "sync_failed"), where).toBe(
          true,
        );
      }
      await opened.netlog.close().catch(() => {});
      const again = await openNetlog({ disk: opened.disk.crashProcess(), runtime });
      await expectWhole(again.netlog, step, where);
      if (error === undefined) expect(again.netlog.topicNames(), where).toEqual(STEPS[step]!.topics);
      await expectNoLeak(again.netlog, again.disk, where);
      if (hit === undefined) return;
    }
    expect.unreachable("more operations than there are");
  });
});
