/** Writes a batch of journals, with the entities that each is about, and deletes old ones. */
import { v5 as uuidv5 } from "uuid";
import type { Placed, Transaction } from "../index.ts";
import { type JournalEvent, RESERVED } from "./decode.ts";

type PlacedEvent = Placed<JournalEvent>;

/** Names of messages are in it: the id of a topic, a slash, an offset. */
const NAMESPACE = "6f1d2a64-6e65-5c6f-8a67-2f6a6f75726e";

/** The id of a message's journal: a rebuild gives it again. */
export function journalId(topicId: string, offset: number): string {
  return uuidv5(`${topicId}/${offset}`, NAMESPACE);
}

/** All of one topic. Gives the events whose offsets had no journal before. */
export async function writeJournals(
  transaction: Transaction,
  events: readonly PlacedEvent[],
): Promise<readonly PlacedEvent[]> {
  const [{ topicId = "" } = {}] = events;
  await transaction.query(
    "INSERT INTO topics (name) SELECT $1 WHERE NOT EXISTS (SELECT FROM topics WHERE name = $1)",
    [topicId],
  );
  const ids = events.map(({ offset }) => journalId(topicId, offset));
  const rows = [
    topicId,
    ids,
    events.map(({ item }) => item.operation),
    events.map(({ item }) => item.domain),
    events.map(({ item }) => item.occurredAt),
    events.map(({ item }) => item.text),
    events.map(({ item }) => item.metadata ?? null),
    events.map(({ item }) => Buffer.byteLength(item.text)),
    events.map(({ offset }) => offset),
    events.map(({ timestampMs }) => new Date(timestampMs).toISOString()),
    events.map(({ item }) => arrayText(item.entities.keys)),
  ];
  const insert = async (): Promise<Written> =>
    (await transaction.query<Written>(INSERT, rows))[0] ?? { written: 0, offsets: null };
  const { written, offsets } = await insert();
  if (offsets !== null) {
    // Where a power cut took messages back, the topic has others at their offsets, which win.
    await deleteJournals(transaction, DELETE_THESE, [ids]);
    await insert();
  }
  if (written > 0) await transaction.query("UPDATE totals SET journal = journal + $1", [written]);
  if (offsets === null) return events;
  const fresh = new Set(JSON.parse(offsets) as number[]);
  return events.filter(({ offset }) => fresh.has(offset));
}

interface Written {
  readonly written: number;
  /** JSON of the offsets that were written; `null`: all were. */
  readonly offsets: string | null;
}

/** As Retention.deleteChunk has it. */
export async function deleteOldJournals(
  transaction: Transaction,
  beforeMs: number,
  limit: number,
): Promise<number> {
  const deleted = await deleteJournals(transaction, DELETE_OLD, [new Date(beforeMs).toISOString(), limit]);
  if (deleted > 0) await transaction.query("UPDATE totals SET journal = journal - $1", [deleted]);
  return deleted;
}

async function deleteJournals(
  transaction: Transaction,
  sql: string,
  parameters: Parameters<Transaction["query"]>[1] & object,
): Promise<number> {
  const [row] = await transaction.query<{ deleted: number }>(sql, parameters);
  return row?.deleted ?? 0;
}

/** Microseconds as a double are exact, and so is the product. */
const INSERT = `
WITH given AS (
  SELECT row.id, topics.id AS topic_id, operation, domain, 'epoch'::timestamptz + micros * interval '1 microsecond' AS occurred_at,
    event::jsonb AS event, metadata::jsonb AS metadata, event_bytes, log_offset, logged_at, entities::text[] AS entities
  FROM topics, unnest($2::uuid[], $3::text[], $4::text[], $5::float8[], $6::text[], $7::text[], $8::int[], $9::bigint[],
    $10::timestamptz[], $11::text[])
    AS row (id, operation, domain, micros, event, metadata, event_bytes, log_offset, logged_at, entities)
  WHERE topics.name = $1
), written AS (
  INSERT INTO journal
    (id, operation, domain, occurred_at, attributes, metadata, event_bytes, topic_id, log_offset, logged_at, entities)
  SELECT id, operation, domain, occurred_at, event - '{${RESERVED.join(",")}}'::text[],
    CASE 'object' WHEN jsonb_typeof(event->'metadata') THEN event->'metadata' WHEN jsonb_typeof(metadata) THEN metadata
      ELSE '{}' END,
    event_bytes, topic_id, log_offset, logged_at, entities
  FROM given ORDER BY log_offset
  ON CONFLICT (id) DO NOTHING
  RETURNING id, operation, domain, occurred_at, log_offset, entities
), linked AS (
  INSERT INTO journal_entities (entity, occurred_at, log_offset, id, domain, operation)
  SELECT entity, occurred_at, log_offset, id, domain, operation FROM written, unnest(entities) AS entity
)
SELECT count(*) AS written,
  CASE WHEN count(*) < cardinality($2::uuid[]) THEN coalesce(json_agg(log_offset), '[]')::text END AS offsets
FROM written`;

const DELETE_LINKS = `
linked AS (
  DELETE FROM journal_entities AS kept USING (SELECT gone.*, entity FROM gone, unnest(entities) AS entity) AS old
  WHERE kept.entity = old.entity AND kept.occurred_at = old.occurred_at AND kept.log_offset = old.log_offset
    AND kept.id = old.id
)
SELECT count(*) AS deleted FROM gone`;
const DELETE_THESE = `
WITH gone AS (
  DELETE FROM journal WHERE id = ANY ($1::uuid[]) RETURNING id, occurred_at, log_offset, entities
), ${DELETE_LINKS}`;
const DELETE_OLD = `
WITH gone AS (
  DELETE FROM journal WHERE id = ANY (ARRAY(
    SELECT id FROM journal WHERE logged_at < $1 ORDER BY logged_at, id LIMIT $2))
  RETURNING id, occurred_at, log_offset, entities
), ${DELETE_LINKS}`;

/** An array as PostgreSQL writes one. */
function arrayText(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}
