/** The store's tables: where each event lies in the log. They hold no event. */
import type { Migration } from "../index.ts";

/**
 * - `messages`: a row for each event, and for a while those that are too old. An id sorts byte by byte, whatever the
 *   database's locale is. The index is for Clean and for the deletion of rows, the oldest first.
 * - `outcomes`: what each delete and each clean of the last hour removed, for the call that asked for it.
 * - `totals`: rows of `messages`; the horizon, before which events are gone though their rows are there; and the log's time of
 *   the newest message, which is the now of what has no clock.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    name: "1 where events lie",
    sql: `
CREATE TABLE messages (
  id text COLLATE "C" PRIMARY KEY,
  topic_id uuid NOT NULL,
  log_offset bigint NOT NULL,
  logged_ms bigint NOT NULL,
  size_bytes int NOT NULL
);
CREATE INDEX messages_by_age ON messages (logged_ms);

CREATE TABLE outcomes (log_offset bigint PRIMARY KEY, removed bigint NOT NULL, logged_ms bigint NOT NULL);

CREATE TABLE totals (messages bigint NOT NULL, horizon_ms bigint NOT NULL, newest_ms bigint NOT NULL);
INSERT INTO totals VALUES (0, 0, 0);
`,
  },
];
