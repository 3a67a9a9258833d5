/** What every view has to keep, whatever database it has and however it reads the log. */
import { expect, test } from "vitest";
import { isNetlogError, type Netlog } from "../../../lib/index.ts";
import type { View } from "../../../lib/views/view.ts";
import { within } from "../deadline.ts";
import { rejection } from "../rejection.ts";
import { REBUILD_MESSAGES } from "../soak.ts";
import type { TestDatabase } from "./databases.ts";
import { FaultyDatabase } from "./faulty-database.ts";
import type { ViewSubject } from "./subject.ts";
import { appliedTo, type OpenReader, QUICK, type Setup, SIGNAL, setUp } from "./view-setup.ts";

/** Settings with which a few hundred messages are many segments. */
const SMALL_SEGMENTS = { segment_size: 1024, compression_type: 1 };
const MONITOR_MS = 10_000;
const DIVIDE_BY_ZERO = "SELECT 1 / 0";

/** The view, with an `apply` that SQL refuses for messages of these offsets. */
function poisoned(view: View<unknown>, isPoison: (offset: number) => boolean): View<unknown> {
  return {
    ...view,
    decode: (message) => view.decode(message),
    countRows: (queries) => view.countRows(queries),
    countLost: (queries, kept) => view.countLost(queries, kept),
    async apply(transaction, items) {
      await view.apply(transaction, items);
      if (items.some(({ offset }) => isPoison(offset))) await transaction.query(DIVIDE_BY_ZERO);
    },
  };
}

/** Some views make their topic themselves. */
async function ensureTopic(netlog: Netlog, topic: string): Promise<void> {
  await netlog.createTopic(topic).catch((error: unknown) => {
    if (!isNetlogError(error, "topic_exists")) throw error;
  });
}

/** A connection breaks at each `stride`th of the steps at which it can. */
export function allCases(
  subject: ViewSubject,
  opened: () => TestDatabase,
  openReader: OpenReader,
  stride: number,
): void {
  const { topic } = subject;
  const { name } = subject.createView();
  const set = (options?: Parameters<typeof setUp>[3]): Promise<Setup> =>
    setUp(subject, opened(), openReader, options);
  const deadLetters = async (): Promise<unknown[]> =>
    await opened()
      .database.reads("netlog_views")
      .query("SELECT topic_offset AS offset, reason FROM dead_letter WHERE view = $1 ORDER BY topic_offset", [
        name,
      ]);

  test("applies what is there and what comes, each message once, over stops", async () => {
    const { run, publish, fingerprint } = await set();
    await publish(50);
    const first = run();
    await appliedTo(first, topic, 49);
    await publish(10, 50);
    await appliedTo(first, topic, 59);
    await first.stop();
    await publish(10, 60);
    const second = run();
    await appliedTo(second, topic, 69);
    await second.stop();
    const inSteps = await fingerprint();
    await opened().clear();
    const whole = run();
    await appliedTo(whole, topic, 69);
    expect(await fingerprint()).toEqual(inSteps);
    const status = await whole.status();
    expect(status).toMatchObject({
      name,
      rows: subject.rowsOf(70),
      deadLetters: 0,
      isReady: true,
      isRunner: true,
    });
    expect(status.topics).toMatchObject([{ topic, next: 70, lagMessages: 0 }]);
  });

  test("makes a dead letter of a malformed message, with the reason, and goes on", async () => {
    const { run, publish, publishText } = await set();
    await publish(2);
    await publishText(subject.malformed);
    await publish(2, 2);
    const runner = run();
    await appliedTo(runner, topic, 4);
    expect(await deadLetters()).toEqual([{ offset: 2, reason: subject.malformedReason }]);
    expect(runner.figures()).toMatchObject({
      appliedCount: 4,
      malformedCount: 1,
      refusedCount: 0,
      lagMessages: 0,
    });
    expect((await runner.status()).rows).toBe(subject.rowsOf(4));
  });

  test("finds the messages that cannot be applied, and applies all others", async () => {
    const { run, publish } = await set();
    await publish(20);
    const runner = run({
      createView: () => poisoned(subject.createView(), (offset) => [3, 4, 17].includes(offset)),
    });
    await appliedTo(runner, topic, 19);
    expect(await deadLetters()).toMatchObject([{ offset: 3 }, { offset: 4 }, { offset: 17 }]);
    expect(runner.figures()).toMatchObject({ appliedCount: 17, refusedCount: 3 });
  });

  test("stops where a whole batch cannot be applied, skips nothing, and goes on when it is mended", async () => {
    const { run, publish, logger } = await set();
    await publish(20);
    let isBroken = true;
    const createView = (): View<unknown> => poisoned(subject.createView(), () => isBroken);
    const runner = run({ createView });
    const refusal = await rejection(within("the stop", runner.applied(topic, 0, SIGNAL)));
    expect(String(refusal)).toContain("nothing of this batch was skipped");
    expect(await runner.troubleNow()).toContain("the view is stopped");
    expect(logger.messages("error")).toContain("the view is stopped, and applies nothing more");
    expect(await deadLetters()).toEqual([]);
    await runner.stop();
    isBroken = false;
    const mended = run({ createView });
    await appliedTo(mended, topic, 19);
    expect((await mended.status()).rows).toBe(subject.rowsOf(20));
  });

  test("an end of the process, or of the connection, between any two steps repeats nothing and loses nothing", async () => {
    const { run, publish, publishText, fingerprint, database } = await set();
    await publish(3);
    await publishText(subject.malformed);
    await publish(2, 3);
    const whole = run();
    await appliedTo(whole, topic, 5);
    await whole.stop();
    const expected = await fingerprint();
    const letters = await deadLetters();
    const faulty = new FaultyDatabase(database);
    let step = 0;
    for (; ; step += stride) {
      await opened().clear();
      faulty.breakAt(step);
      const runner = run({ database: faulty });
      await appliedTo(runner, topic, 5);
      await runner.stop();
      expect(await fingerprint(), `broken at step ${step}`).toEqual(expected);
      expect(await deadLetters(), `broken at step ${step}`).toEqual(letters);
      if (!faulty.hasBroken) break;
    }
    expect(step).toBeGreaterThan(10);
  });

  test("waits for a topic that is missing, and begins where its options say", async () => {
    const { run, publish, fixture } = await set({ isMade: false });
    const early = run();
    await within("the beginning", expect.poll(() => early.troubleNow()).toBeUndefined());
    await ensureTopic(fixture.netlog, topic);
    await publish(3);
    await appliedTo(early, topic, 2);
    await early.stop();
    await opened().clear();
    const late = run({ start: "end" });
    await expect.poll(async () => (await late.status()).topics[0]?.next).toBe(3);
    await publish(1, 3);
    await appliedTo(late, topic, 3);
    expect((await late.status()).rows).toBe(1);
  });

  test("goes on behind what retention dropped, counts it, and says so", async () => {
    const { run, publish, logger, fixture } = await set({ settings: SMALL_SEGMENTS });
    await publish(1);
    const first = run();
    await appliedTo(first, topic, 0);
    await first.stop();
    for (let from = 1; from < 60; from += 1) await publish(1, from);
    await fixture.netlog.updateTopic(topic, { retention_size: 1024 });
    await fixture.runtime.advance(MONITOR_MS);
    const { start } = fixture.netlog.topic(topic).readableOffsets;
    expect(start).toBeGreaterThan(1);
    const second = run();
    await appliedTo(second, topic, 59);
    expect(second.figures()).toMatchObject({ missedCount: start - 1, appliedCount: 60 - start });
    expect(logger.messages("error")).toEqual([
      "the view misses messages: retention dropped them before they were read",
    ]);
  });

  test("begins anew with another topic of the same name, keeps its rows, and says so", async () => {
    const { run, publish, logger, fixture } = await set();
    await publish(5);
    const runner = run();
    await appliedTo(runner, topic, 4);
    await fixture.netlog.deleteTopic(topic, { force: true });
    await ensureTopic(fixture.netlog, topic);
    await publish(7, 5);
    await expect.poll(async () => (await runner.status()).rows).toBe(subject.rowsOf(12));
    expect(logger.messages("error").filter((line) => line.includes("another topic"))).toHaveLength(1);
  });

  test("a rebuild gives the same tables, while reads go on; what comes meanwhile is there", async () => {
    const { run, publish, publishText, fingerprint } = await set();
    const count = REBUILD_MESSAGES;
    for (let from = 0; from < count; from += 1000) await publish(Math.min(1000, count - from), from);
    await publishText(subject.malformed);
    const runner = run();
    await runner.applied(topic, count, SIGNAL);
    const before = await fingerprint();
    const seen: number[] = [];
    const rows: (number | undefined)[] = [];
    await runner.rebuild({
      forgetsOlder: false,
      onProgress: ({ done }) => seen.push(done),
      signal: SIGNAL,
    });
    rows.push((await runner.status()).rows);
    expect(seen.at(-1)).toBe(count + 1);
    expect(rows).toEqual([subject.rowsOf(count)]);
    expect(await fingerprint()).toEqual(before);
    expect(await deadLetters()).toHaveLength(1);
    await publish(5, count);
    await appliedTo(runner, topic, count + 5);
    expect((await runner.status()).rows).toBe(subject.rowsOf(count + 5));
  });

  test("a rebuild refuses to lose rows, says how many, and goes on when it may forget them", async () => {
    const { run, publish, fixture } = await set({ settings: SMALL_SEGMENTS });
    for (let from = 0; from < 60; from += 1) await publish(1, from);
    const runner = run();
    await appliedTo(runner, topic, 59);
    await fixture.netlog.updateTopic(topic, { retention_size: 1024 });
    await fixture.runtime.advance(MONITOR_MS);
    const { start } = fixture.netlog.topic(topic).readableOffsets;
    const request = { onProgress: () => {}, signal: SIGNAL };
    const refusal = await rejection(runner.rebuild({ ...request, forgetsOlder: false }));
    expect(String(refusal)).toContain(`would lose ${start} rows`);
    expect((await runner.status()).rows).toBe(subject.rowsOf(60));
    await runner.rebuild({ ...request, forgetsOlder: true });
    expect((await runner.status()).rows).toBe(60 - start);
    await publish(1, 60);
    await appliedTo(runner, topic, 60);
  });

  test("stops at a schema that is newer, or not its own, and touches nothing there", async () => {
    const { run, publish, database } = await set();
    await publish(1);
    const view = subject.createView();
    const newer = { ...view, migrations: [...view.migrations, { name: "99 later", sql: "SELECT 1" }] };
    const ahead = run({ createView: () => poisoned(newer, () => false) });
    await appliedTo(ahead, topic, 0);
    await ahead.stop();
    const behind = run();
    await expect.poll(() => behind.troubleNow()).toContain('is newer than this program: it has "99 later"');
    await behind.stop();
    await opened().clear();
    const writer = await database.openWriter("netlog_test");
    await writer?.transaction(async (transaction) => {
      await transaction.query(`CREATE SCHEMA "${name}"`);
      await transaction.query(`CREATE TABLE "${name}".foreign_table AS SELECT 1 AS n`);
    });
    await writer?.close();
    const foreign = run();
    await expect
      .poll(() => foreign.troubleNow())
      .toContain("holds tables that no view made, such as foreign_table");
    expect(await database.reads(name).query("SELECT n FROM foreign_table")).toEqual([{ n: 1 }]);
  });

  test("deletes rows that are too old, in chunks, and no others", async () => {
    const { run, publish, fixture, topic: topicOf } = await set();
    const ageMs = subject.createView().retention?.ageMs ?? 0;
    await publish(25);
    fixture.runtime.setClock(fixture.runtime.now() + ageMs);
    await publish(3, 25);
    fixture.runtime.setClock(fixture.runtime.now() + 1);
    const clean = subject.clean?.(fixture.runtime.now() - ageMs);
    if (clean !== undefined) await topicOf().publish(clean);
    const runner = run({ limits: { ...QUICK, retentionMs: 20, retentionRows: 10 } });
    await appliedTo(runner, topic, 27);
    await expect.poll(async () => (await runner.status()).rows).toBe(3);
  });
}
