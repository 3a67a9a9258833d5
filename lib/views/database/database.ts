/**
 * What a view knows of its database: PostgreSQL's dialect, parameters, transactions. Two drivers implement it, PostgreSQL
 * in a worker thread of this process (embedded-database.ts) and a server (server-database.ts). SQL uses nothing newer than PostgreSQL 15.
 *
 * Both drivers give the same JavaScript values:
 *
 * | SQL | JavaScript |
 * |---|---|
 * | integers up to bigint | number; a bigint beyond 2^53 is refused with a TypeError |
 * | text, uuid, enums | string |
 * | timestamptz, timestamp, date, numeric, json, jsonb | string, as PostgreSQL prints it; the time zone is UTC |
 * | boolean, bytea, arrays | boolean, Buffer, array |
 *
 * As parameters, strings are good for every type. Times are given as strings, since a Date has no microseconds.
 */

export type SqlValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly (string | number | boolean | null)[];

/** A row, by the names of its columns. Its type is the caller's word; nothing checks it. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * The first key of an advisory lock, the second one being the hash of a schema's name: a snapshot shares it, and who gives
 * the name to other tables has it alone, since each statement looks names up anew.
 */
export const READS_LOCK = 0x6e_65_74_6e;

/** Names without a schema are the view's own tables. */
export interface Queries {
  /** One statement, with `$1`, `$2`, … as parameters. @throws DatabaseError. */
  query<Result extends object = Row>(sql: string, parameters?: readonly SqlValue[]): Promise<Result[]>;
}

export interface Transaction extends Queries {
  /** Calls `run` once the transaction is committed, and never where it is not: for caches of what it wrote. */
  afterCommit(run: () => void): void;
}

export interface ReadOptions {
  /** The statement is ended after so long: `query_canceled`. `statementMs` of the limits by default. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Reads of a view's tables, for its surfaces. On a server they have connections of their own; in this process they take
 * turns with the batches that the view applies.
 */
export interface Reads {
  /** One statement that reads. @throws DatabaseError. */
  query<Result extends object = Row>(
    sql: string,
    parameters?: readonly SqlValue[],
    options?: ReadOptions,
  ): Promise<Result[]>;
  /** Several statements that see the same state. @throws DatabaseError. */
  snapshot<Result>(run: (queries: Queries) => Promise<Result>, options?: ReadOptions): Promise<Result>;
}

/** The one connection that writes. While it lives, no other process has one for the same schema. */
export interface Writer {
  /**
   * Commits when `run` resolves, rolls back when it rejects. Transactions of a writer follow each other. @throws
   * DatabaseError, also where it is not known whether the commit came about; whatever `run` throws.
   */
  transaction<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  /** Resolves when the connection has ended, for whatever reason: the writer is of no more use. */
  readonly lost: Promise<void>;
  close(): Promise<void>;
}

/** Something to call when it is over. */
export type Close = () => Promise<void>;

export interface Database {
  /** For lines in the log: never with a password. */
  readonly description: string;
  /** A server may have other readers and writers. */
  readonly isShared: boolean;
  /** Reads of the tables in `schema`. */
  reads(schema: string): Reads;
  /** `undefined`: another process has the writer of `schema`. @throws DatabaseError. */
  openWriter(schema: string): Promise<Writer | undefined>;
  /** Calls `hear` for each NOTIFY on `channel`, until it is closed; `lost` when no more will come. @throws DatabaseError. */
  listen(channel: string, hear: (text: string) => void, lost: () => void): Promise<Close>;
  /** Resolves when it answers. @throws DatabaseError. */
  ping(): Promise<void>;
  /** Waits for what is under way. */
  close(): Promise<void>;
  /** Ends every connection at once, whether anybody answers there or not: what is under way is rejected. It is of no more use. */
  cut(): void;
}
