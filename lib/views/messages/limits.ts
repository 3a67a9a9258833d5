/** The caps of the message store. */
import { KiB, MiB, SECOND_MS } from "../../index.ts";

export const LIMITS: {
  readonly idBytes: number;
  readonly putEvents: number;
  readonly putBytes: number;
  readonly partBytes: number;
  readonly parts: number;
  readonly fields: number;
  readonly ids: number;
  readonly deletedTogether: number;
  readonly outcomeMs: number;
  readonly waitMs: number;
} = {
  /** An event's id, in bytes of UTF-8. */
  idBytes: 1024,
  /** Events that one PutBatch stores; those behind them are not acknowledged. */
  putEvents: 1000,
  /** One PutBatch. */
  putBytes: 4 * MiB,
  /** Bytes of events that lie together in the log, as far as one event allows: to get one of them, all of them are read. */
  partBytes: 16 * KiB,
  /** Parts of one PutBatch, as far as single events allow: each is a request where the log is another server's. */
  parts: 16,
  /** Fields of one event, and of one PutBatch, those of messages within included. */
  fields: 100_000,
  /** Ids of one GetBatch, and of one DeleteBatch. */
  ids: 1000,
  /** Ids of one message of the log that deletes. */
  deletedTogether: 100,
  /** How long the count of a DeleteBatch or a Clean is kept for its answer. */
  outcomeMs: 3600 * SECOND_MS,
  /** How long a call waits for the database and the log. */
  waitMs: 30 * SECOND_MS,
};
