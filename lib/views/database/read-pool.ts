/** A few connections that read. A call that finds none free waits for its turn, and fails where too many wait already. */
import type { Connection } from "./connection.ts";
import { CONNECTION_FAILURE, DatabaseError, isDatabaseError, tooManyReads } from "./database-error.ts";

export class ReadPool {
  readonly #size: number;
  readonly #maxWaiting: number;
  readonly #connect: () => Promise<Connection>;
  readonly #idle: Connection[] = [];
  readonly #waiting: (() => void)[] = [];
  #busyCount = 0;
  #isClosed = false;

  constructor(size: number, maxWaiting: number, connect: () => Promise<Connection>) {
    this.#size = size;
    this.#maxWaiting = maxWaiting;
    this.#connect = connect;
  }

  /** A connection whose task takes longer is cut: nobody answers there any more. @throws DatabaseError; what `task` throws. */
  async run<Result>(timeoutMs: number, task: (connection: Connection) => Promise<Result>): Promise<Result> {
    if (this.#waiting.length >= this.#maxWaiting) throw tooManyReads(this.#maxWaiting);
    if (this.#busyCount >= this.#size) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#busyCount += 1;
    try {
      if (this.#isClosed) throw new DatabaseError(CONNECTION_FAILURE, "the database is closed");
      return await this.#runOn(this.#idle.pop() ?? (await this.#opened()), timeoutMs, task);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#busyCount -= 1;
      else next();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#idle.splice(0).map((connection) => connection.close()));
  }

  async #runOn<Result>(
    connection: Connection,
    timeoutMs: number,
    task: (connection: Connection) => Promise<Result>,
  ): Promise<Result> {
    try {
      const result = await connection.within(timeoutMs, () => task(connection));
      await this.#giveBack(connection);
      return result;
    } catch (error) {
      if (isDatabaseError(error, "08", "57P")) connection.cut();
      else await this.#giveBack(connection);
      throw error;
    }
  }

  async #giveBack(connection: Connection): Promise<void> {
    if (this.#isClosed) await connection.close();
    else this.#idle.push(connection);
  }

  async #opened(): Promise<Connection> {
    const connection = await this.#connect();
    // One that breaks while it is idle is not given out again.
    void connection.lost.then(() => {
      const place = this.#idle.indexOf(connection);
      if (place >= 0) this.#idle.splice(place, 1);
    });
    return connection;
  }
}
