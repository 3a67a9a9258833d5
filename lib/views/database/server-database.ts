/**
 * A PostgreSQL server: a connection that writes, which holds the lock of its schema for as long as it lives, and a few
 * that read. A connection that breaks is replaced by the next call that needs one.
 */
import pg from "pg";
import { Connection } from "./connection.ts";
import {
  type Close,
  type Database,
  type Queries,
  READS_LOCK,
  type Reads,
  type Transaction,
  type Writer,
} from "./database.ts";
import { CONNECTION_FAILURE, DatabaseError } from "./database-error.ts";
import { quoteName } from "./quote-name.ts";
import { ReadPool } from "./read-pool.ts";
import { Turns } from "./turns.ts";

export interface ServerOptions {
  /** What pg takes: host, port, user, password, database, ssl. */
  readonly server: pg.ClientConfig;
  readonly description: string;
  readonly statementMs: number;
  readonly writeMs: number;
  readonly readConnections: number;
  readonly readsWaiting: number;
}

const CONNECT_MS = 10_000;
/** An answer that is so much later than the server's own limit will not come: the connection is dead. */
const GRACE_MS = 5000;
/** The first key of the advisory locks; the second one is made of the schema's name. */
const LOCK_KEY = 0x6e_65_74_6c;

export class ServerDatabase implements Database {
  readonly isShared = true;
  readonly description: string;
  readonly #options: ServerOptions;
  readonly #pools = new Map<string, ReadPool>();
  #isClosed = false;

  /** Connects with the first call. @throws TypeError: the URL in `server` cannot be parsed. */
  constructor(options: ServerOptions) {
    new pg.Client(options.server);
    this.#options = options;
    this.description = options.description;
  }

  reads(schema: string): Reads {
    const { statementMs } = this.#options;
    const pool = this.#poolOf(schema);
    const lock = `SELECT pg_advisory_xact_lock_shared(${READS_LOCK}, hashtext('${schema}'))`;
    const begin = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${lock}`;
    const snapshot: Reads["snapshot"] = (run, { timeoutMs = statementMs } = {}) =>
      pool.run(timeoutMs + GRACE_MS, (connection) =>
        connection.transaction(begin, async (transaction) => {
          if (timeoutMs !== statementMs) {
            await transaction.query(`SET LOCAL statement_timeout TO ${Math.ceil(timeoutMs)}`);
          }
          return await run(transaction);
        }),
      );
    return {
      snapshot,
      query: (sql, parameters, options = {}) =>
        options.timeoutMs === undefined
          ? pool.run(statementMs + GRACE_MS, (connection) => connection.query(sql, parameters))
          : snapshot((queries: Queries) => queries.query(sql, parameters), options),
    };
  }

  async openWriter(schema: string): Promise<Writer | undefined> {
    const { writeMs } = this.#options;
    const connection = await this.#connect(writeMs);
    try {
      await connection.useSchema(schema);
      const [row] = await connection.query<{ locked: boolean }>(
        "SELECT pg_try_advisory_lock($1::int, hashtext($2)) AS locked",
        [LOCK_KEY, schema],
      );
      if (row?.locked !== true) {
        await connection.close();
        return undefined;
      }
    } catch (error) {
      connection.cut();
      throw error;
    }
    const turns = new Turns();
    return {
      lost: connection.lost,
      transaction: <Result>(run: (transaction: Transaction) => Promise<Result>) =>
        turns.run(() => connection.within(writeMs + GRACE_MS, () => connection.transaction("BEGIN", run))),
      close: () => connection.close(),
    };
  }

  async listen(channel: string, hear: (text: string) => void, lost: () => void): Promise<Close> {
    const connection = await this.#connect(this.#options.writeMs, (from, text) => {
      if (from === channel) hear(text);
    });
    try {
      await connection.query(`LISTEN ${quoteName(channel)}`);
    } catch (error) {
      connection.cut();
      throw error;
    }
    void connection.lost.then(lost);
    return () => connection.close();
  }

  async ping(): Promise<void> {
    // Any schema's will do; a name that is not there is no error.
    await this.reads("netlog_views").query("SELECT 1");
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }

  #poolOf(schema: string): ReadPool {
    let pool = this.#pools.get(schema);
    if (pool === undefined) {
      const { statementMs, readConnections, readsWaiting } = this.#options;
      pool = new ReadPool(readConnections, readsWaiting, async () => {
        const connection = await this.#connect(statementMs);
        await connection.useSchema(schema);
        await connection.query("SET default_transaction_read_only TO on");
        return connection;
      });
      this.#pools.set(schema, pool);
    }
    return pool;
  }

  async #connect(
    statementMs: number,
    onNotify?: (channel: string, text: string) => void,
  ): Promise<Connection> {
    if (this.#isClosed) throw new DatabaseError(CONNECTION_FAILURE, "the database is closed");
    const connection = await Connection.open({
      server: { ...this.#options.server, application_name: "netlog view" },
      connectMs: CONNECT_MS,
      ...(onNotify === undefined ? {} : { onNotify }),
    });
    try {
      await connection.query(`SET statement_timeout TO ${Math.ceil(statementMs)}`);
    } catch (error) {
      connection.cut();
      throw error;
    }
    return connection;
  }
}
