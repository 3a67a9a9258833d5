/**
 * A view made anew from the log: a second schema is filled while the first one serves reads and takes what comes; then one
 * transaction gives it the first one's name.
 */
import type { Logger, Runtime } from "../index.ts";
import { BatchApplier } from "./batch-applier.ts";
import type { Database, Writer } from "./database/database.ts";
import { quoteName } from "./database/quote-name.ts";
import type { Limits } from "./limits.ts";
import { migrate, RUNTIME_SCHEMA, requireOwn } from "./migrate.ts";
import { type Place, savePlace } from "./places.ts";
import { type LogReader, LogUnavailable } from "./reading/log-reader.ts";
import type { View } from "./view.ts";
import { ViewStopped } from "./view-stopped.ts";
import { ViewTopics } from "./view-topics.ts";

export interface RebuildProgress {
  readonly done: number;
  readonly total: number;
}

export interface RebuildRequest {
  /** Rows whose messages the log has no more are given up. */
  readonly forgetsOlder: boolean;
  readonly onProgress: (progress: RebuildProgress) => void;
  readonly signal: AbortSignal;
}

interface RebuildOptions {
  readonly request: RebuildRequest;
  /** What serves reads. */
  readonly current: View<unknown>;
  readonly createView: () => View<unknown>;
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

/** Gives the view of the new tables. @throws as ViewRunner.rebuild does. */
export async function rebuildView(options: RebuildOptions): Promise<View<unknown>> {
  const { database, createView, logger, request } = options;
  const view = createView();
  const schema = `${view.name}_rebuild`;
  const parts = await boundsOf(options);
  if (!request.forgetsOlder) await requireNothingLost(options, parts);
  const filler = await database.openWriter(schema);
  if (filler === undefined)
    throw new ViewStopped(`the view ${view.name} is being rebuilt by another process`);
  try {
    await filler.transaction((transaction) => requireOwn(transaction, view.name));
    await removeSchema(filler, schema);
    await migrate(filler, schema, view.migrations);
    const fill = new Fill(options, view, schema, filler, parts);
    await fill.toEnd();
    const writer = await options.takeWriter();
    try {
      await fill.toEnd();
      await swap(writer, view.name, schema);
    } finally {
      await writer.close();
    }
    logger.info({ view: view.name, messages: fill.done }, "the view is rebuilt");
    await removeSchema(filler, `${view.name}_old`);
    return view;
  } finally {
    await filler.close();
  }
}

interface Part {
  readonly topic: string;
  readonly id: string;
  readonly start: number;
  readonly end: number;
}

async function boundsOf({ current, log, request }: RebuildOptions): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for (const topic of await new ViewTopics(current.topics).all(log, request.signal)) {
    const bounds = await log.bounds(topic, request.signal);
    if (bounds !== undefined) parts.push({ topic, ...bounds });
  }
  return parts;
}

async function requireNothingLost(
  { current, database }: RebuildOptions,
  parts: readonly Part[],
): Promise<void> {
  const kept = parts.map(({ id, start }) => ({ topicId: id, start }));
  const reads = database.reads(current.name);
  const [found] = await reads.query(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = $1 LIMIT 1",
    [current.name],
  );
  const lost = found === undefined ? 0 : await current.countLost(reads, kept);
  if (lost === 0) return;
  const begins = parts.map(({ topic, start }) => `${topic} at ${start}`).join(", ") || "nowhere";
  throw new ViewStopped(
    `a rebuild would lose ${lost} rows, whose messages the log has no more (it begins: ${begins}); ` +
      "--forget-older goes on all the same",
  );
}

/** Replays the topics into the new schema. */
class Fill {
  readonly #options: RebuildOptions;
  readonly #schema: string;
  readonly #writer: Writer;
  readonly #applier: BatchApplier;
  readonly #parts: readonly Part[];
  readonly #places = new Map<string, Place>();
  #total = 0;
  done = 0;

  constructor(
    options: RebuildOptions,
    view: View<unknown>,
    schema: string,
    writer: Writer,
    parts: readonly Part[],
  ) {
    this.#options = options;
    this.#schema = schema;
    this.#writer = writer;
    this.#parts = parts;
    this.#applier = new BatchApplier({
      view,
      schema,
      limits: options.limits,
      runtime: options.runtime,
      channel: undefined,
    });
    for (const { start, end } of parts) this.#total += end - start;
  }

  /** Applies what there is now. */
  async toEnd(): Promise<void> {
    for (const { topic, id, start } of this.#parts) {
      if (!this.#places.has(topic)) {
        await this.#save({ topic, topicId: id, next: start });
      }
      while (await this.#step(topic));
    }
  }

  async #save(place: Place): Promise<void> {
    await this.#writer.transaction((transaction) => savePlace(transaction, this.#schema, place));
    this.#places.set(place.topic, place);
  }

  /** False: that was all. */
  async #step(topic: string): Promise<boolean> {
    const { log, limits, request } = this.#options;
    const { signal, onProgress } = request;
    signal.throwIfAborted();
    const place = this.#places.get(topic) as Place;
    const { batchMessages: max, batchBytes: maxBytes } = limits;
    const read = await log.read(topic, { from: place.next, max, maxBytes, waitMs: 0, signal });
    if (read.kind !== "missing" && read.bounds.id !== place.topicId) {
      throw new LogUnavailable(`the topic ${topic} became another one`, undefined);
    }
    switch (read.kind) {
      case "missing":
      case "beyond":
        return false;
      case "dropped":
      case "damaged":
        await this.#save({ ...place, next: read.kind === "damaged" ? read.nextOffset : read.bounds.start });
        return true;
      case "messages":
        break;
    }
    if (read.messages.length === 0) return false;
    const applied = await this.#applier.apply(this.#writer, place, read.messages);
    this.#places.set(topic, applied.place);
    this.done += read.messages.length;
    onProgress({ done: this.done, total: Math.max(this.#total, this.done) });
    return true;
  }
}

/** The new tables get the name of the old ones, which get another. */
async function swap(writer: Writer, name: string, schema: string): Promise<void> {
  const old = `${name}_old`;
  await removeSchema(writer, old);
  await writer.transaction(async (transaction) => {
    await transaction.query(`CREATE SCHEMA IF NOT EXISTS ${quoteName(name)}`);
    await transaction.query(`ALTER SCHEMA ${quoteName(name)} RENAME TO ${quoteName(old)}`);
    await transaction.query(`ALTER SCHEMA ${quoteName(schema)} RENAME TO ${quoteName(name)}`);
    for (const table of RUNTIME_TABLES) {
      await transaction.query(`DELETE FROM ${RUNTIME_SCHEMA}.${table} WHERE view = $1`, [name]);
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
