/** Messages that a view could not apply: why, and their first bytes. */
import type { Queries, Transaction } from "./database/database.ts";
import { RUNTIME_SCHEMA } from "./migrate.ts";
import type { Place } from "./places.ts";

export interface DeadLetter {
  readonly offset: number;
  readonly timestampMs: number;
  readonly reason: string;
  readonly payload: Uint8Array;
}

const DEAD_LETTER = `${RUNTIME_SCHEMA}.dead_letter`;
const REASON_CHARACTERS = 1000;

/** Stands for all messages from the place to `next`, of which nothing can be read. */
export function damageLetter(place: Place, next: number, timestampMs: number): DeadLetter {
  const reason = `the log is damaged: messages ${place.next} to ${next - 1} cannot be read`;
  return { offset: place.next, timestampMs, reason, payload: new Uint8Array() };
}

export async function writeDeadLetters(
  transaction: Queries,
  view: string,
  { topic, topicId }: Place,
  letters: readonly DeadLetter[],
  maxBytes: number,
): Promise<void> {
  if (letters.length === 0) return;
  await transaction.query(
    `INSERT INTO ${DEAD_LETTER} (view, topic, topic_id, topic_offset, reason, bytes, logged_at)
     SELECT $1, $2, $3, o, r, decode(b, 'hex'), to_timestamp(t / 1000.0)
     FROM unnest($4::bigint[], $5::text[], $6::text[], $7::float8[]) AS letter (o, r, b, t)
     ON CONFLICT DO NOTHING`,
    [
      view,
      topic,
      topicId,
      letters.map(({ offset }) => offset),
      letters.map(({ reason }) => asText(reason.slice(0, REASON_CHARACTERS))),
      letters.map(({ payload }) => Buffer.from(payload.subarray(0, maxBytes)).toString("hex")),
      letters.map(({ timestampMs }) => timestampMs),
    ],
  );
}

export async function countDeadLetters(queries: Queries, view: string): Promise<number> {
  const [row] = await queries.query<{ count: number }>(
    `SELECT count(*) AS count FROM ${DEAD_LETTER} WHERE view = $1`,
    [view],
  );
  return row?.count ?? 0;
}

/** Deletes up to `limit` that are older, or that are too many; gives how many. */
export async function deleteOldLetters(
  transaction: Transaction,
  view: string,
  { beforeMs, keep, limit }: { readonly beforeMs: number; readonly keep: number; readonly limit: number },
): Promise<number> {
  const deleted = await transaction.query(
    `DELETE FROM ${DEAD_LETTER} WHERE id IN (
       SELECT id FROM ${DEAD_LETTER} WHERE view = $1 AND logged_at < to_timestamp($2::float8 / 1000.0)
       UNION ALL
       (SELECT id FROM ${DEAD_LETTER} WHERE view = $1 ORDER BY logged_at DESC, id DESC OFFSET $3)
       LIMIT $4
     ) RETURNING id`,
    [view, beforeMs, keep, limit],
  );
  return deleted.length;
}

/** What SQL takes: a reason may quote what `decode` refused. */
function asText(text: string): string {
  return Buffer.from(text.replaceAll("\0", "\uFFFD")).toString();
}
