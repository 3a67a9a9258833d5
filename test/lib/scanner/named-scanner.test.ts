import { describe, expect, it } from "vitest";
import { openNetlog, publishAll, texts } from "../../support/netlog-fixture.ts";
import { ack, lease, openWork, reopenWork } from "../../support/work-fixture.ts";

const HOUR_MS = 3_600_000;

async function newTopic() {
  const fixture = await openNetlog();
  const topic = await fixture.netlog.createTopic("t");
  await publishAll(topic, texts(3));
  return { ...fixture, topic };
}

describe("a scanner of a name", () => {
  it("is made once, however many ask for it at once", async () => {
    const { topic } = await newTopic();
    const asked = Array.from({ length: 5 }, () => topic.findOrCreateScanner({ id: "s", persist: true }));
    const found = await Promise.all(asked);
    expect(found.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(found.map(({ scanner }) => scanner)).size).toBe(1);
  });

  it("can be made anew, as another kind, once it was deleted", async () => {
    const { topic } = await newTopic();
    await topic.findOrCreateScanner({ id: "s", persist: true });
    await topic.deleteScanner("s");
    const { scanner, isNew } = await topic.findOrCreateScanner({ id: "s", ack: "explicit" });
    expect([isNew, scanner.describe().ack]).toEqual([true, "explicit"]);
  });
});

describe("expire", () => {
  it("drops a scanner that was not used for so long, with its file", async () => {
    const { topic, disk } = await newTopic();
    await topic.findOrCreateScanner({ id: "p", persist: true, expireMs: HOUR_MS });
    await topic.findOrCreateScanner({ id: "w", ack: "explicit", expireMs: HOUR_MS });
    await topic.findOrCreateScanner({ id: "stays", ack: "explicit" });
    await topic.upkeep(HOUR_MS - 1);
    expect(topic.scanners).toHaveLength(3);
    await topic.upkeep(1);
    expect(topic.scanners.map(({ id }) => id)).toEqual(["stays"]);
    expect(await disk.list("/data/t/scanners")).toEqual(["stays.leases"]);
  });

  it.each([
    ["finding it", async (topic) => void (await topic.findOrCreateScanner({ id: "w" }))],
    ["a scan", async (topic) => void (await lease(topic.scanner("w")))],
    ["an ack", async (topic) => void (await ack(topic.scanner("w"), [0]))],
    ["a touch", (topic) => void topic.scanner("w").work.touch({ offsets: [0], lease: undefined })],
    ["a seek", (topic) => topic.scanner("w").seek(1)],
    ["a scan that waits", (topic) => void topic.scanner("w").scan({ waitMs: 9 * HOUR_MS })],
  ] as [string, (topic: Awaited<ReturnType<typeof newTopic>>["topic"]) => unknown][])(
    "begins anew with %s",
    async (_what, use) => {
      const { topic, scanner } = await openWork(1, { expireMs: HOUR_MS });
      await lease(scanner);
      await topic.upkeep(HOUR_MS - 1);
      await use(topic);
      await topic.upkeep(HOUR_MS - 1);
      expect(topic.scanners).toHaveLength(1);
    },
  );

  it("is kept over a restart, with all other settings", async () => {
    const settings = { expireMs: HOUR_MS, ackWaitMs: 5000, maxDeliver: 3, maxPending: 7, deadLetter: "d" };
    const fixture = await openWork(1, settings);
    await fixture.topic.findOrCreateScanner({ id: "p", persist: true, expireMs: 2 * HOUR_MS });
    const before = fixture.topic.scanners.map((scanner) => scanner.describe());
    await fixture.netlog.close();
    const { topic } = await reopenWork(fixture.disk, fixture);
    expect(topic.scanners.map((scanner) => scanner.describe())).toEqual(before);
    expect(before.map((scanner) => scanner.settings.expire)).toEqual(["2h0m0s", "1h0m0s"]);
  });
});
