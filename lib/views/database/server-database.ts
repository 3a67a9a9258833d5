/**
 * A PostgreSQL server: a connection that writes, which holds the lock of its schema for as long as it lives, and a few
 * that read. A connection that breaks is replaced by the next call that needs one.
 */
import { checkServerIdentity } from "node:tls";
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
  /** All that are open, or about to be. */
  readonly #connections = new Set<Connection>();
  /** Connections that did not get the lock of a schema, for the next try: a process that stands by asks each second. */
  readonly #contenders = new Map<string, Connection>();
  #isClosed = false;

  /** Connects with the first call. @throws TypeError: the URL in `server` cannot be parsed. */
  constructor(options: ServerOptions) {
    this.#options = { ...options, server: withName(options.server) };
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
    const connection = this.#contenders.get(schema) ?? (await this.#connect(writeMs));
    this.#contenders.delete(schema);
    try {
      if (!(await connection.within(GRACE_MS, () => tryLock(connection, schema)))) {
        this.#contenders.set(schema, connection);
        void connection.lost.then(() => {
          if (this.#contenders.get(schema) === connection) this.#contenders.delete(schema);
        });
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
    const contenders = [...this.#contenders.values()];
    this.#contenders.clear();
    await Promise.all([...contenders, ...this.#pools.values()].map((each) => each.close()));
  }

  cut(): void {
    this.#isClosed = true;
    for (const connection of this.#connections) connection.cut();
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
      onMade: (made) => {
        this.#connections.add(made);
        void made.lost.then(() => this.#connections.delete(made));
      },
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

/** IPv4, or IPv6, and no name. */
const ADDRESS = /^(?:\d{1,3}\.){3}\d{1,3}$|:/;

/** Where the host is an address, pg compares the certificate with `localhost`. @throws as the constructor does. */
function withName(server: pg.ClientConfig): pg.ClientConfig {
  const { host, ssl } = new pg.Client(server) as pg.Client & { readonly ssl?: unknown };
  if (!ADDRESS.test(host) || ssl === false || ssl === undefined) return server;
  const tls = typeof ssl === "object" ? ssl : {};
  return {
    ...server,
    ssl: { checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate), ...tls },
  };
}

/** False: another connection has the lock of the schema. */
async function tryLock(connection: Connection, schema: string): Promise<boolean> {
  await connection.useSchema(schema);
  const [row] = await connection.query<{ locked: boolean }>(
    "SELECT pg_try_advisory_lock($1::int, hashtext($2)) AS locked",
    [LOCK_KEY, schema],
  );
  return row?.locked === true;
}
