/** Both databases of views behave alike: values, errors, transactions, reads that take too long. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeDisk, silentLogger } from "../../../../lib/index.ts";
import type { Database } from "../../../../lib/views/database/database.ts";
import { EmbeddedDatabase } from "../../../../lib/views/database/embedded-database.ts";
import { ServerDatabase } from "../../../../lib/views/database/server-database.ts";
import { LIMITS as VIEW_LIMITS } from "../../../../lib/views/limits.ts";
import { within } from "../../../support/deadline.ts";
import { fillPgliteFolder, openPglite } from "../../../support/pglite.ts";
import { hasPostgres, Postgres } from "../../../support/postgres.ts";
import { rejection } from "../../../support/rejection.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { DATABASES, type TestDatabase } from "../../../support/views/databases.ts";

const LIMITS = { ...VIEW_LIMITS, writeMs: 60_000, readConnections: 3, embeddedBytes: 256 * 2 ** 20 };

for (const target of DATABASES) {
  describe.skipIf(target.isMissing)(target.name, () => {
    let opened: TestDatabase;
    let database: Database;

    beforeAll(async () => {
      opened = await target.open();
      database = opened.database;
    });

    afterAll(() => opened.close());

    test("gives the same values", async () => {
      const [row] = await database.reads("public").query(
        `SELECT 1::int AS int, 9007199254740991::bigint AS bigint, 1.50::numeric AS numeric, true AS bool,
                '2021-08-04 07:45:26.371234+02'::timestamptz AS at, '2021-08-04'::date AS day,
                '{"a": 1.0}'::json AS json, '{"a":1.0}'::jsonb AS jsonb, '\\x00ff'::bytea AS bytea,
                ARRAY['a,"b', NULL] AS texts, ARRAY[1::bigint, 2] AS bigints, NULL::text AS nothing,
                ARRAY['2021-08-04 07:45:26+00'::timestamptz] AS times`,
      );
      expect(row).toEqual({
        int: 1,
        bigint: Number.MAX_SAFE_INTEGER,
        numeric: "1.50",
        bool: true,
        at: "2021-08-04 05:45:26.371234+00",
        day: "2021-08-04",
        json: '{"a": 1.0}',
        jsonb: '{"a": 1.0}',
        bytea: Buffer.from([0, 255]),
        texts: ['a,"b', null],
        bigints: [1, 2],
        nothing: null,
        times: ["2021-08-04 07:45:26+00"],
      });
    });

    test("takes the same parameters", async () => {
      const parameters = [
        "gr\\ü'\"",
        5,
        7n,
        false,
        null,
        new Uint8Array([0, 1]),
        ["a,b", 'c"\\', null],
        [1, 2],
      ];
      const [row] = await database.reads("public").query(
        `SELECT $1::text AS text, $2::int AS int, $3::bigint AS bigint, $4::bool AS bool, $5::text AS nothing,
                $6::bytea AS bytea, $7::text[] AS texts, $8::bigint[] AS bigints`,
        parameters,
      );
      expect(row).toEqual({
        text: "gr\\ü'\"",
        int: 5,
        bigint: 7,
        bool: false,
        nothing: null,
        bytea: Buffer.from([0, 1]),
        texts: ["a,b", 'c"\\', null],
        bigints: [1, 2],
      });
      const beyond = database.reads("public").query("SELECT 9007199254740993 AS bigint");
      expect(await rejection(beyond)).toBeInstanceOf(TypeError);
      expect(await database.reads("public").query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    });

    test("commits a transaction, or rolls it back, and tells of errors by SQLSTATE", async () => {
      const writer = await database.openWriter("apples");
      if (writer === undefined) throw new Error("no writer");
      await writer.transaction((transaction) => transaction.query("CREATE SCHEMA apples"));
      let committed = 0;
      await writer.transaction(async (transaction) => {
        await transaction.query("CREATE TABLE apple (id bigint PRIMARY KEY)");
        await transaction.query("INSERT INTO apple VALUES ($1)", [1]);
        transaction.afterCommit(() => {
          committed += 1;
        });
        expect(committed).toBe(0);
      });
      expect(committed).toBe(1);
      const twice = writer.transaction(async (transaction) => {
        transaction.afterCommit(() => {
          committed += 1;
        });
        await transaction.query("INSERT INTO apple VALUES (2)");
        await transaction.query("INSERT INTO apple VALUES (1)");
      });
      expect(await rejection(twice)).toMatchObject({ sqlState: "23505" });
      const own = new Error("own");
      const thrown = writer.transaction(async (transaction) => {
        await transaction.query("INSERT INTO apple VALUES (3)");
        throw own;
      });
      expect(await rejection(thrown)).toBe(own);
      expect(committed).toBe(1);
      expect(await database.reads("apples").query("SELECT * FROM apple")).toEqual([{ id: 1 }]);
      await writer.close();
      await writer.lost;
    });

    test("has one writer for each schema at a time", async () => {
      const first = await database.openWriter("pears");
      expect(await database.openWriter("pears")).toBeUndefined();
      const other = await database.openWriter("plums");
      expect(other).toBeDefined();
      await first?.close();
      const second = await database.openWriter("pears");
      expect(second).toBeDefined();
      await second?.close();
      await other?.close();
    });

    test("reads see one state in a snapshot, and change nothing there", async () => {
      const reads = database.reads("public");
      expect(await reads.snapshot((queries) => queries.query("SELECT 2 AS two"))).toEqual([{ two: 2 }]);
      const write = reads.snapshot((queries) => queries.query("CREATE TABLE x (y int)"));
      expect(await rejection(write)).toMatchObject({ sqlState: "25006" });
    });

    test("ends a read that takes too long, and goes on", async () => {
      const reads = database.reads("public");
      const slow = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b";
      const late = reads.query(slow, [], { timeoutMs: 200 });
      const quick = reads.query("SELECT 1 AS one");
      expect(await rejection(within("the end of the read", late))).toMatchObject({ sqlState: "57014" });
      expect(await within("the next read", quick)).toEqual([{ one: 1 }]);
    });

    test("fails a read at once that finds too many before it, and goes on", async () => {
      const reads = database.reads("public");
      const many = Array.from({ length: 2 * LIMITS.readsWaiting }, () => reads.query("SELECT 1 AS one"));
      const ended = await within("their end", Promise.allSettled(many));
      const failed = ended.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
      expect(failed.length).toBeGreaterThanOrEqual(LIMITS.readsWaiting - LIMITS.readConnections);
      for (const error of failed) expect(error).toMatchObject({ sqlState: "53300" });
      expect(ended.length - failed.length).toBeGreaterThanOrEqual(LIMITS.readsWaiting);
      expect(await within("the next read", reads.query("SELECT 1 AS one"))).toEqual([{ one: 1 }]);
    });
  });
}

describe.skipIf(!hasPostgres)("PostgreSQL alone", () => {
  let server: Postgres;
  let database: ServerDatabase;

  beforeAll(async () => {
    server = await Postgres.start();
    database = new ServerDatabase({ server: server.config, description: "postgres", ...LIMITS });
  });

  afterAll(async () => {
    await database.close();
    await server.remove();
  });

  test("a writer whose server ends is lost, and so is its lock", async () => {
    const writer = await database.openWriter("pears");
    if (writer === undefined) throw new Error("no writer");
    await server.stop();
    await within("the loss", writer.lost);
    const write = writer.transaction((transaction) => transaction.query("SELECT 1"));
    expect(await rejection(write)).toMatchObject({ sqlState: "08006" });
    expect(await rejection(database.reads("public").query("SELECT 1"))).toMatchObject({
      sqlState: "08006",
    });
    await server.restart();
    expect(await database.reads("public").query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    const again = await database.openWriter("pears");
    expect(again).toBeDefined();
    await again?.close();
  });

  test("one connection serves all tries for a writer that another process has, and is cut where nobody answers", async () => {
    const standby = new ServerDatabase({ server: server.config, description: "postgres", ...LIMITS });
    const writer = await database.openWriter("pears");
    for (let tries = 0; tries < 3; tries += 1) expect(await standby.openWriter("pears")).toBeUndefined();
    const holders =
      "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_try_advisory_lock%' AND pid <> pg_backend_pid()";
    expect(await server.query(holders)).toHaveLength(2);
    await writer?.close();
    await expect.poll(() => standby.openWriter("pears")).toBeDefined();
    const silent = await server.silence();
    const unanswered = rejection(standby.ping());
    standby.cut();
    expect(await within("the cut", unanswered)).toMatchObject({ sqlState: "08006" });
    await within("the close", standby.close());
    silent.goOn();
    expect(await database.reads("public").query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("a listener hears what other connections notify", async () => {
    let hear = (_text: string): void => {};
    const heard = new Promise<string>((resolve) => {
      hear = resolve;
    });
    const close = await database.listen("some channel", hear, () => {});
    await server.query("SELECT pg_notify($1, $2)", ["some channel", "hello"]);
    expect(await within("the notice", heard)).toBe("hello");
    await close();
  });
});

test("PGlite: a statement that needs more memory than the limit fails, and the database goes on", async () => {
  const { database, close } = await openPglite();
  try {
    const reads = database.reads("public");
    const greedy = "SELECT length(repeat('x', 400000000))";
    expect(await rejection(within("the end of the read", reads.query(greedy)))).toMatchObject({
      sqlState: expect.stringMatching(/^53/),
    });
    expect(await reads.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  } finally {
    await close();
  }
});

test("PGlite: what was committed is in its folder, which one process has at a time", async () => {
  const options = { disk: nodeDisk, folder: temporaryFolder(), logger: silentLogger, ...LIMITS };
  await fillPgliteFolder(options.folder);
  const first = await EmbeddedDatabase.open(options);
  const writer = await first.openWriter("public");
  await writer?.transaction((transaction) => transaction.query("CREATE TABLE t AS SELECT 7 AS n"));
  expect(await rejection(EmbeddedDatabase.open(options))).toMatchObject({
    message: expect.stringContaining("is in use by another server"),
  });
  const slow = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b";
  await rejection(first.reads("public").query(slow, [], { timeoutMs: 100 }));
  expect(await first.reads("public").query("SELECT n FROM t")).toEqual([{ n: 7 }]);
  const unanswered = rejection(first.reads("public").query(slow));
  first.cut();
  expect(await within("the cut", unanswered)).toMatchObject({ sqlState: "08006" });
  await first.close();
  const second = await EmbeddedDatabase.open(options);
  expect(await second.reads("public").query("SELECT n FROM t")).toEqual([{ n: 7 }]);
  await second.close();
});

test("PGlite: between transactions, dead rows are vacuumed and the write-ahead log has checkpoints", async () => {
  const options = { disk: nodeDisk, folder: temporaryFolder(), logger: silentLogger, ...LIMITS };
  await fillPgliteFolder(options.folder);
  const eager = { ...options, upkeepMs: 0, checkpointBytes: 100_000, deadRows: 500 };
  const database = await EmbeddedDatabase.open(eager);
  const reads = database.reads("public");
  const beginOfLog = "SELECT redo_lsn::text AS place FROM pg_control_checkpoint()";
  const [before] = await reads.query(beginOfLog);
  const writer = await database.openWriter("public");
  const write = (sql: string) => writer?.transaction((transaction) => transaction.query(sql));
  await write("CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) AS n");
  await write("DELETE FROM t WHERE n <= 600");
  // The database counts dead rows once a second.
  const vacuums = async (): Promise<unknown> => {
    await write("SELECT 1");
    return (await reads.query("SELECT vacuum_count, n_dead_tup FROM pg_stat_user_tables"))[0];
  };
  await within("a vacuum", expect.poll(vacuums).toEqual({ vacuum_count: 1, n_dead_tup: 0 }));
  expect((await reads.query(beginOfLog))[0]).not.toEqual(before);
  await writer?.close();
  await database.close();
});
