/** The caps of views. */
import { KiB, MINUTE_MS, MiB, SECOND_MS } from "../index.ts";

export interface Limits {
  /** Messages of one batch, which is one transaction. */
  readonly batchMessages: number;
  /** Bytes of payloads of one batch, as far as one message allows: of all topics that a view reads, and of each at least. */
  readonly batchBytes: number;
  readonly leastBatchBytes: number;
  /** How long one read of the log waits for a message. */
  readonly waitMs: number;
  /** How often a view looks for topics that its patterns stand for, and how many of these it reads. */
  readonly findMs: number;
  readonly foundTopics: number;
  /** How often a missing topic is looked for. A log in the same process says at once that it is made. */
  readonly missingMs: number;
  /** How often the lock of another process, and a topic that is closed, are looked at again. */
  readonly lookMs: number;
  /** How long to wait after trouble with the database or the log: at first, doubled each time, and at most. */
  readonly backOffMs: number;
  readonly backOffMaxMs: number;
  /** A statement that reads is ended after this. */
  readonly statementMs: number;
  /** Any other statement is, and its connection with it. */
  readonly writeMs: number;
  /** Memory of PGlite's database, beside 100 MB for its code. */
  readonly embeddedBytes: number;
  /** How often PGlite's files are looked after at most, while views write. */
  readonly upkeepMs: number;
  /** So many bytes of PGlite's write-ahead log are followed by a checkpoint. */
  readonly checkpointBytes: number;
  /** A table of PGlite with more dead rows, and with a fifth as many as it has rows, is vacuumed. */
  readonly deadRows: number;
  /** Connections to a server for reads. */
  readonly readConnections: number;
  /** Reads that wait for a connection, of each view. A further one fails at once. */
  readonly readsWaiting: number;
  /** Bytes of a dead letter that are kept. */
  readonly deadLetterBytes: number;
  /** Dead letters of a view that are kept. */
  readonly deadLetters: number;
  /** So many messages that `apply` refuses, one behind the other, stop the view. */
  readonly refusedInARow: number;
  /** A batch of at least so many messages stops the view when `apply` refuses all of them. */
  readonly refusedBatch: number;
  /** How often old rows are looked for. */
  readonly retentionMs: number;
  /** Rows that one transaction deletes at most, and how long one may take before the next deletes fewer. */
  readonly retentionRows: number;
  readonly retentionChunkMs: number;
  /** A view that is further behind is not ready. */
  readonly readyLagMessages: number;
  /** A batch that takes longer is taken for stuck: the view is not live. */
  readonly liveMs: number;
  /** How often a process that does not apply looks how far the other one is, while a call waits for that. */
  readonly placeMs: number;
}

export const LIMITS: Limits = {
  batchMessages: 500,
  batchBytes: 8 * MiB,
  leastBatchBytes: 256 * KiB,
  waitMs: 30 * SECOND_MS,
  findMs: 10 * SECOND_MS,
  foundTopics: 256,
  missingMs: 250,
  lookMs: SECOND_MS,
  backOffMs: SECOND_MS,
  backOffMaxMs: 30 * SECOND_MS,
  statementMs: 5 * SECOND_MS,
  writeMs: 5 * MINUTE_MS,
  embeddedBytes: 512 * MiB,
  upkeepMs: 5 * SECOND_MS,
  checkpointBytes: 64 * MiB,
  deadRows: 10_000,
  readConnections: 4,
  readsWaiting: 100,
  deadLetterBytes: 64 * KiB,
  deadLetters: 100_000,
  refusedInARow: 100,
  refusedBatch: 10,
  retentionMs: MINUTE_MS,
  retentionRows: 1000,
  retentionChunkMs: 50,
  readyLagMessages: 10_000,
  liveMs: MINUTE_MS,
  placeMs: 20,
};
