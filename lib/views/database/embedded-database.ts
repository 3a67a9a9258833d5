/**
 * PostgreSQL in this process: PGlite in a worker thread, its files in a folder that is locked as a data folder is. There is
 * one connection, and whatever asks for it takes turns. It neither syncs its files nor ends a statement that takes too
 * long, so such a statement is ended by stopping the thread and opening another one: as after `kill -9`, what was committed
 * is there. After a power cut the folder may be damaged; then it does not open.
 */
import type { Worker } from "node:worker_threads";
import { type Disk, type Logger, takeDataFolder } from "../../index.ts";
import { Connection } from "./connection.ts";
import type { Close, Database, Queries, Reads, Transaction, Writer } from "./database.ts";
import { CONNECTION_FAILURE, DatabaseError, isDatabaseError, tooManyReads } from "./database-error.ts";
import { FILES, filesOf, OpeningError, openingError } from "./embedded-files.ts";
import { PgliteWire } from "./pglite-wire.ts";
import { startWorker, type WorkerMessage } from "./pglite-worker.ts";
import { Turns } from "./turns.ts";
import { Upkeep, type UpkeepLimits } from "./upkeep.ts";

export interface EmbeddedOptions extends UpkeepLimits {
  readonly disk: Disk;
  /** Made where it is missing. */
  readonly folder: string;
  /** A statement that reads is ended after this. */
  readonly statementMs: number;
  /** Any other is. */
  readonly writeMs: number;
  /** Reads that wait for their turn; a further one fails at once. */
  readonly readsWaiting: number;
  /** Memory of the database, at least 128 MiB. */
  readonly embeddedBytes: number;
  readonly logger: Logger;
}

/** Starting takes 3 to 5 s on a quiet machine the first time. */
const START_MS = 120_000;
const QUERY_CANCELED = "57014";
/** io_error: it did open, so that opening it is tried again. */
const NOT_OPEN_AGAIN = "58030";
/** An attempt takes a second of a processor, and each read would make one. */
const AGAIN_MS = 1000;
const READ_ONLY = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

interface Opened {
  readonly worker: Worker;
  readonly connection: Connection;
}

export class EmbeddedDatabase implements Database {
  readonly isShared = false;
  readonly description: string;
  readonly #options: EmbeddedOptions;
  readonly #release: () => Promise<void>;
  readonly #turns = new Turns();
  readonly #upkeep: Upkeep;
  /** Holders of the writer, by schema. */
  readonly #writers = new Set<string>();
  #open: Opened | undefined;
  /** The thread that is there, or begins. */
  #worker: Worker | undefined;
  #hasOpened = false;
  /** Until then it does not open, as `#refusal` says. */
  #closedUntilMs = 0;
  #refusal: DatabaseError | undefined;
  /** Reads that are under way, or wait. */
  #readCount = 0;
  #isClosed = false;
  #closing: Promise<void> | undefined;

  private constructor(options: EmbeddedOptions, release: () => Promise<void>) {
    this.#options = options;
    this.#release = release;
    this.#upkeep = new Upkeep(options, () => performance.now());
    this.description = options.folder;
  }

  /**
   * Takes the folder for this process, and opens it.
   *
   * @throws DataFolderError: the folder is in use, cannot be made, or its database does not open.
   */
  static async open(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
    const { disk, folder } = options;
    const lock = await takeDataFolder(disk, folder);
    const database = new EmbeddedDatabase(options, async () => await lock.release());
    try {
      await database.ping();
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** Gives the database of a folder, that of all its views, another name, and gives its new path. @throws DataFolderError. */
  static async setAside(disk: Disk, folder: string, nowMs: number): Promise<string> {
    const lock = await takeDataFolder(disk, folder);
    const time = new Date(nowMs).toISOString().replaceAll(/[-:]/g, "");
    const aside = `${folder}/${FILES}.damaged-${time}`;
    try {
      await disk.rename(`${folder}/${FILES}`, aside);
      await disk.syncFolder(folder);
    } finally {
      await lock.release();
    }
    return aside;
  }

  reads(schema: string): Reads {
    const { statementMs } = this.#options;
    return {
      query: (sql, parameters, { timeoutMs = statementMs } = {}) =>
        this.#read(schema, timeoutMs, (connection) => connection.query(sql, parameters)),
      snapshot: <Result>(run: (queries: Queries) => Promise<Result>, { timeoutMs = statementMs } = {}) =>
        this.#read(schema, timeoutMs, (connection) => connection.transaction(READ_ONLY, run)),
    };
  }

  async openWriter(schema: string): Promise<Writer | undefined> {
    await this.ping();
    if (this.#writers.has(schema)) return undefined;
    this.#writers.add(schema);
    let end = (): void => {};
    const lost = new Promise<void>((resolve) => {
      end = resolve;
    });
    return {
      lost,
      transaction: async <Result>(run: (transaction: Transaction) => Promise<Result>) => {
        const { writeMs } = this.#options;
        const result = await this.#run(schema, writeMs, (connection) => connection.transaction("BEGIN", run));
        if (this.#upkeep.begin()) this.#keepUp();
        return result;
      },
      close: async () => {
        this.#writers.delete(schema);
        end();
      },
    };
  }

  /** There is no other process that could notify. */
  listen(): Promise<Close> {
    return Promise.resolve(() => Promise.resolve());
  }

  async ping(): Promise<void> {
    await this.#run(undefined, this.#options.writeMs, (connection) => connection.query("SELECT 1"));
  }

  /** A step of the upkeep takes its turn. One that fails is taken again later. */
  #keepUp(): void {
    const { writeMs } = this.#options;
    this.#run(undefined, writeMs, (connection) => this.#upkeep.step(connection)).catch(() => {});
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#closing ??= this.#end();
    return this.#closing;
  }

  cut(): void {
    this.#isClosed = true;
    void this.#worker?.terminate();
  }

  async #end(): Promise<void> {
    await this.#turns.run(async () => {
      const open = this.#open;
      this.#open = undefined;
      if (open === undefined) return;
      await open.connection.close();
      await ended(open.worker);
    });
    await this.#release();
  }

  async #read<Result>(
    schema: string,
    timeoutMs: number,
    task: (connection: Connection) => Promise<Result>,
  ): Promise<Result> {
    const { readsWaiting } = this.#options;
    // One of them is not waiting: it is at work.
    if (this.#readCount > readsWaiting) throw tooManyReads(readsWaiting);
    this.#readCount += 1;
    try {
      return await this.#run(schema, timeoutMs, task);
    } finally {
      this.#readCount -= 1;
    }
  }

  #run<Result>(
    schema: string | undefined,
    timeoutMs: number,
    task: (connection: Connection) => Promise<Result>,
  ): Promise<Result> {
    if (this.#isClosed)
      return Promise.reject(new DatabaseError(CONNECTION_FAILURE, "the database is closed"));
    return this.#turns.run(async () => {
      const { worker, connection } = await this.#opened();
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        void worker.terminate();
      }, timeoutMs);
      try {
        if (schema !== undefined) await connection.useSchema(schema);
        return await task(connection);
      } catch (error) {
        // Two threads on the same files would destroy them: this one has ended before there is another.
        if (isLate || isDatabaseError(error, "08")) await worker.terminate();
        if (!isLate) throw error;
        throw new DatabaseError(QUERY_CANCELED, `the statement took longer than ${timeoutMs} ms`, error);
      } finally {
        clearTimeout(timer);
      }
    });
  }

  /** The thread that is there, or another one where it has ended. */
  async #opened(): Promise<Opened> {
    if (this.#open !== undefined) return this.#open;
    if (this.#isClosed) throw new DatabaseError(CONNECTION_FAILURE, "the database is closed");
    if (performance.now() < this.#closedUntilMs) throw this.#refusal;
    try {
      this.#open = await this.#start();
    } catch (error) {
      if (!(this.#hasOpened && error instanceof OpeningError)) throw error;
      this.#closedUntilMs = performance.now() + AGAIN_MS;
      this.#refusal = new DatabaseError(NOT_OPEN_AGAIN, error.trouble, error);
      throw this.#refusal;
    }
    const { worker } = this.#open;
    worker.once("exit", () => {
      if (this.#open?.worker === worker) this.#open = undefined;
    });
    this.#hasOpened = true;
    return this.#open;
  }

  async #start(): Promise<Opened> {
    const { disk, folder, embeddedBytes } = this.#options;
    const files = await filesOf(disk, folder, (path) => this.#make(folder, path));
    const worker = startWorker(files, embeddedBytes);
    this.#worker = worker;
    await begun(worker, folder);
    try {
      const connection = await Connection.open({ stream: () => new PgliteWire(worker), connectMs: START_MS });
      return { worker, connection };
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  /** Making it takes 400 MB, which end with the thread. */
  async #make(folder: string, files: string): Promise<void> {
    const { logger, embeddedBytes } = this.#options;
    logger.info({ folder }, `making the database of views in ${folder}, which takes some seconds`);
    const maker = startWorker(files, embeddedBytes);
    this.#worker = maker;
    await begun(maker, folder);
    await ended(maker);
    logger.info({ folder }, `the database of views in ${folder} is made`);
  }
}

/** Closes the database in the thread. */
async function ended(worker: Worker): Promise<void> {
  const exited = new Promise((resolve) => worker.once("exit", resolve));
  worker.postMessage(null);
  await exited;
}

/** Resolves when the database in the thread has begun. @throws DataFolderError. */
async function begun(worker: Worker, folder: string): Promise<void> {
  const trouble = await new Promise<string | undefined>((resolve) => {
    worker.once("message", (message: WorkerMessage) =>
      resolve(typeof message === "string" ? message : undefined),
    );
    worker.once("exit", () => resolve("it ended while it began"));
    worker.on("error", (error) => resolve(error instanceof Error ? error.message : String(error)));
  });
  if (trouble === undefined) return;
  await worker.terminate();
  throw openingError(folder, trouble);
}
