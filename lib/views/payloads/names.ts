/** Names of services, sources, statuses and topics, which have tables of their own: those that are there, and new ones. */
import { LRUCache } from "lru-cache";
import type { Transaction } from "../index.ts";
import { LIMITS } from "./limits.ts";

export type NameTable = "services" | "sources" | "statuses" | "topics";

/** A name that is known is not looked up again: only this view's writer makes names and takes them away. */
export class Names {
  readonly #known: Readonly<Record<NameTable, LRUCache<string, true>>> = {
    services: cache(),
    sources: cache(),
    statuses: cache(),
    topics: cache(),
  };

  /** Makes those that are missing. */
  async ensure(transaction: Transaction, table: NameTable, names: Iterable<string>): Promise<void> {
    const known = this.#known[table];
    const unknown = [...new Set(names)].filter((name) => known.get(name) === undefined);
    if (unknown.length === 0) return;
    // ON CONFLICT would take a number for each name that is there already.
    await transaction.query(
      `INSERT INTO ${table} (name) SELECT given.name FROM unnest($1::text[]) AS given (name)
       WHERE NOT EXISTS (SELECT FROM ${table} AS kept WHERE kept.name = given.name)`,
      [unknown],
    );
    transaction.afterCommit(() => {
      for (const name of unknown) known.set(name, true);
    });
  }

  /** These are gone. */
  drop(table: NameTable, names: readonly string[]): void {
    for (const name of names) this.#known[table].delete(name);
  }

  /** Looks all of them up again: another process may have been the writer meanwhile. */
  forget(): void {
    for (const known of Object.values(this.#known)) known.clear();
  }
}

function cache(): LRUCache<string, true> {
  return new LRUCache({ max: LIMITS.knownNames });
}
