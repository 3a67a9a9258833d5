/** The journal in tests: events, its subject for the suite of all views, and its tables without a log. */
import { nodeRuntime } from "../../../lib/index.ts";
import type { Database, Reads, Writer } from "../../../lib/views/database/database.ts";
import { Malformed, type Placed, type View } from "../../../lib/views/index.ts";
import type { JournalEvent } from "../../../lib/views/journal/decode.ts";
import { createJournalView, type JournalOptions } from "../../../lib/views/journal/view.ts";
import { migrate } from "../../../lib/views/migrate.ts";
import type { ViewSubject } from "./subject.ts";

const TOPIC = "events";
export const TOPIC_ID = "5b9c3a9e-7a0f-4d8e-9d3e-2f4b7c1d5e61";
/** When the first event occurred, and the log's time of it; each further one comes a second later. */
export const FIRST_MS: number = Date.parse("2024-05-01T12:00:00Z");

export function createTestJournalView(overrides: Partial<JournalOptions> = {}): View<JournalEvent> {
  const { elapsedMs } = nodeRuntime;
  return createJournalView({ topics: [TOPIC], retentionDays: 0, elapsedMs, ...overrides });
}

/** `ms` since 1970 as events have it, with `nanos` more. */
export function nanosAt(ms: number, nanos = 0): string {
  return String(BigInt(ms) * 1_000_000n + BigInt(nanos));
}

/** An event as text, so that its time keeps all its digits. */
export function eventText(operation: string, attributes: object, nanos: string): string {
  const fields = JSON.stringify({ operation, ...attributes });
  return `${fields.slice(0, -1)},"occurred_at":${nanos}}`;
}

export interface JournalFixture {
  readonly view: View<JournalEvent>;
  readonly reads: Reads;
  /** Applies events in one batch, at the offsets that follow: text as it is, or an operation and its attributes. */
  apply(...events: readonly (string | readonly [string, object])[]): Promise<void>;
  /** One statement of the test's own. */
  write(sql: string, ...parameters: readonly (string | number)[]): Promise<void>;
  /** Runs retention once; gives the journals that went. */
  deleteBefore(beforeMs: number, limit?: number): Promise<number>;
}

export interface FixtureOptions extends Partial<JournalOptions> {
  /** The first event that is applied has it. */
  readonly firstOffset?: number;
  /** In the place of one with the other options. */
  readonly view?: View<JournalEvent>;
}

/** Opening one takes PGlite longer than a test does, so that each database has one. */
const WRITERS = new WeakMap<Database, Promise<Writer | undefined>>();

async function writerOf(database: Database, schema: string): Promise<Writer> {
  const opening = WRITERS.get(database) ?? database.openWriter(schema);
  WRITERS.set(database, opening);
  const writer = await opening;
  if (writer === undefined) throw new Error("the tables are in use");
  return writer;
}

/** The view's tables, empty. */
export async function openJournal(
  database: Database,
  { firstOffset = 0, view: given, ...overrides }: FixtureOptions = {},
): Promise<JournalFixture> {
  const view = given ?? createTestJournalView(overrides);
  const writer = await writerOf(database, view.name);
  await migrate(writer, view.name, view.migrations);
  let next = firstOffset;
  return {
    view,
    reads: database.reads(view.name),
    async write(sql, ...parameters) {
      await writer.transaction((transaction) => transaction.query(sql, parameters));
    },
    async apply(...events) {
      const items = events.map((event): Placed<JournalEvent> => {
        const offset = next++;
        const timestampMs = FIRST_MS + offset * 1000;
        const text = typeof event === "string" ? event : eventText(...event, nanosAt(timestampMs));
        const fields = { key: undefined, contentType: undefined, headers: {} };
        const item = view.decode({
          topic: TOPIC,
          offset,
          timestampMs,
          payload: Buffer.from(text),
          ...fields,
        });
        if (item instanceof Malformed) throw new Error(item.why);
        return { item, topic: TOPIC, topicId: TOPIC_ID, offset, timestampMs };
      });
      await writer.transaction((transaction) => view.apply(transaction, items));
    },
    async deleteBefore(beforeMs, limit = 1000) {
      for (let count = 0; ; ) {
        const chunk = await writer.transaction(
          async (transaction) => (await view.retention?.deleteChunk(transaction, beforeMs, limit)) ?? 0,
        );
        count += chunk;
        if (chunk < limit) return count;
      }
    },
  };
}

const CLIENTS = 4;

/** Events of all kinds that telemetry knows, in turn. */
function mixedEvent(number: number): string {
  const clientId = `client ${number % CLIENTS}`;
  const subscriber = { subscriber_id: `subscriber ${number % 3}`, client_id: clientId };
  const publish = { client_id: clientId, domain_id: "domain", channel_id: "channel", subtopic: "a/b" };
  const topic = number % 2 === 0 ? "m/domain/c/channel/a/+" : "m.domain.c.channel.a.b";
  const events: readonly (readonly [string, object])[] = [
    ["client.create", { id: clientId, domain: "domain", user_id: "user 1", metadata: { number } }],
    ["messaging.client_subscribe", { ...subscriber, topic }],
    ["messaging.client_publish", publish],
    ["mqtt.client_subscribe", { ...subscriber, domainID: "domain", channel_id: "channel", subtopic: "#" }],
    ["messaging.client_publish", publish],
    ["messaging.client_unsubscribe", { subscriber_id: `subscriber ${number % 3}`, topic }],
    ["messaging.client_publish", publish],
    ["channel.connect", { client_ids: [clientId, "client x"], channel_ids: ["channel"], domain: "domain" }],
    ["mqtt.client_disconnect", { ...subscriber, instance: "1" }],
    ["messaging.client_publish", publish],
    ["client.remove", { id: clientId, domain: "domain", user_id: "user 1" }],
  ];
  const [operation, attributes] = events[number % events.length]!;
  return eventText(operation, attributes, nanosAt(FIRST_MS - number * 1000, number * 1001));
}

export const journalSubject: ViewSubject = {
  createView: () => createTestJournalView({ retentionDays: 1 }),
  topic: TOPIC,
  payload: mixedEvent,
  malformed: '{"operation":"user.create","occurred_at":0,"id":"1"}',
  malformedReason: "occurred_at: is 0",
  rowsOf: (messageCount) => messageCount,
  fingerprint: async (reads) => [
    ...(await reads.query(
      `SELECT operation, domain, occurred_at, attributes, metadata, event_bytes, log_offset, logged_at, entities
       FROM journal ORDER BY log_offset`,
    )),
    ...(await reads.query(
      `SELECT entity, occurred_at, log_offset, domain, operation FROM journal_entities ORDER BY entity, log_offset`,
    )),
    ...(await reads.query("SELECT * FROM clients_telemetry ORDER BY client_id")),
    ...(await reads.query("SELECT * FROM client_hours ORDER BY client_id, hour")),
    ...(await reads.query(
      "SELECT subscriber_id, channel_id, subtopic, client_id FROM subscriptions ORDER BY 1, 2, 3, 4",
    )),
    ...(await reads.query("SELECT * FROM totals")),
  ],
};
