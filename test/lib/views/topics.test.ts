/** A view of several topics at once, named and found by patterns, as the log has them in process and over HTTP. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { HOUR_MS } from "../../../lib/index.ts";
import type { Database } from "../../../lib/views/database/database.ts";
import { LocalLogReader } from "../../../lib/views/reading/local-log-reader.ts";
import type { LogReader } from "../../../lib/views/reading/log-reader.ts";
import { LogUnavailable } from "../../../lib/views/reading/log-reader.ts";
import { ViewTopics } from "../../../lib/views/view-topics.ts";
import { within } from "../../support/deadline.ts";
import { type OpenPglite, openPglite } from "../../support/pglite.ts";
import { counterSubject, createCounterView } from "../../support/views/counter-view.ts";
import { clearDatabase } from "../../support/views/databases.ts";
import type { ViewSubject } from "../../support/views/subject.ts";
import {
  appliedTo,
  type OpenReader,
  QUICK,
  READERS,
  type Setup,
  SIGNAL,
  setUp,
} from "../../support/views/view-setup.ts";

const subject: ViewSubject = {
  ...counterSubject,
  createView: () => createCounterView({ topics: ["events", "supermq.*"] }),
};

let pglite: OpenPglite;
let database: Database;
beforeAll(async () => {
  pglite = await openPglite();
  database = pglite.database;
});
afterEach(() => clearDatabase(database));
afterAll(() => pglite.close());

describe.each(Object.entries(READERS))("%s", (_, openReader) => {
  const begin = async (): Promise<Setup & { publishTo(topic: string, ...keys: string[]): Promise<void> }> => {
    const setup = await setUp(subject, { database }, openReader);
    const { netlog } = setup.fixture;
    return {
      ...setup,
      async publishTo(name, ...keys) {
        if (!netlog.topicNames().includes(name)) await netlog.createTopic(name);
        for (const key of keys)
          await netlog.topic(name).publish({ payload: Buffer.from(`{"key":"${key}"}`) });
      },
    };
  };
  const totals = async (): Promise<unknown[]> =>
    await database.reads("counter").query("SELECT key, n FROM total ORDER BY key");

  test("reads what patterns stand for, finds new topics while it runs, and keeps a place in each", async () => {
    const { run, publishTo } = await begin();
    await publishTo("events", "a");
    await publishTo("supermq.things", "a", "b");
    await publishTo("supermq", "no");
    const first = run();
    await appliedTo(first, "events", 0);
    await appliedTo(first, "supermq.things", 1);
    await publishTo("supermq.channels", "b", "c");
    await appliedTo(first, "supermq.channels", 1);
    await first.stop();
    await publishTo("supermq.things", "d");
    await publishTo("supermq.later", "d");
    const second = run();
    await appliedTo(second, "supermq.things", 2);
    await appliedTo(second, "supermq.later", 0);
    expect(await totals()).toEqual([
      { key: "a", n: 2 },
      { key: "b", n: 2 },
      { key: "c", n: 1 },
      { key: "d", n: 2 },
    ]);
    expect((await second.status()).topics).toMatchObject([
      { topic: "events", next: 1, lagMessages: 0 },
      { topic: "supermq.channels", next: 2, lagMessages: 0 },
      { topic: "supermq.later", next: 1, lagMessages: 0 },
      { topic: "supermq.things", next: 3, lagMessages: 0 },
    ]);
  });

  test("a rebuild takes all topics, and gives the same tables", async () => {
    const { run, publishTo, fingerprint } = await begin();
    await publishTo("events", "a", "b");
    await publishTo("supermq.things", "b", "c");
    await publishTo("supermq.channels", "c");
    const runner = run();
    await appliedTo(runner, "events", 1);
    await appliedTo(runner, "supermq.things", 1);
    await appliedTo(runner, "supermq.channels", 0);
    const before = await fingerprint();
    const seen: number[] = [];
    await runner.rebuild({ forgetsOlder: false, onProgress: ({ done }) => seen.push(done), signal: SIGNAL });
    expect(seen.at(-1)).toBe(5);
    expect(await fingerprint()).toEqual(before);
    await publishTo("supermq.things", "d");
    await appliedTo(runner, "supermq.things", 2);
  });

  test("begins at the end of the topics that are there first, and at the beginning of those that come later", async () => {
    const { run, publishTo } = await begin();
    await publishTo("events", "old");
    await publishTo("supermq.things", "old");
    const runner = run({ start: "end" });
    await within(
      "both places",
      expect
        .poll(async () => (await runner.status()).topics)
        .toMatchObject([{ next: 1 }, { topic: "supermq.things", next: 1 }]),
    );
    await publishTo("supermq.channels", "new");
    await appliedTo(runner, "supermq.channels", 0);
    expect(await totals()).toEqual([{ key: "new", n: 1 }]);
  });

  test("lets go of a found topic that is deleted, and begins anew with the next of its name", async () => {
    const { run, publishTo, fixture, logger } = await begin();
    await publishTo("supermq.things", "a", "b");
    const runner = run();
    await appliedTo(runner, "supermq.things", 1);
    await fixture.netlog.deleteTopic("supermq.things", { force: true });
    await within("the lag to be known without it", expect.poll(() => runner.figures().lagMessages).toBe(0));
    await publishTo("supermq.things", "c");
    await within("the new one", expect.poll(totals).toContainEqual({ key: "c", n: 1 }));
    expect(logger.messages("error").filter((line) => line.includes("another topic"))).toHaveLength(1);
  });

  test("reads no more topics than its limit, says so, and is not ready", async () => {
    const { run, publishTo } = await begin();
    for (const name of ["one", "two", "three"]) await publishTo(`supermq.${name}`, name);
    const runner = run({ limits: { ...QUICK, foundTopics: 2 } });
    const trouble = "the view's patterns stand for 3 topics, and it reads 2 of them";
    await within("the trouble", expect.poll(() => runner.troubleNow()).toBe(trouble));
    await within("two topics to be read", expect.poll(totals).toHaveLength(2));
  });

  test("waits while the log's topics cannot be listed, and says so", async () => {
    const { run, publishTo, log } = await begin();
    await publishTo("supermq.things", "a");
    let isAway = true;
    const flaky: LogReader = {
      topicNames: (signal) =>
        isAway ? Promise.reject(new LogUnavailable("no connection", undefined)) : log.topicNames(signal),
      watchTopics: (hear) => log.watchTopics(hear),
      bounds: (...args) => log.bounds(...args),
      read: (...args) => log.read(...args),
      createTopic: (...args) => log.createTopic(...args),
      append: (...args) => log.append(...args),
      payloadsAt: (...args) => log.payloadsAt(...args),
    };
    const runner = run({ log: flaky });
    await within(
      "the trouble",
      expect.poll(() => runner.troubleNow()).toBe("the log's topics cannot be listed: no connection"),
    );
    isAway = false;
    await appliedTo(runner, "supermq.things", 0);
    await within("the end of the trouble", expect.poll(() => runner.troubleNow()).toBeUndefined());
  });
});

test("in the log's own process a view hears of a new topic at once, named or found", async () => {
  const inProcess: OpenReader = ({ netlog }) => new LocalLogReader(netlog);
  const { run, fixture } = await setUp(subject, { database }, inProcess, { isMade: false });
  const runner = run({ limits: { ...QUICK, missingMs: HOUR_MS, findMs: HOUR_MS } });
  await within("the beginning", expect.poll(() => runner.troubleNow()).toBeUndefined());
  for (const name of ["events", "supermq.things"]) {
    const topic = await fixture.netlog.createTopic(name);
    await topic.publish({ payload: Buffer.from('{"key":"a"}') });
    await appliedTo(runner, name, 0);
  }
});

test("a status shows the names that are known, and each pattern that stands for none of them", () => {
  const topics = new ViewTopics(["events", "supermq.*", "magistrala.*"]);
  expect(topics.shown(["supermq.b", "other", "supermq.a", "supermq.b", "events"])).toEqual([
    "events",
    "supermq.a",
    "supermq.b",
    "magistrala.*",
  ]);
});
