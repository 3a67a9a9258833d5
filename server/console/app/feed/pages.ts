/**
 * A stretch of a topic that is read page by page, in both directions, from a place on. It keeps at most so many rows:
 * what is far from where the reader looks goes, and is read again when the reader comes back.
 */
import { isNetlogClientError, type Message, type MessageBatch } from "../../../../lib/client/index.ts";
import { bytesOfRow, type Row, rowOf } from "./rows.ts";
import { type Filter, matches } from "./text-filter.ts";

export interface ReadableTopic {
  readBatch(options: {
    readonly from: number;
    readonly max: number;
    readonly maxBytes: number;
    readonly key?: readonly string[] | undefined;
    readonly signal: AbortSignal;
  }): Promise<MessageBatch>;
}

export interface PagesOptions {
  readonly topic: ReadableTopic;
  readonly from: number;
  readonly filter: Filter;
  readonly onChange: () => void;
}

/** What one request asks for. */
const PAGE_MESSAGES = 500;
const PAGE_BYTES = 4 * 1024 * 1024;
/** One search goes through so many messages before it asks whether to go on. */
const SEARCH_MESSAGES = 50_000;
const MOST_ROWS = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;

export class Pages {
  readonly #options: PagesOptions;
  readonly #stopped = new AbortController();
  #rows: Row[] = [];
  #bytes = 0;
  #first: number;
  #next: number;
  #isAtFirst = false;
  #isAtEnd = false;
  #isClosed = false;
  #busy: "older" | "newer" | undefined;
  #error: unknown;
  /** Where the last page was to come. */
  #side: "older" | "newer" = "newer";
  /** How many rows came before those that were there, less what went: a list moves by as many. */
  #moved = 0;

  constructor(options: PagesOptions) {
    this.#options = options;
    this.#first = options.from;
    this.#next = options.from;
  }

  get rows(): readonly Row[] {
    return this.#rows;
  }

  /** What was looked at, [first, next). */
  get first(): number {
    return this.#first;
  }

  get next(): number {
    return this.#next;
  }

  get isAtFirst(): boolean {
    return this.#isAtFirst;
  }

  /** There was nothing more when it was asked for last. */
  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get busy(): "older" | "newer" | undefined {
    return this.#busy;
  }

  /** Why the last page did not come. */
  get error(): unknown {
    return this.#error;
  }

  get moved(): number {
    return this.#moved;
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Reads on, until there is something to show or much was looked through. Does nothing while a page is on its way. */
  async newer(): Promise<void> {
    await this.#while("newer", async () => {
      const until = this.#next + SEARCH_MESSAGES;
      let found = 0;
      do {
        found = await this.#readNewer();
        this.#options.onChange();
      } while (found === 0 && this.#next < until && !this.#isAtEnd);
    });
  }

  async older(): Promise<void> {
    await this.#while("older", async () => {
      const until = this.#first - SEARCH_MESSAGES;
      let found = 0;
      while (found === 0 && this.#first > until && !this.#isAtFirst) {
        found = await this.#readOlder();
        this.#options.onChange();
      }
    });
  }

  /** Asks once more for the page that did not come. */
  async again(): Promise<void> {
    await (this.#side === "older" ? this.older() : this.newer());
  }

  async #readNewer(): Promise<number> {
    const from = this.#next;
    const { rows, next, isClosed } = await this.#page(from, PAGE_MESSAGES);
    this.#isAtEnd = next === from;
    this.#isClosed = isClosed;
    this.#next = next;
    if (this.#rows.length === 0 && rows[0]?.kind === "skipped") this.#isAtFirst = true;
    this.#add(rows, "newer");
    return rows.length;
  }

  /** Messages are read forwards alone, so the stretch before is read from a guess of its beginning on. */
  async #readOlder(): Promise<number> {
    const from = Math.max(0, this.#first - this.#olderCount());
    const found: Row[] = [];
    let next = from;
    while (next < this.#first) {
      const page = await this.#page(next, this.#first - next);
      if (page.rows[0]?.kind === "skipped") this.#isAtFirst = true;
      if (page.next === next) break;
      for (const row of page.rows) if (row.offset < this.#first && row.kind !== "skipped") found.push(row);
      next = page.next;
    }
    this.#first = from;
    this.#isAtFirst ||= from === 0;
    this.#add(found, "older");
    return found.length;
  }

  /** As many as fill a page, by the size of those that are there: a page of large messages is a few. */
  #olderCount(): number {
    const { filter } = this.#options;
    if (filter.words.length > 0 || filter.keys.length > 0 || this.#rows.length === 0) return PAGE_MESSAGES;
    const meanBytes = this.#bytes / this.#rows.length;
    return Math.max(1, Math.min(PAGE_MESSAGES, Math.floor(PAGE_BYTES / meanBytes)));
  }

  async #page(
    from: number,
    max: number,
  ): Promise<{ readonly rows: Row[]; readonly next: number; readonly isClosed: boolean }> {
    const { topic, filter } = this.#options;
    try {
      const { messages, nextOffset, isClosed } = await topic.readBatch({
        from,
        max: Math.min(max, PAGE_MESSAGES),
        maxBytes: PAGE_BYTES,
        key: filter.keys.length === 0 ? undefined : filter.keys,
        signal: this.#stopped.signal,
      });
      return { rows: this.#matching(messages), next: nextOffset, isClosed };
    } catch (error) {
      const missing = missingPart(error, from);
      if (missing === undefined) throw error;
      return { rows: [missing], next: missing.offset + missing.count, isClosed: false };
    }
  }

  #matching(messages: readonly Message[]): Row[] {
    return messages.map(rowOf).filter((row) => matches(this.#options.filter, row));
  }

  #add(rows: readonly Row[], side: "older" | "newer"): void {
    for (const row of rows) this.#bytes += bytesOfRow(row);
    this.#rows = side === "newer" ? [...this.#rows, ...rows] : [...rows, ...this.#rows];
    if (side === "older") this.#moved += rows.length;
    this.#cut(side === "newer" ? "older" : "newer");
  }

  /** Drops rows at the far end while there are too many. */
  #cut(side: "older" | "newer"): void {
    let count = 0;
    const rowAt = (place: number): Row => this.#rows.at(side === "older" ? place : -1 - place)!;
    while (this.#rows.length - count > 1) {
      if (this.#rows.length - count <= MOST_ROWS && this.#bytes <= MOST_BYTES) break;
      this.#bytes -= bytesOfRow(rowAt(count));
      count++;
    }
    if (count === 0) return;
    if (side === "older") {
      this.#rows = this.#rows.slice(count);
      this.#moved -= count;
      this.#first = this.#rows[0]!.offset;
      this.#isAtFirst = false;
    } else {
      this.#rows = this.#rows.slice(0, -count);
      this.#next = endOf(this.#rows.at(-1)!);
      this.#isAtEnd = false;
    }
  }

  async #while(side: "older" | "newer", read: () => Promise<void>): Promise<void> {
    if (this.#busy !== undefined || this.#stopped.signal.aborted) return;
    this.#busy = side;
    this.#side = side;
    this.#error = undefined;
    this.#options.onChange();
    try {
      await read();
    } catch (error) {
      this.#error = error;
    }
    this.#busy = undefined;
    if (!this.#stopped.signal.aborted) this.#options.onChange();
  }
}

/** Damage, or what retention has dropped; `undefined` for every other failure. */
function missingPart(error: unknown, from: number): Exclude<Row, { readonly kind: "message" }> | undefined {
  if (!isNetlogClientError(error)) return undefined;
  const { code, firstOffset, offset = from, nextOffset } = error;
  if (code === "offset_not_found" && firstOffset !== undefined && firstOffset > from) {
    return { kind: "skipped", offset: from, count: firstOffset - from };
  }
  if (code !== "checksum_error" || nextOffset === undefined || nextOffset <= from) return undefined;
  const start = Math.max(from, Math.min(offset, nextOffset - 1));
  return { kind: "damaged", offset: start, count: nextOffset - start };
}

function endOf(row: Row): number {
  return row.offset + (row.kind === "message" ? 1 : row.count);
}
