/** A database that breaks at a chosen step of its writer: before a statement, or behind a commit whose answer is lost. */
import type { Database, Transaction, Writer } from "../../../lib/views/database/database.ts";
import { CONNECTION_FAILURE, DatabaseError } from "../../../lib/views/database/database-error.ts";

export class FaultyDatabase implements Database {
  readonly #inner: Database;
  /** Steps until it breaks, once; `undefined`: it does not. */
  #stepsLeft: number | undefined;
  hasBroken = false;

  constructor(inner: Database) {
    this.#inner = inner;
  }

  /** Breaks at the step of this number, from 0 on. */
  breakAt(step: number): void {
    this.#stepsLeft = step;
    this.hasBroken = false;
  }

  get isShared(): boolean {
    return this.#inner.isShared;
  }

  get description(): string {
    return this.#inner.description;
  }

  reads(schema: string): ReturnType<Database["reads"]> {
    return this.#inner.reads(schema);
  }

  listen(...args: Parameters<Database["listen"]>): ReturnType<Database["listen"]> {
    return this.#inner.listen(...args);
  }

  ping(): Promise<void> {
    return this.#inner.ping();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  cut(): void {
    this.#inner.cut();
  }

  async openWriter(schema: string): Promise<Writer | undefined> {
    const writer = await this.#inner.openWriter(schema);
    if (writer === undefined) return undefined;
    return {
      lost: writer.lost,
      close: () => writer.close(),
      transaction: async <Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> => {
        const result = await writer.transaction((transaction) =>
          run({
            query: async (sql, parameters) => {
              this.#step();
              return await transaction.query(sql, parameters);
            },
            afterCommit: (call) => transaction.afterCommit(call),
          }),
        );
        this.#step();
        return result;
      },
    };
  }

  #step(): void {
    if (this.#stepsLeft === undefined) return;
    this.#stepsLeft -= 1;
    if (this.#stepsLeft >= 0) return;
    this.#stepsLeft = undefined;
    this.hasBroken = true;
    throw new DatabaseError(CONNECTION_FAILURE, "broken by the test");
  }
}
