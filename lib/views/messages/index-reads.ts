/**
 * Looks events up in the index. Look-ups that come while the database is busy go together, since one statement for many
 * ids costs little more than one for few.
 */
import type { Reads } from "../index.ts";

export interface IndexRow {
  readonly id: string;
  readonly topicId: string;
  readonly offset: number;
  readonly loggedMs: number;
  readonly sizeBytes: number;
}

type Rows = ReadonlyMap<string, IndexRow>;

interface Wait {
  readonly ids: readonly string[];
  readonly resolve: (rows: Rows) => void;
  readonly reject: (error: unknown) => void;
}

/** Statements under way at once. */
const STATEMENTS = 2;
/** Ids of one statement, as far as one look-up allows. */
const IDS = 2000;

/**
 * One look into the index for each id. For `id = ANY ($1)` with hundreds of ids PostgreSQL reads a table of tens of thousands
 * of rows as a whole.
 */
const FIND = `
SELECT id, topic_id AS "topicId", log_offset AS "offset", logged_ms AS "loggedMs", size_bytes AS "sizeBytes"
FROM unnest($1::text[]) AS asked (asked_id)
CROSS JOIN LATERAL (SELECT * FROM messages WHERE id = asked_id LIMIT 1) AS kept
WHERE logged_ms >= (SELECT horizon_ms FROM totals)`;

export class IndexReads {
  readonly #reads: Reads;
  #waits: Wait[] = [];
  #underWay = 0;

  constructor(reads: Reads) {
    this.#reads = reads;
  }

  /** Rows of these ids, and maybe of others, that no clean has removed. @throws DatabaseError. */
  find(ids: readonly string[]): Promise<Rows> {
    return new Promise((resolve, reject) => {
      this.#waits.push({ ids, resolve, reject });
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    while (this.#underWay < STATEMENTS && this.#waits.length > 0) {
      const waits = this.#takeWaits();
      this.#underWay += 1;
      try {
        const rows = await this.#reads.query<IndexRow>(FIND, [[...new Set(waits.flatMap(({ ids }) => ids))]]);
        const found = new Map(rows.map((row) => [row.id, row]));
        for (const { resolve } of waits) resolve(found);
      } catch (error) {
        for (const { reject } of waits) reject(error);
      } finally {
        this.#underWay -= 1;
      }
    }
  }

  #takeWaits(): readonly Wait[] {
    let count = 0;
    for (let ids = 0; count < this.#waits.length; count += 1) {
      ids += this.#waits[count]?.ids.length ?? 0;
      if (count > 0 && ids > IDS) break;
    }
    return this.#waits.splice(0, count);
  }
}
