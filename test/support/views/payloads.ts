/** The payload tracker in tests: its messages, its subject for the suite of all views, and its tables without a log. */
import { nodeRuntime } from "../../../lib/index.ts";
import type { Database, Reads } from "../../../lib/views/database/database.ts";
import { Malformed, type Placed, type View } from "../../../lib/views/index.ts";
import { migrate } from "../../../lib/views/migrate.ts";
import type { StatusMessage } from "../../../lib/views/payloads/decode.ts";
import { createPayloadsView, type PayloadsOptions } from "../../../lib/views/payloads/view.ts";
import type { ViewSubject } from "./subject.ts";

const TOPIC = "platform.payload-status";
export const TOPIC_ID = "0b0c3a9e-7a0f-4d8e-9d3e-2f4b7c1d5e60";
/** The log's time of the first message; each further one comes a second later. */
export const FIRST_MS: number = Date.parse("2022-03-17T17:00:00Z");

export function createTestPayloadsView(overrides: Partial<PayloadsOptions> = {}): View<StatusMessage> {
  const { elapsedMs } = nodeRuntime;
  return createPayloadsView({ topic: TOPIC, requestIdLength: 32, retentionDays: 7, elapsedMs, ...overrides });
}

/** A request_id of 32 digits. */
export function requestIdOf(number: number): string {
  return number.toString(16).padStart(32, "0");
}

export interface PayloadsFixture {
  readonly view: View<StatusMessage>;
  readonly reads: Reads;
  /** Applies messages in one batch, at the offsets that follow. */
  apply(messages: readonly object[]): Promise<void>;
  /** Runs retention once, in chunks of this size; gives the statuses that went. */
  deleteBefore(beforeMs: number, limit?: number): Promise<number>;
}

/** The view's tables, empty. */
export async function openPayloads(
  database: Database,
  overrides: Partial<PayloadsOptions> = {},
): Promise<PayloadsFixture> {
  const view = createTestPayloadsView(overrides);
  const writer = await database.openWriter(view.name);
  if (writer === undefined) throw new Error("the tables are in use");
  await migrate(writer, view.name, view.migrations);
  await writer.close();
  let offset = 0;
  const write = async <Result>(run: Parameters<typeof writer.transaction<Result>>[0]): Promise<Result> => {
    const opened = await database.openWriter(view.name);
    try {
      return (await opened?.transaction(run)) as Result;
    } finally {
      await opened?.close();
    }
  };
  return {
    view,
    reads: database.reads(view.name),
    async apply(messages) {
      const items = messages.map((message): Placed<StatusMessage> => {
        const payload = Buffer.from(JSON.stringify(message));
        const timestampMs = FIRST_MS + offset * 1000;
        const fields = { key: undefined, contentType: undefined, headers: {} };
        const item = view.decode({ topic: TOPIC, offset, timestampMs, payload, ...fields });
        if (item instanceof Malformed) throw new Error(item.why);
        return { item, topic: TOPIC, topicId: TOPIC_ID, offset: offset++, timestampMs };
      });
      await write((transaction) => view.apply(transaction, items));
    },
    async deleteBefore(beforeMs, limit = 1000) {
      let count = 0;
      for (;;) {
        const chunk = await write(
          async (transaction) => (await view.retention?.deleteChunk(transaction, beforeMs, limit)) ?? 0,
        );
        count += chunk;
        if (chunk < limit) return count;
      }
    },
  };
}

export const payloadsSubject: ViewSubject = {
  createView: () => createTestPayloadsView(),
  topic: TOPIC,
  payload: (number) =>
    JSON.stringify({
      service: `Service ${number % 3}`,
      ...(number % 2 === 0 ? {} : { source: "Inventory" }),
      org_id: `org ${number % 5}`,
      request_id: requestIdOf(number % 11),
      status: number % 4 === 0 ? "received" : "success",
      status_msg: `message ${number}`,
      date: new Date(FIRST_MS - number * 1000).toISOString(),
    }),
  malformed: '{"request_id":"short"}',
  malformedReason: "request_id: has 5 bytes, and has to have 32 (VALIDATE_REQUEST_ID_LENGTH)",
  rowsOf: (messageCount) => messageCount,
  fingerprint: async (reads) => [
    ...(await reads.query(
      "SELECT request_id, account, org_id, inventory_id, system_id, created_at FROM payloads ORDER BY request_id",
    )),
    ...(await reads.query(
      `SELECT log_offset, request_id, services.name AS service, sources.name AS source, statuses.name AS status,
         status_msg, date, payload_statuses.created_at
       FROM payload_statuses JOIN payloads ON payloads.id = payload_id JOIN services ON services.id = service_id
       JOIN sources ON sources.id = source_id JOIN statuses ON statuses.id = status_id ORDER BY log_offset`,
    )),
    ...(await reads.query("SELECT * FROM totals")),
  ],
};
