/** Brings schemas to the version of this program: each migration once, in a transaction of its own, and in order. */
import type { Queries, Transaction, Writer } from "./database/database.ts";
import { quoteName } from "./database/quote-name.ts";
import type { Migration } from "./view.ts";
import { ViewStopped } from "./view-stopped.ts";

/** Holds the runtime's own tables, for all views of a database. A view's rows have the name of its schema. */
export const RUNTIME_SCHEMA = "netlog_views";
/** Guards the making of that schema, which the writers of several views may begin together. */
const RUNTIME_LOCK = 0x6e_65_74_6d;

const RUNTIME_MIGRATIONS: readonly Migration[] = [
  {
    name: "1 places and dead letters",
    sql: `
      CREATE TABLE place (
        view text NOT NULL,
        topic text NOT NULL,
        topic_id text NOT NULL,
        next bigint NOT NULL,
        PRIMARY KEY (view, topic)
      );
      CREATE TABLE dead_letter (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        view text NOT NULL,
        topic text NOT NULL,
        topic_id text NOT NULL,
        topic_offset bigint NOT NULL,
        reason text NOT NULL,
        bytes bytea NOT NULL,
        logged_at timestamptz NOT NULL,
        UNIQUE (view, topic_id, topic_offset)
      );
      -- Retention takes the oldest.
      CREATE INDEX dead_letter_age ON dead_letter (view, logged_at);`,
  },
  {
    name: "2 the last message of a place, and places in former topics",
    sql: `
      ALTER TABLE place
        DROP CONSTRAINT place_pkey,
        ADD PRIMARY KEY (view, topic, topic_id),
        ADD COLUMN is_current boolean NOT NULL DEFAULT true,
        ADD COLUMN last_ms bigint,
        ADD COLUMN last_checksum bigint;`,
  },
];

/**
 * Brings the runtime's schema and `schema` up to date.
 *
 * @throws ViewStopped: the schema is newer than this program, or not the view's; DatabaseError.
 */
export async function migrate(
  writer: Writer,
  schema: string,
  migrations: readonly Migration[],
): Promise<void> {
  await writer.transaction(async (transaction) => {
    await transaction.query("SELECT pg_advisory_xact_lock($1)", [RUNTIME_LOCK]);
    await transaction.query(`CREATE SCHEMA IF NOT EXISTS ${RUNTIME_SCHEMA}`);
    await transaction.query(`
      CREATE TABLE IF NOT EXISTS ${RUNTIME_SCHEMA}.migration (
        view text NOT NULL, number integer NOT NULL, name text NOT NULL, sql text NOT NULL, PRIMARY KEY (view, number)
      )`);
    const done = await countDone(transaction, RUNTIME_SCHEMA, RUNTIME_MIGRATIONS);
    for (const [index, migration] of RUNTIME_MIGRATIONS.entries()) {
      if (index >= done) await run(transaction, RUNTIME_SCHEMA, index, migration);
    }
  });
  let done = await writer.transaction(async (transaction) => {
    const count = await countDone(transaction, schema, migrations);
    await requireOwn(transaction, schema);
    await transaction.query(`CREATE SCHEMA IF NOT EXISTS ${quoteName(schema)}`);
    return count;
  });
  for (; done < migrations.length; done += 1) {
    const migration = migrations[done] as Migration;
    const number = done;
    await writer.transaction((transaction) => run(transaction, schema, number, migration));
  }
}

async function countDone(
  queries: Queries,
  schema: string,
  migrations: readonly Migration[],
): Promise<number> {
  const done = await queries.query<Migration>(
    `SELECT name, sql FROM ${RUNTIME_SCHEMA}.migration WHERE view = $1 ORDER BY number`,
    [schema],
  );
  for (const [index, { name, sql }] of done.entries()) {
    const own = migrations[index];
    if (own?.name === name && own.sql === sql) continue;
    const advice = "run the program that made it, or give this one another database";
    throw new ViewStopped(
      own === undefined
        ? `the schema ${schema} is newer than this program: it has "${name}"; ${advice}`
        : `the schema ${schema} is another program's: its "${name}" differs; ${advice}`,
    );
  }
  return done.length;
}

/** @throws ViewStopped: the schema has tables that no view made. */
export async function requireOwn(queries: Queries, schema: string): Promise<void> {
  const [table] = await queries.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = $1 ORDER BY 1 LIMIT 1",
    [schema],
  );
  if (table === undefined) return;
  const [runtime] = await queries.query(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = $1 LIMIT 1",
    [RUNTIME_SCHEMA],
  );
  const own =
    runtime &&
    (await queries.query(`SELECT 1 FROM ${RUNTIME_SCHEMA}.migration WHERE view = $1 LIMIT 1`, [schema]));
  if (own !== undefined && own.length > 0) return;
  const whose = `the schema ${schema} holds tables that no view made, such as ${table.name}`;
  throw new ViewStopped(`${whose}; give the view another database`);
}

async function run(
  transaction: Transaction,
  schema: string,
  number: number,
  { name, sql }: Migration,
): Promise<void> {
  await transaction.query(`SET LOCAL search_path TO ${quoteName(schema)}`);
  await transaction.query(sql);
  await transaction.query(`INSERT INTO ${RUNTIME_SCHEMA}.migration VALUES ($1, $2, $3, $4)`, [
    schema,
    number,
    name,
    sql,
  ]);
}
