/** Writes a batch of statuses: names, payloads, statuses and totals, in a statement each, whatever the batch holds. */
import type { Placed, Transaction } from "../index.ts";
import type { StatusMessage } from "./decode.ts";
import type { Names } from "./names.ts";

type Placing = Placed<StatusMessage>;

/** What a batch says of one payload. */
interface PayloadNews {
  account: string;
  orgId: string;
  inventoryId: string;
  systemId: string;
  /** All of them: SQL finds the least. */
  readonly dates: string[];
}

/** `names` are those of this schema. */
export async function applyStatuses(
  transaction: Transaction,
  items: readonly Placing[],
  names: Names,
): Promise<void> {
  await ensureNames(transaction, items, names);
  const newPayloads = await upsertPayloads(transaction, items);
  let { written, added } = await insertStatuses(transaction, items);
  if (written < items.length) {
    // Another writer has taken names away that this one has in mind.
    names.forget();
    await ensureNames(transaction, items, names);
    const again = await insertStatuses(transaction, items);
    written = again.written;
    added += again.added;
  }
  if (written !== items.length) throw new Error(`${written} of ${items.length} statuses were written`);
  await transaction.query(
    "UPDATE totals SET payloads = payloads + $1, payload_statuses = payload_statuses + $2",
    [newPayloads, added],
  );
}

async function ensureNames(transaction: Transaction, items: readonly Placing[], names: Names): Promise<void> {
  const all = items.map(({ item }) => item);
  await names.ensure(
    transaction,
    "topics",
    items.map(({ topicId }) => topicId),
  );
  await names.ensure(
    transaction,
    "services",
    all.map(({ service }) => service),
  );
  await names.ensure(
    transaction,
    "sources",
    all.map(({ source }) => source),
  );
  await names.ensure(
    transaction,
    "statuses",
    all.map(({ status }) => status),
  );
}

/**
 * A text that is given replaces the kept one, an empty one leaves it; created_at is the least date of all messages.
 * A payload that nothing changes of is not written. Gives how many are new.
 */
async function upsertPayloads(transaction: Transaction, items: readonly Placing[]): Promise<number> {
  const news = gather(items);
  const all = [...news.values()];
  const [row] = await transaction.query<{ added: number }>(UPSERT, [
    [...news.keys()],
    all.map(({ account }) => account),
    all.map(({ orgId }) => orgId),
    all.map(({ inventoryId }) => inventoryId),
    all.map(({ systemId }) => systemId),
    all.map(({ dates }) => `{${dates.join(",")}}`),
  ]);
  return row?.added ?? 0;
}

/** In the order of the messages: the last one that gives a text wins. */
function gather(items: readonly Placing[]): Map<string, PayloadNews> {
  const news = new Map<string, PayloadNews>();
  for (const { item } of items) {
    const { requestId, account, orgId, inventoryId, systemId, date } = item;
    const known = news.get(requestId);
    if (known === undefined) {
      news.set(requestId, { account, orgId, inventoryId, systemId, dates: [date] });
      continue;
    }
    known.account = account || known.account;
    known.orgId = orgId || known.orgId;
    known.inventoryId = inventoryId || known.inventoryId;
    known.systemId = systemId || known.systemId;
    known.dates.push(date);
  }
  return news;
}

/** xmax is 0 in a row that was inserted, and not in one that was updated. */
const UPSERT = `
WITH written AS (
  INSERT INTO payloads AS kept (request_id, account, org_id, inventory_id, system_id, created_at)
  SELECT request_id, account, org_id, inventory_id, system_id, (SELECT min(date) FROM unnest(dates::timestamptz[]) AS date)
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS given (request_id, account, org_id, inventory_id, system_id, dates)
  ON CONFLICT (request_id) DO UPDATE SET
    account = coalesce(nullif(excluded.account, ''), kept.account),
    org_id = coalesce(nullif(excluded.org_id, ''), kept.org_id),
    inventory_id = coalesce(nullif(excluded.inventory_id, ''), kept.inventory_id),
    system_id = coalesce(nullif(excluded.system_id, ''), kept.system_id),
    created_at = least(excluded.created_at, kept.created_at)
  WHERE excluded.account NOT IN ('', kept.account)
    OR excluded.org_id NOT IN ('', kept.org_id)
    OR excluded.inventory_id NOT IN ('', kept.inventory_id)
    OR excluded.system_id NOT IN ('', kept.system_id)
    OR excluded.created_at < kept.created_at
  RETURNING xmax = 0 AS is_new
)
SELECT count(*) AS added FROM written WHERE is_new`;

interface StatusCounts {
  readonly written: number;
  readonly added: number;
}

async function insertStatuses(transaction: Transaction, items: readonly Placing[]): Promise<StatusCounts> {
  const all = items.map(({ item }) => item);
  const [counts] = await transaction.query<StatusCounts>(INSERT, [
    items.map(({ topicId }) => topicId),
    items.map(({ offset }) => offset),
    items.map(({ timestampMs }) => new Date(timestampMs).toISOString()),
    all.map(({ requestId }) => requestId),
    all.map(({ service }) => service),
    all.map(({ source }) => source),
    all.map(({ status }) => status),
    all.map(({ statusMsg }) => statusMsg),
    all.map(({ date }) => date),
  ]);
  return counts ?? { written: 0, added: 0 };
}

/** Where a power cut took a message back, the topic has another one at its offset, which wins. */
const INSERT = `
WITH written AS (
  INSERT INTO payload_statuses
    (topic_id, log_offset, created_at, payload_id, service_id, source_id, status_id, status_msg, date)
  SELECT topics.id, log_offset, given.created_at, payloads.id, services.id, sources.id, statuses.id, status_msg, date
  FROM unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::timestamptz[])
    AS given (topic, log_offset, created_at, request_id, service, source, status, status_msg, date)
  JOIN topics ON topics.name = given.topic
  JOIN payloads ON payloads.request_id = given.request_id
  JOIN services ON services.name = given.service
  JOIN sources ON sources.name = given.source
  JOIN statuses ON statuses.name = given.status
  ORDER BY log_offset
  ON CONFLICT (topic_id, log_offset) DO UPDATE SET
    created_at = excluded.created_at, payload_id = excluded.payload_id, service_id = excluded.service_id,
    source_id = excluded.source_id, status_id = excluded.status_id, status_msg = excluded.status_msg, date = excluded.date
  RETURNING xmax = 0 AS is_new
)
SELECT count(*) AS written, count(*) FILTER (WHERE is_new) AS added FROM written`;
