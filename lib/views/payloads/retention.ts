/**
 * Deletes statuses by the log's time of their messages, and what they leave behind: payloads without a status, and names
 * without a row.
 */
import type { Transaction } from "../index.ts";
import type { Names, NameTable } from "./names.ts";

interface Deleted {
  readonly payload_id: number;
  readonly service_id: number;
  readonly source_id: number;
  readonly status_id: number;
}

/** As Retention.deleteChunk has it. */
export async function deleteOldStatuses(
  transaction: Transaction,
  beforeMs: number,
  limit: number,
  names: Names,
): Promise<number> {
  const deleted = await transaction.query<Deleted>(
    `DELETE FROM payload_statuses WHERE id = ANY (ARRAY(
       SELECT id FROM payload_statuses WHERE created_at < $1 ORDER BY created_at, id LIMIT $2))
     RETURNING payload_id, service_id, source_id, status_id`,
    [new Date(beforeMs).toISOString(), limit],
  );
  if (deleted.length === 0) return 0;
  const payloads = await transaction.query(
    `DELETE FROM payloads WHERE id = ANY ($1::bigint[])
       AND (SELECT max(s.id) FROM payload_statuses AS s WHERE s.payload_id = payloads.id) IS NULL RETURNING id`,
    [unique(deleted, "payload_id")],
  );
  await deleteNames(transaction, names, "services", unique(deleted, "service_id"));
  await deleteNames(transaction, names, "sources", unique(deleted, "source_id"));
  await deleteNames(transaction, names, "statuses", unique(deleted, "status_id"));
  await transaction.query(
    "UPDATE totals SET payloads = payloads - $1, payload_statuses = payload_statuses - $2",
    [payloads.length, deleted.length],
  );
  return deleted.length;
}

/**
 * Those of `ids` that no status has any more. The newest status of a name says so at once: from the oldest on, a search
 * would pass all that retention has deleted.
 */
async function deleteNames(
  transaction: Transaction,
  names: Names,
  table: Exclude<NameTable, "topics">,
  ids: readonly number[],
): Promise<void> {
  const column = { services: "service_id", sources: "source_id", statuses: "status_id" }[table];
  const gone = await transaction.query<{ name: string }>(
    `DELETE FROM ${table} WHERE id = ANY ($1::int[])
       AND (SELECT max(s.id) FROM payload_statuses AS s WHERE s.${column} = ${table}.id) IS NULL RETURNING name`,
    [ids],
  );
  transaction.afterCommit(() =>
    names.drop(
      table,
      gone.map(({ name }) => name),
    ),
  );
}

function unique(deleted: readonly Deleted[], column: keyof Deleted): number[] {
  return [...new Set(deleted.map((row) => row[column]))];
}
