/**
 * What a view declares; the runtime does everything else. A view keeps a picture of topics in tables of its own schema:
 * `decode` makes an item of each message, and `apply` writes items in the transaction that moves the view's place.
 */
import type { Queries, Transaction } from "./database/database.ts";
import type { LogMessage } from "./reading/log-reader.ts";

/** Brings the schema from one version to the next, within one transaction; quick, whatever the tables hold. */
export interface Migration {
  /** Such as `1 payloads and statuses`. Once released, neither name nor SQL ever changes. */
  readonly name: string;
  /** Statements, separated by semicolons; names without a schema are the view's own. */
  readonly sql: string;
}

/** Why a message is none that the view takes: names the field, and never quotes more than a few characters of it. */
export class Malformed {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

/** An item and where its message lies. What identifies an effect is (topicId, offset), never its content. */
export interface Placed<Item> {
  readonly item: Item;
  readonly topic: string;
  readonly topicId: string;
  readonly offset: number;
  /** The log's time of the message. */
  readonly timestampMs: number;
}

/** A message of `topic`. */
export interface TopicMessage extends LogMessage {
  readonly topic: string;
}

export interface Retention {
  /** Rows whose messages are older go. */
  readonly ageMs: number;
  /**
   * Deletes up to `limit` rows whose messages came before `beforeMs`, the oldest first, and gives how many. The runtime
   * calls it, each time in a transaction of its own, until it gives less than `limit`.
   */
  deleteChunk(transaction: Transaction, beforeMs: number, limit: number): Promise<number>;
}

/** What the log still has of a topic: from `start` on. */
export interface KeptPart {
  readonly topicId: string;
  readonly start: number;
}

/** What a view object is for. What a rebuild applies again counts in no figures of the view. */
export type ViewUse = "live" | "rebuild";

/** One schema's: a rebuild makes another one, so that what a view remembers in memory is of its own tables. */
export interface View<Item> {
  /** Its schema has the same name. */
  readonly name: string;
  /** Names, and patterns as in token files: `supermq.*`. Topics that a pattern stands for are found while the view runs. */
  readonly topics: readonly string[];
  /** Settings of topics that it makes where they are missing; the others it waits for. */
  readonly creates?: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
  /** All that there ever were, in order. */
  readonly migrations: readonly Migration[];
  /**
   * Looks at the message alone, so that it gives the same each time. Text for SQL holds no NUL and no lone surrogate: see
   * `troubleOfText`.
   */
  decode(message: TopicMessage): Item | Malformed;
  /**
   * Writes the items, in order, all of one topic, at least one and at most 500. Called again with the same items, or fewer of
   * them, after a failure: what it remembers in memory it notes in `transaction.afterCommit`. An exception of its own makes
   * a dead letter of the message that it fails for.
   */
  apply(transaction: Transaction, items: readonly Placed<Item>[]): Promise<void>;
  /** `undefined`: rows stay for good. */
  readonly retention: Retention | undefined;
  /** How many rows there are, for the status, quickly: from a counter that `apply` keeps, or an index. */
  countRows(queries: Queries): Promise<number>;
  /** How many rows come from messages that none of these parts of topics holds any more; a rebuild would lose them. */
  countLost(queries: Queries, kept: readonly KeptPart[]): Promise<number>;
}

/** Half of a surrogate pair: with the flag `u` a whole one is another character. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Why `text` can be no text in SQL; `undefined`: it can. */
export function troubleOfText(text: string): string | undefined {
  if (text.includes("\0")) return "holds a NUL";
  return LONE_SURROGATE.test(text) ? "holds half of a surrogate pair" : undefined;
}
