/** The payload tracker as a view: one row for each status that a service reported, and one for each payload. */
import { DAY_MS } from "../../index.ts";
import type { KeptPart, Queries, Retention, View } from "../index.ts";
import { applyStatuses } from "./apply.ts";
import { decodeStatus, type StatusMessage } from "./decode.ts";
import { Names } from "./names.ts";
import { deleteOldStatuses } from "./retention.ts";
import { MIGRATIONS } from "./schema.ts";

export interface PayloadsOptions {
  readonly topic: string;
  /** Bytes of a request_id; 0: any. */
  readonly requestIdLength: number;
  /** 0: statuses stay for good. */
  readonly retentionDays: number;
  /** Hears how many statuses were written with one batch, and how long that took; called after the commit. */
  readonly noteBatch?: ((messageCount: number, elapsedMs: number) => void) | undefined;
  /** For these times: see Runtime. */
  readonly elapsedMs: () => number;
}

export function createPayloadsView(options: PayloadsOptions): View<StatusMessage> {
  const { topic, requestIdLength, retentionDays, noteBatch, elapsedMs } = options;
  const names = new Names();
  const retention: Retention = {
    ageMs: retentionDays * DAY_MS,
    deleteChunk: (transaction, beforeMs, limit) => deleteOldStatuses(transaction, beforeMs, limit, names),
  };
  return {
    name: "payloads",
    topics: [topic],
    migrations: MIGRATIONS,
    decode: ({ payload }) => decodeStatus(payload, { requestIdLength }),
    async apply(transaction, items) {
      const startMs = elapsedMs();
      await applyStatuses(transaction, items, names);
      transaction.afterCommit(() => noteBatch?.(items.length, elapsedMs() - startMs));
    },
    retention: retentionDays === 0 ? undefined : retention,
    countRows,
    countLost,
  };
}

async function countRows(queries: Queries): Promise<number> {
  const [row] = await queries.query<{ payload_statuses: number }>("SELECT payload_statuses FROM totals");
  return row?.payload_statuses ?? 0;
}

async function countLost(queries: Queries, kept: readonly KeptPart[]): Promise<number> {
  const [row] = await queries.query<{ lost: number }>(
    `SELECT count(*) AS lost FROM payload_statuses JOIN topics ON topics.id = payload_statuses.topic_id
     LEFT JOIN unnest($1::text[], $2::bigint[]) AS kept (topic, start) ON kept.topic = topics.name
     WHERE kept.start IS NULL OR log_offset < kept.start`,
    [kept.map(({ topicId }) => topicId), kept.map(({ start }) => start)],
  );
  return row?.lost ?? 0;
}
