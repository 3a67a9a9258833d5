/** What a view has to keep on a server: it goes away and comes back, and other processes use it. */
import { setTimeout } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { Queries } from "../../../lib/views/database/database.ts";
import { within } from "../deadline.ts";
import { rejection } from "../rejection.ts";
import { OUTAGE_MS } from "../soak.ts";
import type { TestDatabase } from "./databases.ts";
import type { ViewSubject } from "./subject.ts";
import { appliedTo, type OpenReader, SIGNAL, setUp } from "./view-setup.ts";

/** Raises what PostgreSQL raises where its disk is full. */
const FILL = `
  CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
  CREATE TRIGGER no_space BEFORE UPDATE ON netlog_views.place EXECUTE FUNCTION no_space()`;

export function serverCases(subject: ViewSubject, opened: () => TestDatabase, openReader: OpenReader): void {
  const { topic } = subject;

  test("waits for a server that goes away under traffic, and loses and repeats nothing", async () => {
    const { run, publish, fingerprint } = await setUp(subject, opened(), openReader);
    const runner = run();
    await publish(30);
    await appliedTo(runner, topic, 29);
    await opened().postgres?.stop();
    await publish(30, 30);
    await expect.poll(() => runner.troubleNow()).toContain("the database");
    await publish(30, 60);
    await setTimeout(OUTAGE_MS);
    await opened().postgres?.restart();
    await appliedTo(runner, topic, 89);
    expect((await runner.status()).rows).toBe(subject.rowsOf(90));
    await runner.stop();
    const inSteps = await fingerprint();
    await opened().clear();
    await appliedTo(run(), topic, 89);
    expect(await fingerprint()).toEqual(inSteps);
  });

  test.each([
    [
      "read-only",
      // UPDATE at first, and CREATE SCHEMA when it begins again.
      "in a read-only transaction",
      "ALTER SYSTEM SET default_transaction_read_only TO on",
      "ALTER SYSTEM RESET default_transaction_read_only",
    ],
    ["full", "no space left", FILL, "DROP FUNCTION no_space() CASCADE"],
  ])(
    "waits for a database that is %s, skips nothing, serves reads, and goes on",
    async (_, why, begin, end) => {
      const { run, publish } = await setUp(subject, opened(), openReader);
      const runner = run();
      await publish(10);
      await appliedTo(runner, topic, 9);
      const change = async (sql: string): Promise<void> => {
        await opened().postgres?.query(sql);
        await opened().postgres?.query("SELECT pg_reload_conf()");
      };
      await change(begin);
      onTestFinished(() => change("ALTER SYSTEM RESET default_transaction_read_only"));
      let count = 10;
      await within(
        "the trouble",
        expect
          .poll(async () => {
            await publish(1, count++);
            return await runner.troubleNow();
          })
          .toContain(why),
      );
      expect((await runner.status()).rows).toBeGreaterThanOrEqual(subject.rowsOf(10));
      await change(end);
      await appliedTo(runner, topic, count - 1);
      expect(await runner.status()).toMatchObject({
        rows: subject.rowsOf(count),
        deadLetters: 0,
        isReady: true,
      });
    },
  );

  test("a rebuild goes on while another process reads, which sees no gap and then the new tables", async () => {
    const { run, publish, fingerprint } = await setUp(subject, opened(), openReader);
    await publish(60);
    const first = run();
    await appliedTo(first, topic, 59);
    const other = opened().another();
    onTestFinished(() => other.close());
    const second = run({ database: other });
    await appliedTo(second, topic, 59);
    const seen: (number | undefined)[] = [];
    let isOver = false;
    let more: Promise<void> | undefined;
    const onProgress = (): void => {
      more ??= publish(5, 60);
    };
    const rebuilt = first.rebuild({ forgetsOlder: false, onProgress, signal: SIGNAL }).finally(() => {
      isOver = true;
    });
    while (!isOver) seen.push((await second.status()).rows);
    await rebuilt;
    await more;
    for (const rows of seen) expect(rows).toBeGreaterThanOrEqual(subject.rowsOf(60));
    await appliedTo(second, topic, 64);
    const after = await fingerprint();
    await Promise.all([first.stop(), second.stop()]);
    await opened().clear();
    await appliedTo(run(), topic, 64);
    expect(await fingerprint()).toEqual(after);
  });

  test("a read that crosses the swap of a rebuild has the old tables to its end, and the next one the new ones", async () => {
    const { run, publish } = await setUp(subject, opened(), openReader);
    const { name } = subject.createView();
    await publish(3);
    const runner = run();
    await appliedTo(runner, topic, 2);
    const reads = opened().database.reads(name);
    const identify = async (queries: Queries): Promise<unknown> =>
      await queries.query(
        `SELECT min(table_name)::text::regclass::oid AS id FROM information_schema.tables
         WHERE table_schema = current_schema()`,
      );
    const isHeld = async (): Promise<boolean> =>
      (await opened().postgres?.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))
        ?.length === 1;
    let rebuilt: Promise<void> | undefined;
    const [first, second] = await reads.snapshot(async (queries) => {
      const before = await identify(queries);
      rebuilt = runner.rebuild({ forgetsOlder: false, onProgress: () => {}, signal: SIGNAL });
      await Promise.race([rebuilt, expect.poll(isHeld).toBe(true)]);
      return [before, await identify(queries)];
    });
    expect(second).toEqual(first);
    await rebuilt;
    expect(await reads.snapshot(identify)).not.toEqual(first);
  });

  test("two processes on one database: one applies, the other serves reads and takes over", async () => {
    const { run, publish } = await setUp(subject, opened(), openReader);
    await publish(10);
    const first = run();
    await appliedTo(first, topic, 9);
    const other = opened().another();
    onTestFinished(() => other.close());
    const second = run({ database: other });
    await appliedTo(second, topic, 9);
    await publish(10, 10);
    await appliedTo(second, topic, 19);
    expect([first.figures().isRunner, second.figures().isRunner]).toEqual([true, false]);
    expect((await second.status()).rows).toBe(subject.rowsOf(20));
    expect(
      String(await rejection(second.rebuild({ forgetsOlder: true, onProgress: () => {}, signal: SIGNAL }))),
    ).toContain("another process runs the view");
    await first.stop();
    await publish(10, 20);
    await appliedTo(second, topic, 29);
    expect(second.figures().isRunner).toBe(true);
    expect((await second.status()).rows).toBe(subject.rowsOf(30));
    await second.stop();
  });
}
