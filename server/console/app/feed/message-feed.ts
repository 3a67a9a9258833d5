/**
 * What the page of messages shows: a live tail, or a stretch from a place on, through one filter. It begins anew when the
 * place or the filter's keys change, and keeps what it has when only the words of the filter do.
 */
import { isNetlogClientError, type Topic } from "../../../../lib/client/index.ts";
import { Pages } from "./pages.ts";
import { parsePosition, placeBeforeEnd } from "./position.ts";
import type { Row } from "./rows.ts";
import { type Frames, Tail, type TailState } from "./tail.ts";
import { TailRows } from "./tail-rows.ts";
import { type Filter, parseFilter } from "./text-filter.ts";

export interface FeedOptions {
  readonly topic: Topic;
  readonly frames: Frames;
  readonly sleep: (delayMs: number) => Promise<void>;
  readonly now: () => number;
  /** Called when what the feed shows may have changed. */
  readonly onChange: () => void;
}

/** `from` as it was typed; `undefined`: live. */
export interface Shown {
  readonly from: string | undefined;
  readonly filter: string;
}

/** A live tail begins with so many messages that were there. */
const BEFORE_LIVE = 200;

export class MessageFeed {
  readonly #options: FeedOptions;
  #shown: Shown | undefined;
  #filter: Filter = parseFilter("");
  #tail: Tail | undefined;
  #tailRows = new TailRows();
  #pages: Pages | undefined;
  #error: unknown;
  /** Where the topic ended when a live feed found no message in it. */
  #emptyAt: number | undefined;
  /** Counts beginnings: what an earlier one still brings is dropped. */
  #turn = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  get isLive(): boolean {
    return this.#shown?.from === undefined;
  }

  /** What a live feed does; `connecting` until it has begun. */
  get tailState(): TailState {
    return this.#tail?.state ?? { kind: "connecting" };
  }

  /** The stretch of a feed that is not live; `undefined` until its place is known. */
  get pages(): Pages | undefined {
    return this.#pages;
  }

  /** Why there is nothing, or nothing more. */
  get error(): unknown {
    if (this.#error !== undefined) return this.#error;
    const { kind, ...state } = this.tailState;
    return kind === "failed" && "error" in state ? state.error : this.#pages?.error;
  }

  get filter(): Filter {
    return this.#filter;
  }

  /** How many messages came to a live feed. */
  get came(): number {
    return this.#tailRows.came;
  }

  /** The topic of a live feed has no message. A filter by key hides what comes, so with one nobody knows. */
  get isEmpty(): boolean {
    const isWhole = this.#filter.keys.length === 0 && this.tailState.kind === "live";
    return isWhole && this.#tail?.next === this.#emptyAt;
  }

  get length(): number {
    return this.#pages?.rows.length ?? this.#tailRows.length;
  }

  at(place: number): Row | undefined {
    return this.#pages === undefined ? this.#tailRows.at(place) : this.#pages.rows[place];
  }

  /** By how many rows the list has moved down since it began: more came above, or, if negative, some went there. */
  get moved(): number {
    return this.#pages?.moved ?? -this.#tailRows.dropped;
  }

  /** The place of the row of an offset; -1 where there is none. */
  placeOf(offset: number): number {
    let low = 0;
    let high = this.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const at = this.at(middle)!.offset;
      if (at === offset) return middle;
      if (at < offset) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  show(shown: Shown): void {
    const before = this.#shown;
    const filter = parseFilter(shown.filter);
    const isSamePlace = before !== undefined && before.from === shown.from;
    const isSameKeys = filter.keys.join("\n") === this.#filter.keys.join("\n");
    if (isSamePlace && before.filter === shown.filter) return;
    this.#shown = shown;
    this.#filter = filter;
    if (isSamePlace && isSameKeys && this.isLive) {
      this.#tailRows.filter = filter;
      this.#options.onChange();
      return;
    }
    void this.restart();
  }

  /** From the place that is shown, as it is now. */
  async restart(): Promise<void> {
    this.stop();
    const turn = ++this.#turn;
    this.#error = undefined;
    this.#emptyAt = undefined;
    this.#pages = undefined;
    this.#tailRows = new TailRows();
    this.#tailRows.filter = this.#filter;
    this.#options.onChange();
    try {
      const typed = this.#shown?.from;
      if (typed === undefined) {
        const { first, end } = await this.#bounds();
        if (turn !== this.#turn) return;
        if (first === end) this.#emptyAt = end;
        await this.#follow(placeBeforeEnd(BEFORE_LIVE, first, end));
      } else {
        const from = await this.#placeOf(typed);
        if (turn === this.#turn) await this.#readFrom(from);
      }
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#error = error;
      this.#options.onChange();
    }
  }

  pause(): void {
    this.#tail?.pause();
  }

  resume(): void {
    this.#tail?.resume();
  }

  /** What failed before may work now: the server is back, or a token was given. The rows stay. */
  mayWorkNow(): void {
    if (this.#error !== undefined) void this.restart();
    if (this.#pages?.error !== undefined) void this.#pages.again();
    const { state } = this.#tail ?? {};
    if (state?.kind === "failed" && isNetlogClientError(state.error, "unauthorized", "forbidden")) {
      void this.#follow(this.#tail?.next ?? 0);
    } else {
      this.#tail?.retryNow();
    }
  }

  stop(): void {
    this.#turn++;
    this.#tail?.stop();
    this.#tail = undefined;
    this.#pages?.stop();
  }

  async #placeOf(typed: string): Promise<number> {
    const { topic, now } = this.#options;
    const position = parsePosition(typed, now());
    if (position.kind === "spelled") return await topic.offsetOf(position.from);
    const { first, end } = await this.#bounds();
    return placeBeforeEnd(position.count, first, end);
  }

  /** The topic has [first, end). */
  async #bounds(): Promise<{ readonly first: number; readonly end: number }> {
    const { topic } = this.#options;
    const [first, end] = await Promise.all([topic.offsetOf("first"), topic.offsetOf("end")]);
    return { first, end };
  }

  async #follow(from: number): Promise<void> {
    const { topic, frames, sleep, onChange } = this.#options;
    const { keys } = this.#filter;
    this.#tail = new Tail({ topic, rows: this.#tailRows, from, keys, onChange, frames, sleep });
    await this.#tail.run();
  }

  /** A screen that the end leaves empty is filled with what comes before. */
  async #readFrom(from: number): Promise<void> {
    const { topic, onChange } = this.#options;
    const pages = new Pages({ topic, from, filter: this.#filter, onChange });
    this.#pages = pages;
    await pages.newer();
    if (pages.isAtEnd) await pages.older();
  }
}
