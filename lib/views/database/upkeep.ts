/**
 * What processes of a server do in the background, and PGlite has nobody for: checkpoints, without which its write-ahead log
 * grows for ever, and VACUUM, without which the room of deleted rows is never used again. It comes between transactions,
 * one step at a time, and the others wait for that step.
 */
import type { Queries } from "./database.ts";
import { quoteName } from "./quote-name.ts";

export interface UpkeepLimits {
  /** How often it looks at most, while there are transactions. */
  readonly upkeepMs: number;
  /** So many bytes of the write-ahead log are followed by a checkpoint. */
  readonly checkpointBytes: number;
  /** A table with more dead rows, and with a fifth as many as it has rows, is vacuumed. */
  readonly deadRows: number;
}

const WRITTEN =
  "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn)::bigint AS bytes FROM pg_control_checkpoint()";
/** The one with the most. As autovacuum does, it waits for a share of the table, which a vacuum reads whole. */
const UNTIDY = `SELECT schemaname AS schema, relname AS name FROM pg_stat_user_tables
  WHERE n_dead_tup > $1 AND n_dead_tup > n_live_tup / 5 ORDER BY n_dead_tup DESC LIMIT 1`;

export class Upkeep {
  readonly #limits: UpkeepLimits;
  readonly #elapsedMs: () => number;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(limits: UpkeepLimits, elapsedMs: () => number) {
    this.#limits = limits;
    this.#elapsedMs = elapsedMs;
  }

  /** True where a step is due, which the caller then takes. */
  begin(): boolean {
    const nowMs = this.#elapsedMs();
    if (nowMs - this.#lookedMs < this.#limits.upkeepMs) return false;
    this.#lookedMs = nowMs;
    return true;
  }

  /** Outside of a transaction. @throws DatabaseError. */
  async step(queries: Queries): Promise<void> {
    const [written] = await queries.query<{ bytes: number }>(WRITTEN);
    if ((written?.bytes ?? 0) > this.#limits.checkpointBytes) await queries.query("CHECKPOINT");
    const [table] = await queries.query<{ schema: string; name: string }>(UNTIDY, [this.#limits.deadRows]);
    if (table !== undefined) {
      await queries.query(`VACUUM (ANALYZE) ${quoteName(table.schema)}.${quoteName(table.name)}`);
    }
  }
}
