/** The message store as a view: an index of the events in its topic. */
import { HOUR_MS, SECOND_MS } from "../../index.ts";
import type { KeptPart, Queries, View } from "../index.ts";
import { applyItems, deleteChunk } from "./apply.ts";
import { decodeStoreMessage, type StoreItem } from "./decode.ts";
import { MIGRATIONS } from "./schema.ts";

export interface StoreViewOptions {
  readonly topic: string;
  /** How long an event is kept. */
  readonly retentionMs: number;
}

export function createMessagesView({ topic, retentionMs }: StoreViewOptions): View<StoreItem> {
  return {
    name: "messages",
    topics: [topic],
    creates: { [topic]: topicSettings(retentionMs) },
    migrations: MIGRATIONS,
    decode: decodeStoreMessage,
    apply: applyItems,
    retention: {
      ageMs: retentionMs,
      // Time alone removes no row: a clean in the log does, since a rebuild has nothing else to go by.
      deleteChunk: (transaction, beforeMs, limit) => deleteChunk(transaction, limit, beforeMs + retentionMs),
    },
    countRows,
    countLost: (queries, kept) => countLost(queries, kept, retentionMs),
  };
}

/** The log keeps a segment for so long after its last message: long enough for all that may be asked for. */
export function topicSettings(retentionMs: number): Readonly<Record<string, string>> {
  return { segment_age: `${Math.ceil((retentionMs + HOUR_MS) / SECOND_MS)}s` };
}

async function countRows(queries: Queries): Promise<number> {
  const [row] = await queries.query<{ messages: number }>("SELECT messages FROM totals");
  return row?.messages ?? 0;
}

/** What is too old anyway is no loss. */
async function countLost(queries: Queries, kept: readonly KeptPart[], retentionMs: number): Promise<number> {
  const [row] = await queries.query<{ lost: number }>(
    `SELECT count(*) AS lost FROM totals, messages
     LEFT JOIN unnest($1::text[], $2::bigint[]) AS kept (topic, start) ON kept.topic::uuid = messages.topic_id
     WHERE (kept.start IS NULL OR log_offset < kept.start) AND logged_ms >= greatest(horizon_ms, newest_ms - $3::bigint)`,
    [kept.map(({ topicId }) => topicId), kept.map(({ start }) => start), retentionMs],
  );
  return row?.lost ?? 0;
}
