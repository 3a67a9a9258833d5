/**
 * Where a view stands in its topics: one row for each, moved in the transaction that writes what it passes. The row says
 * which message came last, so that a log which has another one there is found out. A topic that another one of its name
 * follows keeps its row: where it comes back, the view goes on there, and applies nothing twice.
 */
import { crc32 } from "../index.ts";
import type { Queries } from "./database/database.ts";
import { RUNTIME_SCHEMA } from "./migrate.ts";
import type { LogMessage } from "./reading/log-reader.ts";
import { PlaceMoved } from "./view-stopped.ts";

export interface Place {
  readonly topic: string;
  readonly topicId: string;
  /** Offset of the next message to be applied. */
  readonly next: number;
  /** The message before `next`; `undefined`: none was read there. */
  readonly last: LastMessage | undefined;
}

interface LastMessage {
  readonly timestampMs: number;
  /** CRC-32 of its payload. */
  readonly checksum: number;
}

interface PlaceRow {
  readonly topic: string;
  readonly topic_id: string;
  readonly next: number;
  readonly last_ms: number | null;
  readonly last_checksum: number | null;
}

const PLACE = `${RUNTIME_SCHEMA}.place`;
const COLUMNS = "topic, topic_id, next, last_ms, last_checksum";

export function lastMessageOf({ timestampMs, payload }: LogMessage): LastMessage {
  return { timestampMs, checksum: crc32(payload) };
}

export function isSameMessage(one: LastMessage, other: LastMessage): boolean {
  return one.timestampMs === other.timestampMs && one.checksum === other.checksum;
}

/** The places in the topics that the view reads, by their names. */
export async function loadPlaces(queries: Queries, view: string): Promise<Map<string, Place>> {
  const sql = `SELECT ${COLUMNS} FROM ${PLACE} WHERE view = $1 AND is_current`;
  const rows = await queries.query<PlaceRow>(sql, [view]);
  return new Map(rows.map((row) => [row.topic, toPlace(row)]));
}

/** Where the view stood in a topic that it read before; `undefined`: it never did. */
export async function findPlace(
  queries: Queries,
  view: string,
  topic: string,
  topicId: string,
): Promise<Place | undefined> {
  const sql = `SELECT ${COLUMNS} FROM ${PLACE} WHERE view = $1 AND topic = $2 AND topic_id = $3`;
  const [row] = await queries.query<PlaceRow>(sql, [view, topic, topicId]);
  return row && toPlace(row);
}

/** Where reading begins, or goes on though nothing was applied. */
export async function savePlace(queries: Queries, view: string, place: Place): Promise<void> {
  const { topic, topicId, next, last } = place;
  await queries.query(
    `UPDATE ${PLACE} SET is_current = false WHERE view = $1 AND topic = $2 AND topic_id <> $3 AND is_current`,
    [view, topic, topicId],
  );
  await queries.query(
    `INSERT INTO ${PLACE} (view, topic, topic_id, next, last_ms, last_checksum) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (view, topic, topic_id) DO UPDATE SET next = excluded.next, is_current = true,
       last_ms = excluded.last_ms, last_checksum = excluded.last_checksum`,
    [view, topic, topicId, next, last?.timestampMs ?? null, last?.checksum ?? null],
  );
}

/** Moves it from `before` to `place`, of the same topic. @throws PlaceMoved: the row is not at `before`. */
export async function movePlace(queries: Queries, view: string, before: Place, place: Place): Promise<void> {
  const { topic, topicId, next, last } = place;
  const moved = await queries.query(
    `UPDATE ${PLACE} SET next = $5, last_ms = $6, last_checksum = $7
     WHERE view = $1 AND topic = $2 AND topic_id = $3 AND next = $4 RETURNING next`,
    [view, topic, topicId, before.next, next, last?.timestampMs ?? null, last?.checksum ?? null],
  );
  if (moved.length !== 1) throw new PlaceMoved(topic);
}

function toPlace({ topic, topic_id: topicId, next, last_ms, last_checksum }: PlaceRow): Place {
  // Places that were saved before there were these columns have none.
  const isKnown = typeof last_ms === "number" && typeof last_checksum === "number";
  return {
    topic,
    topicId,
    next,
    last: isKnown ? { timestampMs: last_ms, checksum: last_checksum } : undefined,
  };
}
