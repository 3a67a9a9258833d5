/** The journal as a view: a row for each event of a platform, and the telemetry of its clients. */
import { DAY_MS } from "../../index.ts";
import type { KeptPart, Placed, Queries, Transaction, View } from "../index.ts";
import { decodeEvent, type JournalEvent } from "./decode.ts";
import { deleteOldJournals, writeJournals } from "./journals.ts";
import { MIGRATIONS } from "./schema.ts";
import { applyTelemetry, type TelemetryNotes } from "./telemetry.ts";
import { type TelemetryEvent, Uncounted } from "./telemetry-event.ts";

export interface JournalOptions {
  readonly topics: readonly string[];
  /** 0: journals stay for good. Telemetry always does. */
  readonly retentionDays: number;
  /** Hears how many journals were written with one batch, and how long that took; called after the commit. */
  readonly noteBatch?: ((messageCount: number, elapsedMs: number) => void) | undefined;
  /** Hears of what did not count, after the commit; not called where all did. */
  readonly noteTelemetry?: ((notes: TelemetryNotes) => void) | undefined;
  /** For these times: see Runtime. */
  readonly elapsedMs: () => number;
}

type PlacedEvent = Placed<JournalEvent>;

export function createJournalView(options: JournalOptions): View<JournalEvent> {
  const { topics, retentionDays, noteBatch, elapsedMs } = options;
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
      transaction.afterCommit(() => noteBatch?.(items.length, elapsedMs() - startMs));
    },
    retention:
      retentionDays === 0 ? undefined : { ageMs: retentionDays * DAY_MS, deleteChunk: deleteOldJournals },
    countRows,
    countLost,
  };
}

async function countTelemetry(
  transaction: Transaction,
  items: readonly PlacedEvent[],
  { noteTelemetry }: JournalOptions,
): Promise<void> {
  const given = items.flatMap(({ item }) => item.telemetry ?? []);
  if (given.length === 0) return;
  const events = given.filter((event): event is TelemetryEvent => !(event instanceof Uncounted));
  const { uncounted, fullChannels } = await applyTelemetry(transaction, events);
  const [first] = items.filter(({ item }) => item.telemetry !== undefined);
  await transaction.query(
    "UPDATE topics SET telemetry_start = $2 WHERE name = $1 AND coalesce(telemetry_start > $2, true)",
    [first?.topicId ?? "", first?.offset ?? 0],
  );
  if (noteTelemetry === undefined) return;
  const all = new Map(uncounted);
  for (const event of given) {
    if (event instanceof Uncounted) all.set(event.why, (all.get(event.why) ?? 0) + 1);
  }
  if (all.size > 0 || fullChannels.size > 0) {
    transaction.afterCommit(() => noteTelemetry({ uncounted: all, fullChannels }));
  }
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
