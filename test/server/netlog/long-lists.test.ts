import { expect, it } from "vitest";
import { gatherTopicStats } from "../../../lib/topic/stats.ts";
import { within } from "../../support/deadline.ts";
import { HeldPauses } from "../../support/held-pauses.ts";
import { expectTooMany, figure } from "../http/limit-checks.ts";
import { type ServerFixture, serverForTest } from "../server-fixture.ts";

const COUNT = 5000;
const NAMES = Array.from({ length: COUNT }, (_, i) => `topic-with-a-rather-long-name-${i}`);

type Netlogged = Pick<ServerFixture, "netlog">;

/** Making so many takes seconds; the lists see no difference. */
function manyTopics({ netlog }: Netlogged): void {
  netlog.topicNames = () => NAMES;
}

function manyFailedTopics(fixture: Netlogged): void {
  manyTopics(fixture);
  fixture.netlog.failedTopic = (name) => ({ name, reason: "settings.json is damaged, and so is its copy" });
}

async function manyFigures({ netlog }: Netlogged): Promise<void> {
  const stats = await netlog.stats();
  const topics = NAMES.map((name) => ({ ...stats.topics[0]!, name }));
  netlog.stats = () => Promise.resolve({ ...stats, topics });
}

async function manyScanners({ netlog }: Netlogged): Promise<void> {
  const topic = netlog.topic("t");
  const ids = Array.from({ length: COUNT }, (_, i) => `scanner-with-a-rather-long-name-${i}`);
  await Promise.all(ids.map((id) => topic.findOrCreateScanner({ id, from: "0", persist: false })));
}

it.each([
  ["/", manyTopics, 9],
  ["/-/topics", manyTopics, 38],
  ["/-/topics?sort=-messages", manyTopics, 38],
  ["/-/topics?sort=lag", manyScanners, 1],
  ["/-/ready", manyFailedTopics, 16],
  ["/t", manyScanners, 24],
  ["/t/scanner", manyScanners, 50],
  ["/-/metrics", manyFigures, 70],
  ["/-/metrics", manyScanners, 38],
] as const)(
  "a long list is made in pieces, and others are answered meanwhile: GET %s, %o",
  async (path, make, pieces) => {
    const fixture = await serverForTest();
    const { api, netlog, runtime } = fixture;
    await netlog.createTopic("t");
    await make(fixture);
    const pauses = new HeldPauses(runtime);
    const listing = api.get(path);
    await within("the first pause", expect.poll(() => pauses.heldCount).toBe(1));
    expect((await api.post("/t/payload", "meanwhile")).status).toBe(201);
    pauses.release();
    expect((await listing).status).toBe(200);
    expect(pauses.count).toBeGreaterThanOrEqual(pieces);
  },
);

it.each([
  ["/", manyTopics],
  ["/-/ready", manyFailedTopics],
  ["/t", manyScanners],
  ["/t/scanner", manyScanners],
] as const)("a long list counts in the bytes in flight while it is made: GET %s", async (path, make) => {
  const fixture = await serverForTest({ limits: { bytesInFlight: 100_000, smallBytesInFlight: 0 } });
  await fixture.netlog.createTopic("t");
  await make(fixture);
  expectTooMany(await fixture.api.get(path), "max_bytes_in_flight");
  expect(await figure(fixture, "netlog_bytes_in_flight")).toBe(0);
});

it("figures of many topics are gathered in pieces, and calls that come meanwhile share them", async () => {
  const { netlog, runtime } = await serverForTest();
  const topic = await netlog.createTopic("t");
  const pauses = new HeldPauses(runtime);
  pauses.release();
  const figures = await gatherTopicStats(
    NAMES.map(() => topic),
    runtime,
  );
  expect(figures).toHaveLength(COUNT);
  expect(pauses.count).toBeGreaterThanOrEqual(COUNT / 128 - 1);
  expect(netlog.stats()).toBe(netlog.stats());
});

it("scanners of any name are in the topic's description", async () => {
  const { api, netlog } = await serverForTest();
  const topic = await netlog.createTopic("t");
  await topic.findOrCreateScanner({ id: "__proto__", from: "0", persist: false });
  expect((await api.get("/t")).text).toContain('"scanners":{"__proto__":{"id":"__proto__",');
});
