/** What the simulation found, each as a test of its own. */
import { describe, expect, it } from "vitest";
import { FaultyDisk } from "../support/faulty-disk.ts";
import { ManualRuntime } from "../support/manual-runtime.ts";
import { MemoryDisk } from "../support/memory-disk.ts";
import { openNetlog, publishAll, texts } from "../support/netlog-fixture.ts";
import { seededRandom } from "../support/seeded-random.ts";

describe("a loss of power", () => {
  it("right after two scans leaves a persistent scanner, whatever it tears", async () => {
    for (let seed = 0; seed < 60; seed++) {
      const { netlog, disk, runtime } = await openNetlog();
      const topic = await netlog.createTopic("t");
      await publishAll(topic, texts(4));
      const { id } = await topic.createScanner({ from: 0, persist: true });
      const killed = await openNetlog({ disk: disk.crashProcess(), runtime });
      const scanner = killed.netlog.topic("t").scanner(id);
      for (let i = 0; i < 2; i++) (await scanner.scan({ waitMs: 0 }))?.settle(true);
      const again = await openNetlog({ disk: killed.disk.crashProcess(), runtime });
      for (let i = 0; i < 2; i++) {
        (await again.netlog.topic("t").scanner(id).scan({ waitMs: 0 }))?.settle(true);
      }
      const left = await openNetlog({ disk: again.disk.crashPower(seededRandom(seed)), runtime });
      expect(left.netlog.topic("t").scanner(id).info().next).toBeGreaterThanOrEqual(2);
    }
  });
});

describe("a loss of power in the middle of an opening", () => {
  it("takes nothing that was acknowledged, whatever it makes of what is being rewritten", async () => {
    for (let seed = 0; seed < 40; seed++) {
      const runtime = new ManualRuntime();
      let isStalled = false;
      const schedule = async (operation: string) => {
        if (isStalled && /^fdatasync .*[.]data$/.test(operation)) await new Promise<void>(() => {});
      };
      const { netlog, disk } = await openNetlog({ runtime, disk: new MemoryDisk({ schedule }) });
      await publishAll(await netlog.createTopic("t"), texts(2));
      const killed = disk.crashProcess();
      isStalled = true;
      openNetlog({ runtime, disk: killed }).catch(() => {});
      for (let turn = 0; turn < 5; turn++) await runtime.turn();
      isStalled = false;
      const left = await openNetlog({ runtime, disk: killed.crashPower(seededRandom(seed)) });
      expect((await left.netlog.topic("t").message(1)).payload.toString(), `seed ${seed}`).toBe("m1");
    }
  });
});

describe("a topic's state", () => {
  it("is written once by a first key and once by a close that comes meanwhile", async () => {
    const runtime = new ManualRuntime();
    const held: (() => void)[] = [];
    const schedule = async (operation: string) => {
      if (/^fdatasync .*state[.]tmp$/.test(operation)) await new Promise<void>((go) => held.push(go));
    };
    const { netlog, disk } = await openNetlog({ runtime, disk: new MemoryDisk({ schedule }) });
    const topic = await netlog.createTopic("t");
    const idempotency = { key: "k", digest: new Uint8Array(32) };
    const settled = Promise.allSettled([
      topic.publish({ payload: Buffer.from("m") }, { idempotency }),
      topic.closeForGood(),
    ]);
    for (let turn = 0; turn < 20; turn++) await runtime.turn();
    const meanwhile = held.length;
    for (let turn = 0; turn < 40; turn++) {
      for (const go of held.splice(0)) go();
      await runtime.turn();
    }
    const [, closed] = await settled;
    expect([meanwhile, closed.status]).toEqual([1, "fulfilled"]);
    const killed = await openNetlog({ disk: disk.crashProcess() });
    expect(killed.netlog.topic("t").isClosed).toBe(true);
  });
});

describe("a topic that is deleted", () => {
  it("while it is being closed lets nothing touch its files afterwards", async () => {
    const runtime = new ManualRuntime();
    const held: (() => void)[] = [];
    const schedule = async (operation: string) => {
      if (/^fdatasync .*[.]data$/.test(operation)) await new Promise<void>((go) => held.push(go));
    };
    const { netlog } = await openNetlog({ runtime, disk: new MemoryDisk({ schedule }) });
    const creating = netlog.createTopic("t", { durability: "written" });
    for (let turn = 0; turn < 40; turn++, await runtime.turn()) for (const go of held.splice(0)) go();
    const topic = await creating;
    await topic.publish({ payload: Buffer.from("m0") });
    const closing = topic.closeForGood();
    for (let turn = 0; turn < 5; turn++) await runtime.turn();
    await topic.publish({ payload: Buffer.from("m1") });
    const ended = Promise.allSettled([netlog.deleteTopic("t", { force: true }), closing]);
    for (const go of held.splice(0)) go();
    for (let turn = 0; turn < 20; turn++) await runtime.turn();
    expect(held).toHaveLength(0);
    expect((await ended).map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  });
});

describe("settings", () => {
  it("that a restart showed stay, although their change had been broken off by a kill", async () => {
    for (let seed = 0; seed < 20; seed++) {
      const runtime = new ManualRuntime();
      let isStalled = false;
      const schedule = async (operation: string) => {
        if (isStalled && operation === "fsync /data/t") await new Promise<void>(() => {});
      };
      const { netlog, disk } = await openNetlog({ runtime, disk: new MemoryDisk({ schedule }) });
      await netlog.createTopic("t", { durability: "written" });
      await netlog.close();
      const changing = await openNetlog({ runtime, disk: disk.crashProcess() });
      isStalled = true;
      changing.netlog.updateTopic("t", { durability: "synced" }).catch(() => {});
      for (let turn = 0; turn < 10; turn++) await runtime.turn();
      isStalled = false;
      const killed = await openNetlog({ runtime, disk: changing.disk.crashProcess() });
      const told = killed.netlog.topic("t").settings.durability;
      expect(told).toBe("synced");
      const left = await openNetlog({ runtime, disk: killed.disk.crashPower(seededRandom(seed)) });
      expect(left.netlog.topic("t").settings.durability, `seed ${seed}`).toBe(told);
    }
  });
});

describe("a topic", () => {
  it("that a restart found stays, although its making had been broken off by a kill", async () => {
    const runtime = new ManualRuntime();
    let isStalled = false;
    const schedule = async (operation: string) => {
      if (isStalled && operation === "fsync /data") await new Promise<void>(() => {});
    };
    const { netlog, disk } = await openNetlog({ runtime, disk: new MemoryDisk({ schedule }) });
    isStalled = true;
    netlog.createTopic("t").catch(() => {});
    await runtime.turn();
    isStalled = false;
    const killed = await openNetlog({ runtime, disk: disk.crashProcess() });
    await publishAll(killed.netlog.topic("t"), texts(2));
    const left = await openNetlog({ runtime, disk: killed.disk.crashPower(() => 0) });
    expect((await left.netlog.topic("t").message(1)).payload.toString()).toBe("m1");
  });
});

describe("a message that was written, in a topic whose sync failed", () => {
  it("is not shown by a change to durability=written, which no sync stands for, and is there after a kill", async () => {
    let faulty!: FaultyDisk;
    const seen = (inner: MemoryDisk) => {
      faulty = new FaultyDisk(inner);
      return faulty;
    };
    const { netlog, disk, runtime } = await openNetlog({ seen });
    const topic = await netlog.createTopic("t");
    faulty.plan({ code: "EIO", kinds: ["sync"], path: /[.]data$/ });
    expect(await topic.publish({ payload: Buffer.from("m") }, { durability: "written" })).toMatchObject({
      offset: 0,
    });
    await runtime.turn();
    await netlog.updateTopic("t", { durability: "written" });
    await expect(topic.message(0)).rejects.toMatchObject({ code: "offset_not_found" });
    const killed = await openNetlog({ disk: disk.crashProcess(), runtime });
    expect((await killed.netlog.topic("t").message(0)).payload.toString()).toBe("m");
  });
});

describe("persistent scanners", () => {
  it("can be the first ones of a topic together", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const made = Promise.all([1, 2, 3].map(() => topic.createScanner({ from: 0, persist: true })));
    expect(new Set((await made).map(({ id }) => id)).size).toBe(3);
  });

  it("that a restart found stay, although their making had been broken off by a kill", async () => {
    let faulty!: FaultyDisk;
    const seen = (inner: MemoryDisk) => {
      faulty = new FaultyDisk(inner, {
        code: "EIO",
        kinds: ["syncFolder", "remove"],
        path: /scanners/,
        lasting: true,
      });
      return faulty;
    };
    const { netlog, disk, runtime } = await openNetlog({ seen });
    const topic = await netlog.createTopic("t");
    await expect(topic.createScanner({ from: 0, persist: true })).rejects.toMatchObject({
      code: "sync_failed",
    });
    const killed = await openNetlog({ disk: disk.crashProcess(), runtime });
    const { scanners } = await killed.netlog.topic("t").info();
    expect(Object.keys(scanners)).toHaveLength(1);
    const left = await openNetlog({ disk: killed.disk.crashPower(() => 0), runtime });
    expect((await left.netlog.topic("t").info()).scanners).toEqual(scanners);
  });

  it("whose position was being moved back when the power went open the next time", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t", { durability: "written" });
    await publishAll(topic, texts(2));
    const { id } = await topic.createScanner({ from: 2, persist: true });
    const left = disk.crashPower(() => 0);
    left.replaceBytes(`/data/t/scanners/${id}.scanner.tmp`, Buffer.alloc(0));
    const { netlog: reopened } = await openNetlog({ disk: left, runtime });
    expect(reopened.failedTopics()).toEqual([]);
    expect(reopened.topic("t").scanner(id).info().next).toBe(0);
  });
});

describe("retention", () => {
  it("that could not remove the oldest segment removes no younger one before it", async () => {
    let faulty!: FaultyDisk;
    const seen = (inner: MemoryDisk) => {
      faulty = new FaultyDisk(inner);
      return faulty;
    };
    const options = { seen, monitorIntervalMs: 1000 };
    const { netlog, disk, runtime } = await openNetlog(options);
    const topic = await netlog.createTopic("t", { segment_size: 1024, retention_size: 2048 });
    faulty.plan({ code: "EIO", kinds: ["remove"], path: /0{20}[.]data/, lasting: true });
    for (const text of texts(6)) await publishAll(topic, [text.padEnd(900)]);
    await runtime.advance(5000);
    expect((await topic.info()).first_offset).toBeGreaterThan(0);
    const left = await openNetlog({ disk: disk.crashProcess(), runtime });
    expect(await left.netlog.topic("t").check("first")).toEqual([]);
  });

  it("tries again to remove what it could not", async () => {
    let faulty!: FaultyDisk;
    const seen = (inner: MemoryDisk) => {
      faulty = new FaultyDisk(inner);
      return faulty;
    };
    const { netlog, disk, runtime } = await openNetlog({ seen, monitorIntervalMs: 1000 });
    const topic = await netlog.createTopic("t", { segment_size: 1024, retention_size: 2048 });
    faulty.plan({ code: "EIO", kinds: ["remove"], path: /[.]data/ });
    for (const text of texts(6)) await publishAll(topic, [text.padEnd(900)]);
    await runtime.advance(3000);
    expect(disk.paths().filter((path) => path.endsWith(".data"))).toHaveLength(2);
  });
});
