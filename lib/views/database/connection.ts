/** One connection of pg, to a server or to the worker: statements one after the other, errors by their SQLSTATE. */
import type { Duplex } from "node:stream";
import pg from "pg";
import type { Queries, Row, SqlValue, Transaction } from "./database.ts";
import { CONNECTION_FAILURE, DatabaseError } from "./database-error.ts";
import { quoteName } from "./quote-name.ts";
import { SQL_TYPES } from "./sql-types.ts";

export interface ConnectionOptions {
  /** `undefined`: pg connects by itself. */
  readonly stream?: () => Duplex;
  readonly server?: pg.ClientConfig;
  /** How long to wait for the connection. */
  readonly connectMs: number;
  readonly onNotify?: (channel: string, text: string) => void;
  /** Called with the connection before it is there, so that it can be cut meanwhile. */
  readonly onMade?: (connection: Connection) => void;
}

const KEEP_ALIVE_MS = 30_000;
/** A server that does not take leave within so long is not there any more. */
const CLOSE_MS = 2000;

export class Connection implements Queries {
  readonly #client: pg.Client;
  /** Resolves when it has ended, on either side. */
  readonly lost: Promise<void>;
  #searchPath = "";

  private constructor(client: pg.Client, onNotify: ConnectionOptions["onNotify"]) {
    this.#client = client;
    this.lost = new Promise((resolve) => {
      client.once("end", () => resolve());
      // Without a listener this would end the process. The statement under way is rejected as well.
      client.on("error", () => resolve());
    });
    client.on("notification", ({ channel, payload = "" }) => onNotify?.(channel, payload));
  }

  /** @throws DatabaseError. */
  static async open({ stream, server, connectMs, onNotify, onMade }: ConnectionOptions): Promise<Connection> {
    const client = new pg.Client({
      ...server,
      ...(stream === undefined ? {} : { stream: stream as () => never }),
      types: SQL_TYPES,
      connectionTimeoutMillis: connectMs,
      keepAlive: true,
      // What lies between forgets an idle connection within minutes; the system's own first probe comes after two hours.
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    });
    const connection = new Connection(client, onNotify);
    onMade?.(connection);
    try {
      await client.connect();
      await connection.query("SET TIME ZONE 'UTC'");
      await connection.query("SET DateStyle TO ISO");
    } catch (error) {
      connection.cut();
      throw translate(error);
    }
    return connection;
  }

  async query<Result extends object = Row>(sql: string, parameters?: readonly SqlValue[]): Promise<Result[]> {
    try {
      const result = await this.#client.query(sql, parameters as unknown[]);
      return result.rows as Result[];
    } catch (error) {
      throw translate(error);
    }
  }

  /** Names without a schema are those of `schema` from here on. */
  async useSchema(schema: string): Promise<void> {
    if (schema === this.#searchPath) return;
    this.#searchPath = "";
    await this.query(`SET search_path TO ${quoteName(schema)}`);
    this.#searchPath = schema;
  }

  /** `begin` is what begins it, one statement or more. @throws DatabaseError; whatever `run` throws. */
  async transaction<Result>(
    begin: string,
    run: (transaction: Transaction) => Promise<Result>,
  ): Promise<Result> {
    const done: (() => void)[] = [];
    let result: Result;
    try {
      await this.query(begin);
      result = await run({
        query: (sql, parameters) => this.query(sql, parameters),
        afterCommit: (call) => void done.push(call),
      });
    } catch (error) {
      // It fails where the connection is lost, and then there is nothing to roll back.
      await this.query("ROLLBACK").catch(() => {});
      throw error;
    }
    await this.query("COMMIT");
    for (const call of done) call();
    return result;
  }

  /** Cuts the connection when `task` takes longer: nobody answers there any more. */
  async within<Result>(timeoutMs: number, task: () => Promise<Result>): Promise<Result> {
    const timer = setTimeout(() => this.cut(), timeoutMs);
    try {
      return await task();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it without a word: what is under way is rejected. */
  cut(): void {
    (
      this.#client as unknown as { readonly connection: { readonly stream: Duplex } }
    ).connection.stream.destroy();
  }

  async close(): Promise<void> {
    await this.within(CLOSE_MS, () => this.#client.end().catch(() => {}));
  }
}

const SQL_STATE = /^[0-9A-Z]{5}$/;

/** What pg rejects with: an error of the database has a SQLSTATE, and whatever else it is, is the connection's. */
function translate(error: unknown): unknown {
  if (error instanceof DatabaseError || error instanceof TypeError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const isStated = error instanceof pg.DatabaseError && SQL_STATE.test(code ?? "");
  return new DatabaseError(isStated ? (code ?? "") : CONNECTION_FAILURE, message || String(code), error);
}
