/**
 * Writes a batch into the index. Events that follow each other go in one statement, and so does each delete and each clean.
 * Everything is decided by the messages alone, so a rebuild gives the same index.
 */
import type { Placed, Transaction } from "../index.ts";
import type { CleanItem, DeleteItem, EventItem, StoreItem } from "./decode.ts";
import { LIMITS } from "./limits.ts";

export async function applyItems(
  transaction: Transaction,
  items: readonly Placed<StoreItem>[],
): Promise<void> {
  let run = new Map<string, Placed<EventItem>>();
  const flush = async (): Promise<void> => {
    if (run.size > 0) await insertEvents(transaction, [...run.values()]);
    run = new Map();
  };
  for (const placed of items) {
    const { item } = placed;
    if (item.kind === "event") {
      if (run.has(item.id) && item.replaces !== undefined) await flush();
      // The first one wins.
      if (!run.has(item.id)) run.set(item.id, { ...placed, item });
      continue;
    }
    await flush();
    if (item.kind === "delete") await deleteEvents(transaction, { ...placed, item });
    else await moveHorizon(transaction, { ...placed, item });
  }
  await flush();
}

async function insertEvents(transaction: Transaction, run: readonly Placed<EventItem>[]): Promise<void> {
  const last = run.at(-1) as Placed<EventItem>;
  await transaction.query(INSERT, [
    last.topicId,
    run.map(({ item }) => item.id),
    listOf(run.map(({ offset }) => offset)),
    listOf(run.map(wholeMs)),
    listOf(run.map(({ item }) => item.sizeBytes)),
    listOf(run.flatMap(({ item }) => item.replaces ?? [])),
    wholeMs(last),
  ]);
}

async function deleteEvents(transaction: Transaction, placed: Placed<DeleteItem>): Promise<void> {
  const { item, topicId, offset } = placed;
  await transaction.query(DELETE, [item.ids, topicId, offset, item.beforeMs, wholeMs(placed)]);
}

/** Never beyond the log's own time, so that no event to come is behind it. */
async function moveHorizon(transaction: Transaction, placed: Placed<CleanItem>): Promise<void> {
  const ms = wholeMs(placed);
  await transaction.query(CLEAN, [Math.min(placed.item.beforeMs, ms), placed.offset, ms]);
}

/** An array as PostgreSQL spells it. The driver would look at each number for what has to be quoted. */
function listOf(numbers: readonly number[]): string {
  return `{${numbers.join()}}`;
}

function wholeMs({ timestampMs }: Placed<StoreItem>): number {
  return Math.floor(timestampMs);
}

/** Deletes up to `limit` rows behind the horizon, the oldest first, and outcomes that nobody waits for any more. */
export async function deleteChunk(transaction: Transaction, limit: number, nowMs: number): Promise<number> {
  const [row] = await transaction.query<{ rows: number }>(DELETE_ROWS, [limit]);
  const outcomes = await transaction.query(DELETE_OUTCOMES, [nowMs - LIMITS.outcomeMs, limit]);
  return Math.max(row?.rows ?? 0, outcomes.length);
}

/** What is there already stays, unless it is behind the horizon, of another topic, or the one to be replaced. */
const INSERT = `
WITH written AS (
  INSERT INTO messages AS kept (id, topic_id, log_offset, logged_ms, size_bytes)
  SELECT id, $1::uuid, log_offset, logged_ms, size_bytes
  FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::int[]) AS given (id, log_offset, logged_ms, size_bytes)
  ON CONFLICT (id) DO UPDATE SET topic_id = excluded.topic_id, log_offset = excluded.log_offset,
    logged_ms = excluded.logged_ms, size_bytes = excluded.size_bytes
  WHERE kept.topic_id <> excluded.topic_id OR kept.log_offset = ANY ($6::bigint[])
    OR kept.logged_ms < (SELECT horizon_ms FROM totals)
  RETURNING xmax = 0 AS is_new
)
UPDATE totals SET messages = messages + (SELECT count(*) FROM written WHERE is_new), newest_ms = $7`;

const DELETE = `
WITH gone AS (
  DELETE FROM messages USING totals WHERE id = ANY ($1::text[]) AND topic_id = $2::uuid AND log_offset < $3
  RETURNING logged_ms >= greatest(horizon_ms, $4) AS counts
), counted AS (
  INSERT INTO outcomes SELECT $3, count(*) FILTER (WHERE counts), $5 FROM gone
  ON CONFLICT (log_offset) DO UPDATE SET removed = excluded.removed, logged_ms = excluded.logged_ms
)
UPDATE totals SET messages = messages - (SELECT count(*) FROM gone), newest_ms = $5`;

const CLEAN = `
WITH counted AS (
  INSERT INTO outcomes SELECT $2, count(*), $3 FROM messages, totals
  WHERE messages.logged_ms >= horizon_ms AND messages.logged_ms < $1
  ON CONFLICT (log_offset) DO UPDATE SET removed = excluded.removed, logged_ms = excluded.logged_ms
)
UPDATE totals SET horizon_ms = greatest(horizon_ms, $1), newest_ms = $3`;

const DELETE_ROWS = `
WITH gone AS (
  DELETE FROM messages WHERE id = ANY (ARRAY(
    SELECT id FROM messages WHERE logged_ms < (SELECT horizon_ms FROM totals) ORDER BY logged_ms LIMIT $1))
  RETURNING id
), counted AS (
  UPDATE totals SET messages = messages - (SELECT count(*) FROM gone)
)
SELECT count(*) AS rows FROM gone`;

const DELETE_OUTCOMES = `
DELETE FROM outcomes WHERE log_offset = ANY (ARRAY(
  SELECT log_offset FROM outcomes WHERE logged_ms < $1 LIMIT $2)) RETURNING log_offset`;
