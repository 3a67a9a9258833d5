/**
 * A view made anew from the log: a second schema is filled while the first one serves reads and takes what comes; then one
 * transaction gives it the first one's name.
 */
import type { Logger, Runtime } from "../index.ts";
import { type Database, READS_LOCK, type Writer } from "./database/database.ts";
import { isDatabaseError } from "./database/database-error.ts";
import { quoteName } from "./database/quote-name.ts";
import type { Limits } from "./limits.ts";
import { migrate, RUNTIME_SCHEMA, requireOwn } from "./migrate.ts";
import { loadPlaces, type Place } from "./places.ts";
import type { LogReader } from "./reading/log-reader.ts";
import { Fill, type Part, type RebuildProgress } from "./rebuild-fill.ts";
import type { View, ViewUse } from "./view.ts";
import { ViewStopped } from "./view-stopped.ts";
import { ViewTopics } from "./view-topics.ts";

export interface RebuildRequest {
  /** Rows whose messages the log has no more are given up. */
  readonly forgetsOlder: boolean;
  /** Refused messages become dead letters, however many there are. */
  readonly skipsRefused?: boolean;
  readonly onProgress: (progress: RebuildProgress) => void;
  readonly signal: AbortSignal;
}

interface RebuildOptions {
  readonly request: RebuildRequest;
  /** What serves reads. */
  readonly current: View<unknown>;
  readonly createView: (use: ViewUse) => View<unknown>;
  readonly database: Database;
  readonly log: LogReader;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly runtime: Runtime;
  /** Ends what is applied to the current tables, and gives their writer. */
  readonly takeWriter: () => Promise<Writer>;
}

/** Tables of a view in `view`, in the runtime's schema. */
const RUNTIME_TABLES = ["migration", "place", "dead_letter"] as const;
/** A read waits no longer behind a swap that waits for other reads. */
const SWAP_WAIT_MS = 2000;
const LOCK_NOT_AVAILABLE = "55P03";

/** @throws as ViewRunner.rebuild does. */
export async function rebuildView(options: RebuildOptions): Promise<void> {
  const { database, createView, current, logger, request, log } = options;
  const { signal, forgetsOlder } = request;
  const { name } = current;
  const [schema, old] = [`${name}_rebuild`, `${name}_old`];
  const topics = new ViewTopics(current.topics);
  const hasRows = await hasTables(database, name);
  // Before the bounds: a log that has all of its messages ends behind them.
  const places = hasRows ? await placesOf(database, name) : [];
  const parts = await boundsOf(topics, log, signal);
  if (hasRows) requireTopics(current, parts);
  if (hasRows && !forgetsOlder) {
    requireEnds(places, parts);
    await requireNothingLost(options, parts);
  }
  const filler = await database.openWriter(schema);
  if (filler === undefined) throw new ViewStopped(`the view ${name} is being rebuilt by another process`);
  try {
    await filler.transaction(async (transaction) => {
      for (const each of [name, schema, old]) await requireOwn(transaction, each);
    });
    await removeSchema(filler, schema);
    await removeSchema(filler, old);
    const view = createView("rebuild");
    await migrate(filler, schema, view.migrations);
    const mayLose = forgetsOlder || !hasRows;
    const fill = new Fill({ ...options, ...request, view, topics, schema, writer: filler, parts, mayLose });
    try {
      await fill.toEnd();
      const writer = await options.takeWriter();
      try {
        await fill.toEnd();
        await swapOnce(options, writer, { name, schema, old });
      } finally {
        await writer.close();
      }
    } catch (error) {
      // The next rebuild does it where this fails.
      await removeSchema(filler, schema).catch(() => {});
      throw error;
    }
    logger.info({ view: name, messages: fill.done, missed: fill.missed }, "the view is rebuilt");
    await removeSchema(filler, old).catch((error: unknown) =>
      logger.warn({ view: name, err: error }, `the schema ${old} stays until the next rebuild`),
    );
  } finally {
    await filler.close();
  }
}

async function boundsOf(topics: ViewTopics, log: LogReader, signal: AbortSignal): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for (const topic of await topics.all(log, signal)) {
    const bounds = await log.bounds(topic, signal);
    if (bounds !== undefined) parts.push({ topic, ...bounds });
  }
  return parts;
}

async function hasTables(database: Database, name: string): Promise<boolean> {
  const sql = "SELECT 1 FROM information_schema.tables WHERE table_schema = $1 LIMIT 1";
  return (await database.reads(name).query(sql, [name])).length > 0;
}

/** Another log than the view's is read more often than all topics of a view were deleted. */
function requireTopics({ name, topics }: View<unknown>, parts: readonly Part[]): void {
  if (parts.length > 0) return;
  const none = `the log has no topic of the view ${name} (${topics.join(", ")}); nothing is changed`;
  const advice =
    "look whether it is the right log; where it is, and the view is to be empty, make the topic first";
  throw new ViewStopped(`${none}; ${advice}`);
}

/** None where the view never began. */
async function placesOf(database: Database, name: string): Promise<readonly Place[]> {
  try {
    return [...(await loadPlaces(database.reads(name), name)).values()];
  } catch (error) {
    if (isDatabaseError(error, "42P01", "42703", "3F")) return [];
    throw error;
  }
}

/** A log that was set back has lost messages whose rows are there. */
function requireEnds(places: readonly Place[], parts: readonly Part[]): void {
  for (const { topic, topicId, next } of places) {
    const end = parts.find(({ id }) => id === topicId)?.end ?? next;
    if (end >= next) continue;
    throw new ViewStopped(
      `a rebuild would lose the rows of ${next - end} messages, which the log has no more (${topic} ends at ${end}); ` +
        "--forget-older goes on all the same",
    );
  }
}

async function requireNothingLost(
  { current, database, limits }: RebuildOptions,
  parts: readonly Part[],
): Promise<void> {
  const kept = parts.map(({ id, start }) => ({ topicId: id, start }));
  // It may look at every row.
  const reads = database.reads(current.name);
  const lost = await reads.snapshot((queries) => current.countLost(queries, kept), {
    timeoutMs: limits.writeMs,
  });
  if (lost === 0) return;
  const begins = parts.map(({ topic, start }) => `${topic} at ${start}`).join(", ");
  throw new ViewStopped(
    `a rebuild would lose ${lost} rows, whose messages the log has no more (it begins: ${begins}); ` +
      "--forget-older goes on all the same",
  );
}

interface Schemas {
  readonly name: string;
  readonly schema: string;
  readonly old: string;
}

/** Swaps, and finds out whether it did where the answer to that is lost. */
async function swapOnce({ database, request }: RebuildOptions, writer: Writer, all: Schemas): Promise<void> {
  for (;;) {
    try {
      await swap(writer, all);
      return;
    } catch (error) {
      request.signal.throwIfAborted();
      if (isDatabaseError(error, LOCK_NOT_AVAILABLE)) continue;
      if (!isDatabaseError(error)) throw error;
      if (await isSwapped(database, all, error)) return;
      throw error;
    }
  }
}

async function isSwapped(database: Database, { name, schema }: Schemas, cause: unknown): Promise<boolean> {
  try {
    const sql = `SELECT 1 FROM ${RUNTIME_SCHEMA}.migration WHERE view = $1 LIMIT 1`;
    return (await database.reads(name).query(sql, [schema])).length === 0;
  } catch {
    const unknown = `the database broke off while the new tables of ${name} took the place of the old ones`;
    throw new ViewStopped(`${unknown}, and it is not known whether they did; rebuild the view again`, cause);
  }
}

/** The new tables get the name of the old ones, which get another. No read sees some of both. */
async function swap(writer: Writer, { name, schema, old }: Schemas): Promise<void> {
  await writer.transaction(async (transaction) => {
    await transaction.query(`SET LOCAL lock_timeout TO ${SWAP_WAIT_MS}`);
    await transaction.query("SELECT pg_advisory_xact_lock($1::int, hashtext($2))", [READS_LOCK, name]);
    await transaction.query(`CREATE SCHEMA IF NOT EXISTS ${quoteName(name)}`);
    await transaction.query(`ALTER SCHEMA ${quoteName(name)} RENAME TO ${quoteName(old)}`);
    await transaction.query(`ALTER SCHEMA ${quoteName(schema)} RENAME TO ${quoteName(name)}`);
    for (const table of RUNTIME_TABLES) {
      // Migrations say whose a schema is.
      const leave =
        table === "migration"
          ? `UPDATE ${RUNTIME_SCHEMA}.${table} SET view = $2 WHERE view = $1`
          : `DELETE FROM ${RUNTIME_SCHEMA}.${table} WHERE view IN ($1, $2)`;
      await transaction.query(leave, [name, old]);
      await transaction.query(`UPDATE ${RUNTIME_SCHEMA}.${table} SET view = $1 WHERE view = $2`, [
        name,
        schema,
      ]);
    }
  });
}

/** Nothing there is no error. */
async function removeSchema(writer: Writer, schema: string): Promise<void> {
  await writer.transaction(async (transaction) => {
    await transaction.query(`DROP SCHEMA IF EXISTS ${quoteName(schema)} CASCADE`);
    const [made] = await transaction.query(
      "SELECT 1 FROM information_schema.schemata WHERE schema_name = $1",
      [RUNTIME_SCHEMA],
    );
    if (made === undefined) return;
    for (const table of RUNTIME_TABLES) {
      await transaction.query(`DELETE FROM ${RUNTIME_SCHEMA}.${table} WHERE view = $1`, [schema]);
    }
  });
}
