/** A rebuild that is refused, stopped or broken off: the old tables stay, or the new ones are whole. */
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import type { ViewUse } from "../../../lib/views/view.ts";
import { within } from "../../support/deadline.ts";
import { rejection } from "../../support/rejection.ts";
import { counterSubject, createCounterView } from "../../support/views/counter-view.ts";
import { EITHER_DATABASE, type TestDatabase } from "../../support/views/databases.ts";
import { FaultyDatabase } from "../../support/views/faulty-database.ts";
import { appliedTo, READERS, type Setup, SIGNAL, setUp } from "../../support/views/view-setup.ts";

const TOPIC = counterSubject.topic;
const REQUEST = { forgetsOlder: false, onProgress: () => {}, signal: SIGNAL };

let opened: TestDatabase;
beforeAll(async () => {
  opened = await EITHER_DATABASE.open();
});
afterEach(() => opened.clear());
afterAll(() => opened.close());

const inProcess = READERS["in process"]!;
const begin = (): Promise<Setup> => setUp(counterSubject, opened, inProcess);

async function change(sql: string): Promise<void> {
  const writer = await opened.database.openWriter("netlog_test");
  await writer?.transaction((transaction) => transaction.query(sql));
  await writer?.close();
}

test("reads no log that has none of the view's topics, whatever may be forgotten", async () => {
  const { run, publish, fixture } = await begin();
  await publish(3);
  const runner = run();
  await appliedTo(runner, TOPIC, 2);
  await runner.stop();
  await fixture.netlog.deleteTopic(TOPIC, { force: true });
  const error = await rejection(runner.rebuild({ ...REQUEST, forgetsOlder: true }));
  expect(String(error)).toContain("the log has no topic of the view counter (events); nothing is changed");
  expect((await runner.status()).rows).toBe(3);
});

test.each(["counter_rebuild", "counter_old"])("touches no schema %s that no view made", async (schema) => {
  const { run, publish } = await begin();
  await publish(3);
  const runner = run();
  await appliedTo(runner, TOPIC, 2);
  await change(`CREATE SCHEMA ${schema}`);
  await change(`CREATE TABLE ${schema}.backup AS SELECT 1 AS n`);
  expect(String(await rejection(runner.rebuild(REQUEST)))).toContain(
    `the schema ${schema} holds tables that no view made, such as backup`,
  );
  expect(await opened.database.reads(schema).query("SELECT n FROM backup")).toEqual([{ n: 1 }]);
});

test("removes what an earlier one left, be it the new tables or the old ones", async () => {
  const { run, publish, fingerprint } = await begin();
  await publish(3);
  const runner = run();
  await appliedTo(runner, TOPIC, 2);
  const before = await fingerprint();
  for (const schema of ["counter_rebuild", "counter_old"]) {
    await change(`CREATE SCHEMA ${schema}`);
    await change(`CREATE TABLE ${schema}.event AS SELECT 1 AS n`);
    await change(`INSERT INTO netlog_views.migration VALUES ('${schema}', 0, 'one', 'sql')`);
  }
  await runner.rebuild(REQUEST);
  expect(await fingerprint()).toEqual(before);
  const schemas = await opened.database
    .reads("public")
    .query("SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE 'counter%'");
  expect(schemas).toEqual([{ name: "counter" }]);
});

test("a stop gives a rebuild up, waits for its end, and the view does not begin again", async () => {
  const { run, publish, logger } = await begin();
  await publish(60);
  const runner = run();
  await appliedTo(runner, TOPIC, 59);
  let stopped: Promise<void> | undefined;
  const rebuilt = runner.rebuild({
    ...REQUEST,
    onProgress: () => {
      stopped ??= runner.stop();
    },
  });
  expect(String(await rejection(within("the end of the rebuild", rebuilt)))).toContain("is being stopped");
  await within("the stop", stopped ?? Promise.reject(new Error("there was no progress")));
  expect(runner.figures().isRunner).toBe(false);
  expect(logger.messages("info").filter((line) => line === "the view applies messages")).toHaveLength(1);
  expect((await runner.status()).rows).toBe(60);
});

test("a client that leaves ends the rebuild alone, and the view goes on", async () => {
  const { run, publish } = await begin();
  await publish(60);
  const runner = run();
  await appliedTo(runner, TOPIC, 59);
  const leaves = new AbortController();
  const request = { ...REQUEST, signal: leaves.signal, onProgress: () => leaves.abort(new Error("left")) };
  expect(String(await rejection(runner.rebuild(request)))).toContain("left");
  await publish(1, 60);
  await appliedTo(runner, TOPIC, 60);
});

test("a connection that breaks between any two steps leaves the old tables or the new ones, and the view goes on", async () => {
  const { run, publish, fingerprint, database } = await begin();
  const faulty = new FaultyDatabase(database);
  await publish(5);
  const runner = run({ database: faulty });
  await appliedTo(runner, TOPIC, 4);
  const before = await fingerprint();
  let refusals = 0;
  let step = 0;
  for (; ; step += 1) {
    faulty.breakAt(step);
    await runner.rebuild(REQUEST).catch(() => {
      refusals += 1;
    });
    expect(await fingerprint(), `broken at step ${step}`).toEqual(before);
    if (!faulty.hasBroken) break;
  }
  expect(refusals).toBeGreaterThan(10);
  // What is broken off behind the swap is no failure.
  expect(refusals).toBeLessThan(step);
  await publish(1, 5);
  await appliedTo(runner, TOPIC, 5);
});

test("what a rebuild applies again is in no figure of the view", async () => {
  const { run, publish } = await begin();
  const uses: ViewUse[] = [];
  await publish(3);
  const runner = run({
    createView: (use) => {
      uses.push(use);
      return createCounterView();
    },
  });
  await appliedTo(runner, TOPIC, 2);
  await runner.rebuild(REQUEST);
  expect(uses).toEqual(["live", "rebuild", "live"]);
  expect(runner.figures().appliedCount).toBe(3);
});

test.skipIf(!EITHER_DATABASE.isServer)(
  "refuses before its work where another process runs the view",
  async () => {
    const { run, publish } = await begin();
    await publish(3);
    await appliedTo(run(), TOPIC, 2);
    const other = opened.another();
    onTestFinished(() => other.close());
    const idle = run({ database: other });
    await idle.stop();
    const seen: number[] = [];
    const request = { ...REQUEST, onProgress: ({ done }: { done: number }) => void seen.push(done) };
    expect(String(await rejection(idle.rebuild(request)))).toContain("another process runs the view counter");
    expect(seen).toEqual([]);
  },
);

test("messages that the database refuses are skipped where that is asked for, by the view and by a rebuild", async () => {
  const { run, publish } = await begin();
  await publish(20);
  const view = createCounterView();
  const poisoned = createCounterView({
    apply: async (transaction, items) => {
      await view.apply(transaction, items);
      if (items.some(({ offset }) => offset < 20)) await transaction.query("SELECT 1 / 0");
    },
  });
  const createView = () => poisoned;
  const careful = run({ createView });
  await expect.poll(() => careful.troubleNow()).toContain("or start it with --skip-refused");
  await careful.stop();
  const skipping = run({ createView, skipsRefused: true });
  await publish(5, 20);
  await appliedTo(skipping, TOPIC, 24);
  expect(await skipping.status()).toMatchObject({ rows: 5, deadLetters: 20, isReady: true });
  await skipping.stop();
  const again = run({ createView });
  await publish(1, 25);
  await appliedTo(again, TOPIC, 25);
  expect(String(await rejection(again.rebuild(REQUEST)))).toContain(
    "all 20 messages of a batch were refused",
  );
  await again.rebuild({ ...REQUEST, skipsRefused: true });
  expect(await again.status()).toMatchObject({ rows: 6, deadLetters: 20 });
});
