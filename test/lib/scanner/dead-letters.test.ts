import { describe, expect, it } from "vitest";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { openNetlog } from "../../support/netlog-fixture.ts";
import { ack, leaseAll, nack, openWork, payloadsOf, reopenWork } from "../../support/work-fixture.ts";

const ACK_WAIT_MS = 30_000;
const DEAD = { maxDeliver: 2, deadLetter: "dead" };

describe("a message that was given out too often", () => {
  it("is in the dead letter, made for it, before it is settled", async () => {
    const { netlog, scanner, runtime, logger } = await openWork(2, DEAD);
    await leaseAll(scanner);
    await runtime.advance(ACK_WAIT_MS);
    expect(await leaseAll(scanner)).toHaveLength(2);
    await ack(scanner, [1]);
    await runtime.advance(ACK_WAIT_MS);
    expect(await payloadsOf(netlog.topic("dead"))).toEqual(["m0"]);
    expect(scanner.describe()).toMatchObject({ pending: 0, dead_lettered: 1 });
    expect(logger.lines.find(({ fields }) => fields.deadLetter === "dead")?.fields).toMatchObject({
      topic: "t",
      scanner: "w",
      offset: 0,
      deliveries: 2,
    });
  });

  it("goes there at once when its last delivery is given back", async () => {
    const { netlog, scanner } = await openWork(1, { ...DEAD, maxDeliver: 1 });
    await leaseAll(scanner);
    await nack(scanner, [0], 60_000);
    expect(await payloadsOf(netlog.topic("dead"))).toEqual(["m0"]);
  });

  it("is dropped with a log line where there is no dead letter", async () => {
    const { scanner, logger } = await openWork(1, { maxDeliver: 1 });
    await leaseAll(scanner);
    await nack(scanner, [0]);
    expect(scanner.describe()).toMatchObject({ pending: 0, dead_lettered: 0 });
    expect(logger.messages("warn")).toEqual(["dropped a message that was given out too often"]);
  });

  it("goes there although no message of its size is taken any more", async () => {
    const first = await openWork(1, { ...DEAD, maxDeliver: 1 });
    await first.netlog.topic("t").publish({ payload: Buffer.alloc(5000, "x") });
    await first.netlog.close();
    const { disk, runtime } = first;
    const { netlog } = await openNetlog({ disk, runtime, limits: { payloadBytes: 1000 } });
    const scanner = netlog.topic("t").scanner(first.scanner.id);
    await leaseAll(scanner);
    await nack(scanner, [0, 1]);
    expect((await payloadsOf(netlog.topic("dead"))).map(({ length }) => length).sort()).toEqual([2, 5000]);
    expect(scanner.describe()).toMatchObject({ pending: 0, dead_lettered: 2 });
  });

  it("does not count deliveries that did not arrive", async () => {
    const { netlog, scanner } = await openWork(1, { ...DEAD, maxDeliver: 1 });
    for (let i = 0; i < 3; i++) (await scanner.scan({ waitMs: 0 }))!.settle(false);
    expect(netlog.topicNames()).toEqual(["t"]);
    expect(await leaseAll(scanner)).toEqual([[0, 1]]);
  });
});

describe("nack with dead", () => {
  it("goes there at once, and several in the order of offsets", async () => {
    const { netlog, scanner } = await openWork(3, { deadLetter: "dead" });
    await leaseAll(scanner);
    expect(await nack(scanner, [2, 0], 0, true)).toEqual({ settled: 2, refused: [] });
    expect((await payloadsOf(netlog.topic("dead"))).sort()).toEqual(["m0", "m2"]);
    expect(await leaseAll(scanner)).toEqual([]);
    expect(scanner.describe()).toMatchObject({ pending: 1, dead_lettered: 2 });
  });

  it("stays meant for the dead letter over a restart", async () => {
    let faulty: FaultyDisk | undefined;
    const seen = (disk: FaultyDisk["inner"]) => {
      faulty = new FaultyDisk(disk);
      return faulty;
    };
    const fixture = await openWork(1, { deadLetter: "dead" }, { seen });
    await leaseAll(fixture.scanner);
    faulty!.plan({ code: "ENOSPC", path: /creating/, lasting: true });
    expect(await nack(fixture.scanner, [0], 0, true)).toEqual({ settled: 1, refused: [] });
    expect(fixture.scanner.describe()).toMatchObject({ pending: 1, dead_lettered: 0 });
    const { netlog, scanner } = await reopenWork(
      fixture.disk.crashPower(() => 0),
      fixture,
    );
    for (let i = 0; i < 20; i++) await fixture.runtime.turn();
    expect(await payloadsOf(netlog.topic("dead"))).toEqual(["m0"]);
    expect(await leaseAll(scanner)).toEqual([]);
  });
});

describe("a dead letter that cannot be written", () => {
  it("leaves the message pending, and is tried again after longer and longer", async () => {
    let faulty: FaultyDisk | undefined;
    const seen = (disk: FaultyDisk["inner"]) => {
      faulty = new FaultyDisk(disk);
      return faulty;
    };
    const { netlog, scanner, runtime, logger } = await openWork(1, { ...DEAD, maxDeliver: 1 }, { seen });
    await leaseAll(scanner);
    faulty!.plan({ code: "ENOSPC", path: /creating/, lasting: true });
    await nack(scanner, [0]);
    const failures = () => logger.messages("error").filter((message) => message.includes("tried again"));
    expect(failures()).toHaveLength(1);
    await runtime.advance(3100);
    expect(failures()).toHaveLength(3);
    expect(await leaseAll(scanner)).toEqual([]);
    expect(scanner.describe()).toMatchObject({ pending: 1 });
    faulty!.plan();
    await runtime.advance(4000);
    for (let i = 0; i < 20; i++) await runtime.turn();
    expect(await payloadsOf(netlog.topic("dead"))).toEqual(["m0"]);
    expect(scanner.describe()).toMatchObject({ pending: 0, dead_lettered: 1 });
  });
});

describe("a dead letter that the scanner may not make", () => {
  it("is not made, also over a restart, and gets the message once it is there", async () => {
    const request = { deadLetter: "dead", makesDeadLetter: false };
    const fixture = await openWork(1, request);
    await leaseAll(fixture.scanner);
    expect(await nack(fixture.scanner, [0], 0, true)).toEqual({ settled: 1, refused: [] });
    await fixture.netlog.close();
    const { netlog, scanner, runtime } = await reopenWork(fixture.disk, fixture);
    await runtime.advance(10_000);
    expect(netlog.topicNames()).toEqual(["t"]);
    expect(scanner.describe()).toMatchObject({ pending: 1, dead_lettered: 0 });
    const dead = await netlog.createTopic("dead");
    await runtime.advance(20_000);
    for (let i = 0; i < 20; i++) await runtime.turn();
    expect(await payloadsOf(dead)).toEqual(["m0"]);
    expect(scanner.describe()).toMatchObject({ pending: 0, dead_lettered: 1 });
  });
});

describe("a dead letter's name", () => {
  it("is a topic's, and not the scanner's own", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    for (const deadLetter of ["t", "", ".x", "a/b"]) {
      const created = topic.findOrCreateScanner({ ack: "explicit", deadLetter });
      await expect(created, deadLetter).rejects.toThrow("bad request: dead_letter");
    }
  });
});
