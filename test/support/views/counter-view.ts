/** The smallest view: how often each key came, and every event of it. Its messages are `{"key":"a"}`. */
import { Malformed, type Placed, troubleOfText, type View } from "../../../lib/views/view.ts";
import type { ViewSubject } from "./subject.ts";

const TOPIC = "events";
const DAY_MS = 86_400_000;

export function createCounterView(overrides: Partial<View<string>> = {}): View<string> {
  return {
    name: "counter",
    topics: [TOPIC],
    migrations: [
      {
        name: "1 events",
        sql: `
          CREATE TABLE event (
            topic_id text NOT NULL, topic_offset bigint NOT NULL, key text NOT NULL, at timestamptz NOT NULL,
            PRIMARY KEY (topic_id, topic_offset)
          );
          CREATE INDEX event_at ON event (at);`,
      },
      { name: "2 counts", sql: "CREATE TABLE total (key text PRIMARY KEY, n bigint NOT NULL)" },
    ],
    decode({ payload }) {
      let value: unknown;
      try {
        value = JSON.parse(Buffer.from(payload).toString());
      } catch {
        return new Malformed("the payload is no JSON");
      }
      const { key } = value as { key?: unknown };
      if (typeof key !== "string") return new Malformed("key is missing");
      const trouble = troubleOfText(key);
      return trouble === undefined ? key : new Malformed(`key ${trouble}`);
    },
    async apply(transaction, items) {
      await transaction.query(
        `INSERT INTO event SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[])`,
        [
          items.map(({ topicId }) => topicId),
          items.map(({ offset }) => offset),
          items.map(({ item }) => item),
          items.map(({ timestampMs }) => new Date(timestampMs).toISOString()),
        ],
      );
      await transaction.query(
        `INSERT INTO total SELECT key, count(*) FROM unnest($1::text[]) AS each (key) GROUP BY key
         ON CONFLICT (key) DO UPDATE SET n = total.n + excluded.n`,
        [items.map(({ item }: Placed<string>) => item)],
      );
    },
    retention: {
      ageMs: DAY_MS,
      async deleteChunk(transaction, beforeMs, limit) {
        const deleted = await transaction.query(
          `DELETE FROM event WHERE (topic_id, topic_offset) IN
             (SELECT topic_id, topic_offset FROM event WHERE at < $1::timestamptz ORDER BY at LIMIT $2)
           RETURNING 1`,
          [new Date(beforeMs).toISOString(), limit],
        );
        return deleted.length;
      },
    },
    async countRows(queries) {
      const [row] = await queries.query<{ n: number }>("SELECT count(*) AS n FROM event");
      return row?.n ?? 0;
    },
    async countLost(queries, kept) {
      const [row] = await queries.query<{ n: number }>(
        `SELECT count(*) AS n FROM event WHERE NOT EXISTS
           (SELECT 1 FROM unnest($1::text[], $2::bigint[]) AS kept (id, start)
            WHERE kept.id = topic_id AND kept.start <= topic_offset)`,
        [kept.map(({ topicId }) => topicId), kept.map(({ start }) => start)],
      );
      return row?.n ?? 0;
    },
    ...overrides,
  };
}

export const counterSubject: ViewSubject = {
  createView: () => createCounterView(),
  topic: TOPIC,
  payload: (number) => `{"key":"key ${number % 7}","number":${number}}`,
  malformed: "no JSON",
  malformedReason: "the payload is no JSON",
  rowsOf: (messageCount) => messageCount,
  fingerprint: async (reads) => [
    ...(await reads.query("SELECT topic_offset, key, at FROM event ORDER BY topic_id, topic_offset")),
    ...(await reads.query("SELECT key, n FROM total ORDER BY key")),
  ],
};
