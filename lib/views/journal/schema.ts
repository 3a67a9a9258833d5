/** The journal's tables. Names of tables and columns are upstream's as far as upstream has them. */
import type { Migration } from "../index.ts";

/**
 * A domain that an event does not name is empty, never null. Texts compare byte by byte. There are no foreign keys: one
 * writer has the tables for itself, and each key would cost a look-up and a lock for each row.
 *
 * `journal_entities` has a row for each entity that a journal is about, written `client:<id>`; with what the lists filter by,
 * so that counting reads that table alone. `journal.entities` has the same, so that a journal's rows are found by their key.
 * `journal.event_bytes` is the size of the whole event, so that a page is measured before its attributes are read.
 *
 * `client_hours` has the messages of a client in an hour, counted from 1970, in which there were any. The hours are those of
 * the log's time, so that a wrong occurred_at makes none.
 *
 * Counters change again and again: their pages keep room, so that a change makes no new entry in the indexes.
 *
 * What the indexes are for:
 *
 * | index | for |
 * |---|---|
 * | journal_pkey | one row for each (topic, offset), however often the message comes; the rows of a page |
 * | journal_by_age | retention, the oldest first |
 * | journal_entities_pkey | a page of an entity, in its order, and its total |
 * | client_hours_pkey, client_hours_by_age | the hours of a client; retention, the oldest first |
 * | subscriptions_of_channel | the matches of a publish |
 * | subscriptions_of_subscriber, …_of_client | an unsubscribe or a disconnect; the end of a client, and the telemetry's count |
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    name: "1 journals and telemetry",
    sql: `
CREATE TABLE topics (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  telemetry_start bigint
);

CREATE TABLE journal (
  id uuid PRIMARY KEY,
  operation text COLLATE "C" NOT NULL,
  domain text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  attributes jsonb NOT NULL,
  metadata jsonb NOT NULL,
  event_bytes int NOT NULL,
  topic_id int NOT NULL,
  log_offset bigint NOT NULL,
  logged_at timestamptz NOT NULL,
  entities text[] NOT NULL
);
CREATE INDEX journal_by_age ON journal (logged_at, id);

CREATE TABLE journal_entities (
  entity text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  log_offset bigint NOT NULL,
  id uuid NOT NULL,
  domain text COLLATE "C" NOT NULL,
  operation text COLLATE "C" NOT NULL,
  PRIMARY KEY (entity, occurred_at, log_offset, id)
);

CREATE TABLE clients_telemetry (
  client_id text COLLATE "C" PRIMARY KEY,
  domain_id text COLLATE "C" NOT NULL,
  inbound_messages bigint NOT NULL DEFAULT 0,
  outbound_messages bigint NOT NULL DEFAULT 0,
  first_seen timestamptz NOT NULL,
  last_seen timestamptz NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE client_hours (
  client_id text COLLATE "C" NOT NULL,
  hour int NOT NULL,
  inbound_messages bigint NOT NULL,
  outbound_messages bigint NOT NULL,
  PRIMARY KEY (client_id, hour)
) WITH (fillfactor = 70);
CREATE INDEX client_hours_by_age ON client_hours (hour);

CREATE TABLE subscriptions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subscriber_id text COLLATE "C" NOT NULL,
  channel_id text COLLATE "C" NOT NULL,
  subtopic text COLLATE "C" NOT NULL,
  client_id text COLLATE "C" NOT NULL
);
CREATE INDEX subscriptions_of_channel ON subscriptions (channel_id);
CREATE INDEX subscriptions_of_subscriber ON subscriptions (subscriber_id);
CREATE INDEX subscriptions_of_client ON subscriptions (client_id);

CREATE TABLE totals (journal bigint NOT NULL);
INSERT INTO totals VALUES (0);
`,
  },
];
