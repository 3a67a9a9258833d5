/** The journal as a view: a row for each event of a platform, and the telemetry of its clients. */
import { DAY_MS } from "../../index.ts";
import type { KeptPart, Placed, Queries, Transaction, View } from "../index.ts";
import { deleteOldHours, hourOf } from "./client-hours.ts";
import { decodeEvent, type JournalEvent } from "./decode.ts";
import { deleteOldJournals, writeJournals } from "./journals.ts";
import { MIGRATIONS } from "./schema.ts";
import { applyTelemetry, type TelemetryNotes } from "./telemetry.ts";
import { type TelemetryEvent, Uncounted } from "./telemetry-event.ts";

/** Events of a batch that name more entities than they are listed under. */
export interface UnlistedEntities {
  /** Where the first one is. */
  readonly topic: string;
  readonly offset: number;
  readonly eventCount: number;
  /** Ids that they are not found under. */
  readonly idCount: number;
}

export interface JournalOptions {
  readonly topics: readonly string[];
  /** 0: journals and hours of clients stay for good. Telemetry always does. */
  readonly retentionDays: number;
  /** Hears how many journals were written with one batch, and how long that took; called after the commit. */
  readonly noteBatch?: ((messageCount: number, elapsedMs: number) => void) | undefined;
  /** Hears of what did not count, after the commit; not called where all did. */
  readonly noteTelemetry?: ((notes: TelemetryNotes) => void) | undefined;
  /** Hears of events that name too many entities, after the commit; not called where there are none. */
  readonly noteUnlisted?: ((events: UnlistedEntities) => void) | undefined;
  /** For these times: see Runtime. */
  readonly elapsedMs: () => number;
}

type PlacedEvent = Placed<JournalEvent>;

export function createJournalView(options: JournalOptions): View<JournalEvent> {
  const { topics, retentionDays, noteBatch, noteUnlisted, elapsedMs } = options;
  return {
    name: "journal",
    topics,
    migrations: MIGRATIONS,
    decode: ({ payload }) => decodeEvent(payload),
    async apply(transaction, items) {
      const startMs = elapsedMs();
      // An event whose offset has a journal already has been counted.
      const fresh = await writeJournals(transaction, items);
      await countTelemetry(transaction, fresh, options);
      transaction.afterCommit(() => {
        noteBatch?.(items.length, elapsedMs() - startMs);
        const unlisted = unlistedOf(items);
        if (unlisted !== undefined) noteUnlisted?.(unlisted);
      });
    },
    retention: retentionDays === 0 ? undefined : { ageMs: retentionDays * DAY_MS, deleteChunk },
    countRows,
    countLost,
  };
}

function unlistedOf(items: readonly PlacedEvent[]): UnlistedEntities | undefined {
  const events = items.filter(({ item }) => item.entities.unlistedCount > 0);
  const [first] = events;
  if (first === undefined) return undefined;
  const idCount = events.reduce((sum, { item }) => sum + item.entities.unlistedCount, 0);
  return { topic: first.topic, offset: first.offset, eventCount: events.length, idCount };
}

/** Journals, and then hours of clients. */
async function deleteChunk(transaction: Transaction, beforeMs: number, limit: number): Promise<number> {
  const journals = await deleteOldJournals(transaction, beforeMs, limit);
  return journals < limit
    ? journals + (await deleteOldHours(transaction, beforeMs, limit - journals))
    : journals;
}

async function countTelemetry(
  transaction: Transaction,
  items: readonly PlacedEvent[],
  { noteTelemetry }: JournalOptions,
): Promise<void> {
  const [first] = items.filter(({ item }) => item.telemetry !== undefined);
  if (first === undefined) return;
  const uncounted = new Map<string, number>();
  const fullChannels = new Set<string>();
  for (const [hour, events] of countedByHour(items, uncounted)) {
    const notes = await applyTelemetry(transaction, hour, events);
    for (const [why, count] of notes.uncounted) uncounted.set(why, (uncounted.get(why) ?? 0) + count);
    for (const channel of notes.fullChannels) fullChannels.add(channel);
  }
  await transaction.query(
    "UPDATE topics SET telemetry_start = $2 WHERE name = $1 AND coalesce(telemetry_start > $2, true)",
    [first.topicId, first.offset],
  );
  if (uncounted.size > 0 || fullChannels.size > 0) {
    transaction.afterCommit(() => noteTelemetry?.({ uncounted, fullChannels }));
  }
}

/** Runs of events with the hour of their log's time. What does not count goes to `uncounted`, how often, by why. */
function countedByHour(
  items: readonly PlacedEvent[],
  uncounted: Map<string, number>,
): [hour: number, events: TelemetryEvent[]][] {
  const runs: [number, TelemetryEvent[]][] = [];
  for (const { item, timestampMs } of items) {
    const { telemetry } = item;
    if (telemetry instanceof Uncounted) {
      uncounted.set(telemetry.why, (uncounted.get(telemetry.why) ?? 0) + 1);
    } else if (telemetry !== undefined) {
      const hour = hourOf(timestampMs);
      const last = runs.at(-1);
      if (last?.[0] === hour) last[1].push(telemetry);
      else runs.push([hour, [telemetry]]);
    }
  }
  return runs;
}

async function countRows(queries: Queries): Promise<number> {
  const [row] = await queries.query<{ journal: number }>("SELECT journal FROM totals");
  return row?.journal ?? 0;
}

/** Where retention has taken the journals of old events, their telemetry alone would be lost: its rows count then. */
async function countLost(queries: Queries, kept: readonly KeptPart[]): Promise<number> {
  const parameters = [kept.map(({ topicId }) => topicId), kept.map(({ start }) => start)];
  const gone = (offset: string): string => `
    LEFT JOIN unnest($1::text[], $2::bigint[]) AS kept (topic, start) ON kept.topic = topics.name
    WHERE kept.start IS NULL OR ${offset} < kept.start`;
  const [journals] = await queries.query<{ lost: number }>(
    `SELECT count(*) AS lost FROM journal JOIN topics ON topics.id = journal.topic_id ${gone("log_offset")}`,
    parameters,
  );
  if (journals !== undefined && journals.lost > 0) return journals.lost;
  const [telemetry] = await queries.query<{ lost: number }>(
    `SELECT CASE WHEN count(telemetry_start) = 0 THEN 0 ELSE (SELECT count(*) FROM clients_telemetry) END AS lost
     FROM topics ${gone("telemetry_start")}`,
    parameters,
  );
  return telemetry?.lost ?? 0;
}
