/** The tracker's tables. Their names are upstream's, so that queries of dashboards go on working. */
import type { Migration } from "../index.ts";

/**
 * Texts that a message left out are empty, never null, so that they sort and compare as texts. Texts sort byte by byte,
 * whatever the database's locale is. There are no foreign keys: one writer has the tables for itself, and each key would
 * cost a look-up and a lock for each row.
 *
 * What the indexes are for:
 *
 * | index | for |
 * |---|---|
 * | payloads_pkey | a payload's request_id, from the index alone, for the order request_id of few /statuses |
 * | payloads_request_id_id_key | the upsert of each message; GET /payloads/{request_id}; the order request_id of all /statuses |
 * | payloads_created_at | the default order of /payloads; its ranges of created_at |
 * | payloads_account, …_org_id, …_inventory_id, …_system_id | the filters and orders of /payloads |
 * | statuses_of_topic | one row for each (topic, offset), however often the message comes; what a rebuild would lose |
 * | statuses_of_payload | the statuses of a payload, and whether it has any left; the order request_id of all /statuses |
 * | statuses_by_date | the default order of /statuses; its ranges of date |
 * | statuses_by_created_at | ranges and order of created_at; retention, the oldest first |
 * | statuses_by_service, …_by_source, …_by_status | the filters of these names; their orders, a few rows of each name; whether a name has a row |
 * | statuses_by_status_msg | the filter status_msg, by a hash, since the text may be longer than an index takes |
 *
 * The rows of a name lie scattered over the table: 10,000 of a million are on as many pages. So the indexes of names hold
 * what a list may filter and sort by, but for status_msg, and the table is read for the page alone. They are twice as large
 * for it. Ranges of times need no such index: their rows lie together. An index is enough where the table was vacuumed,
 * which a server does sooner than it would by itself.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    name: "1 payloads and their statuses",
    sql: `
CREATE TABLE payloads (
  id bigint GENERATED ALWAYS AS IDENTITY,
  request_id text COLLATE "C" NOT NULL,
  account text COLLATE "C" NOT NULL,
  org_id text COLLATE "C" NOT NULL,
  inventory_id text COLLATE "C" NOT NULL,
  system_id text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (id) INCLUDE (request_id),
  UNIQUE (request_id) INCLUDE (id)
);
CREATE INDEX payloads_created_at ON payloads (created_at, id);
CREATE INDEX payloads_account ON payloads (account);
CREATE INDEX payloads_org_id ON payloads (org_id);
CREATE INDEX payloads_inventory_id ON payloads (inventory_id);
CREATE INDEX payloads_system_id ON payloads (system_id);

CREATE TABLE services (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE);
CREATE TABLE sources (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE);
CREATE TABLE statuses (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE);
CREATE TABLE topics (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE);

CREATE TABLE payload_statuses (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payload_id bigint NOT NULL,
  log_offset bigint NOT NULL,
  date timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  topic_id int NOT NULL,
  service_id int NOT NULL,
  source_id int NOT NULL,
  status_id int NOT NULL,
  status_msg text COLLATE "C" NOT NULL
) WITH (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
CREATE UNIQUE INDEX statuses_of_topic ON payload_statuses (topic_id, log_offset);
CREATE INDEX statuses_of_payload ON payload_statuses (payload_id, id);
CREATE INDEX statuses_by_date ON payload_statuses (date, id);
CREATE INDEX statuses_by_created_at ON payload_statuses (created_at, id);
CREATE INDEX statuses_by_service ON payload_statuses (service_id, id)
  INCLUDE (source_id, status_id, payload_id, date, created_at);
CREATE INDEX statuses_by_source ON payload_statuses (source_id, id)
  INCLUDE (service_id, status_id, payload_id, date, created_at);
CREATE INDEX statuses_by_status ON payload_statuses (status_id, id)
  INCLUDE (service_id, source_id, payload_id, date, created_at);
CREATE INDEX statuses_by_status_msg ON payload_statuses (hashtextextended(status_msg, 0)) WHERE status_msg <> '';

CREATE TABLE totals (payloads bigint NOT NULL, payload_statuses bigint NOT NULL);
INSERT INTO totals VALUES (0, 0);
`,
  },
];
