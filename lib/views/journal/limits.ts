/** The caps of the journal. */
import { KiB, MiB } from "../../index.ts";

export interface Limits {
  /** Bytes of an operation, and of each id that is looked up. An index takes no more than 2,700. */
  readonly idBytes: number;
  /** Entities that an event is listed under: those beyond are not. */
  readonly entities: number;
  /** Bytes of one event. Upstream takes 1 MiB; a 16 MiB one is more than PGlite has memory for, and would be tried for ever. */
  readonly eventBytes: number;
  /** Texts, numbers, arrays, … of an event: each takes PostgreSQL up to a KiB while it reads them. */
  readonly jsonValues: number;
  /** Levels of arrays and objects of an event. */
  readonly jsonDepth: number;
  /** Characters of a number in an event: SQL has no room for much longer ones. */
  readonly numberLength: number;
  /** Digits that the exponents of an event's numbers stand for, together: SQL writes all of them out. */
  readonly exponentDigits: number;
  /** Journals of one page. */
  readonly pageSize: number;
  /**
   * Bytes of the events of one page with attributes or metadata. The answer is shorter, but for the digits of exponents;
   * what comes from PostgreSQL is up to half as large again, for it puts spaces into JSON.
   */
  readonly pageBytes: number;
  /** Hours of a client's messages in one answer: six weeks. */
  readonly hours: number;
  /** Levels of a subtopic: each message walks those of its channel's subscriptions. */
  readonly topicLevels: number;
  /** Subscriptions of one channel: each publish is matched with all of them. */
  readonly channelSubscriptions: number;
  /** Subscriptions that are in memory at a time, as far as one channel allows. */
  readonly loadedSubscriptions: number;
}

export const LIMITS: Limits = {
  idBytes: KiB,
  entities: 1000,
  eventBytes: 4 * MiB,
  jsonValues: 100_000,
  jsonDepth: 64,
  numberLength: 400,
  exponentDigits: 1_000_000,
  pageSize: 100,
  pageBytes: 16 * MiB,
  hours: 1008,
  topicLevels: 32,
  channelSubscriptions: 10_000,
  loadedSubscriptions: 50_000,
};
