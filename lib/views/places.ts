/** Where a view stands in its topics: one row for each, moved in the transaction that writes what it passes. */
import type { Queries } from "./database/database.ts";
import { RUNTIME_SCHEMA } from "./migrate.ts";
import { PlaceMoved } from "./view-stopped.ts";

export interface Place {
  readonly topic: string;
  readonly topicId: string;
  /** Offset of the next message to be applied. */
  readonly next: number;
}

const PLACE = `${RUNTIME_SCHEMA}.place`;

export async function loadPlaces(queries: Queries, view: string): Promise<Map<string, Place>> {
  const rows = await queries.query<{ topic: string; topic_id: string; next: number }>(
    `SELECT topic, topic_id, next FROM ${PLACE} WHERE view = $1`,
    [view],
  );
  return new Map(rows.map(({ topic, topic_id: topicId, next }) => [topic, { topic, topicId, next }]));
}

/** Where reading begins, or goes on though nothing was applied. */
export async function savePlace(queries: Queries, view: string, place: Place): Promise<void> {
  await queries.query(
    `INSERT INTO ${PLACE} (view, topic, topic_id, next) VALUES ($1, $2, $3, $4)
     ON CONFLICT (view, topic) DO UPDATE SET topic_id = excluded.topic_id, next = excluded.next`,
    [view, place.topic, place.topicId, place.next],
  );
}

/** @throws PlaceMoved: the row is not at `place`. */
export async function movePlace(queries: Queries, view: string, place: Place, next: number): Promise<void> {
  const moved = await queries.query(
    `UPDATE ${PLACE} SET next = $5 WHERE view = $1 AND topic = $2 AND topic_id = $3 AND next = $4 RETURNING next`,
    [view, place.topic, place.topicId, place.next, next],
  );
  if (moved.length !== 1) throw new PlaceMoved(place.topic);
}
