/**
 * The events of one reader, piece by piece: a data event with its control event, or a control event alone. A page is
 * rendered at once; a JSON value that is larger goes out in the pieces in which NetLog's own streams go out.
 */
import type { Topic, TopicCursor } from "../../lib/index.ts";
import { ByteWriter } from "../formats/byte-writer.ts";
import { MessagePieces } from "../formats/message-pieces.ts";
import { StreamMemory } from "../formats/stream-memory.ts";
import type { Outlet } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { tooManyAnswers } from "../wire/errors.ts";
import { type DataKind, LARGE_VALUE, mostEventBytes, pageBytesFor, writeData } from "./event-text.ts";
import { type Page, readPage } from "./page.ts";
import { formatPlace, type Place } from "./place.ts";
import { SharedEvents } from "./shared-events.ts";
import { nextCursor } from "./stream-cursor.ts";
import { isJson, isText } from "./stream-type.ts";
import { wholeLines } from "./whole-text.ts";

export interface EventsStart {
  readonly cursor: TopicCursor;
  readonly start: Place;
  /** The cursor that the client sent. */
  readonly echoed: string | undefined;
}

export interface Rendered {
  /** Behind a large value, which is not in it. */
  readonly bytes: Buffer;
  readonly hasLargeValue: boolean;
  readonly messageCount: number;
  readonly next: Place;
  /** The message that there is more to read with: behind what `next` holds back. */
  readonly waitsFor: number;
  /** The end of the stream at that time, where this goes up to it. */
  readonly end: number | undefined;
  readonly isClosed: boolean;
}

const shared = new SharedEvents<Rendered>();

export class Events {
  readonly #exchange: Exchange;
  readonly #topic: Topic;
  readonly #cursor: TopicCursor;
  readonly #kind: DataKind;
  readonly #echoed: string | undefined;
  readonly #endsAtMs: number;
  readonly #memory: StreamMemory;
  readonly #large: MessagePieces;
  #place: Place;
  #waitsFor = 0;
  /** Part of a data event was written. */
  isWithinEvent = false;

  constructor(exchange: Exchange, topic: Topic, { cursor, start, echoed }: EventsStart) {
    const { runtime, limits } = exchange.context;
    this.#exchange = exchange;
    this.#topic = topic;
    this.#cursor = cursor;
    this.#place = start;
    this.#echoed = echoed;
    this.#kind = isJson(topic) ? "values" : isText(topic) ? "text" : "base64";
    this.#endsAtMs = runtime.elapsedMs() + limits.eventStreamMs;
    this.#memory = new StreamMemory(exchange);
    this.#large = new MessagePieces(LARGE_VALUE, { max: 1, maxBytes: limits.readAheadBytes }, this.#memory);
  }

  /** What comes next. `undefined`: the time is over, or the client has left. */
  async next(outlet: Outlet): Promise<Rendered | undefined> {
    for (;;) {
      const waitMs = this.#endsAtMs - this.#exchange.context.runtime.elapsedMs();
      if (waitMs <= 0) return undefined;
      const onWaiting = outlet.whileWaiting;
      const waited = await this.#cursor.wait(this.#waitsFor, { waitMs, onWaiting });
      if (waited !== "readable" && waited !== "closed") return undefined;
      try {
        return await this.read();
      } catch (error) {
        if (!(await this.#memory.awaitMemory(error, onWaiting))) throw error;
      }
    }
  }

  /** What there is now, be it nothing. @throws too_many_requests; what readPage throws. */
  async read(): Promise<Rendered> {
    const cursor = nextCursor(this.#exchange.context.runtime, this.#echoed);
    const rendered = (await this.#known(cursor)) ?? (await this.#renderForAll(cursor));
    this.#place = rendered.next;
    this.#waitsFor = rendered.waitsFor;
    return rendered;
  }

  /** False when the client has left. */
  async write(rendered: Rendered, outlet: Outlet): Promise<boolean> {
    if (rendered.hasLargeValue && !(await this.#writeLargeValue(outlet))) return false;
    if (!(await outlet.write(rendered.bytes))) return false;
    this.#memory.giveBack();
    outlet.noteOut(rendered);
    return true;
  }

  /** Gives back all that it holds. */
  close(): void {
    this.#large.release();
  }

  /** What another reader at the same place was given just now. */
  async #known(cursor: number): Promise<Rendered | undefined> {
    // A reader whose memory does not suffice says so to itself alone.
    const rendered = await shared.find(this.#topic, this.#place, cursor)?.catch(() => undefined);
    if (rendered === undefined || rendered.hasLargeValue) return undefined;
    const { endOffset, closedAt } = this.#cursor;
    const isNow =
      rendered.end === undefined ||
      (rendered.end === endOffset && rendered.isClosed === (closedAt !== undefined));
    return isNow ? rendered : undefined;
  }

  async #renderForAll(cursor: number): Promise<Rendered> {
    const rendering = this.#render(cursor);
    const { uncountedBytes } = this.#exchange.context.limits;
    shared.add({ topic: this.#topic, start: this.#place, cursor, rendering }, (rendered) => {
      return !rendered.hasLargeValue && rendered.bytes.length <= 2 * uncountedBytes;
    });
    return await rendering;
  }

  async #render(streamCursor: number): Promise<Rendered> {
    const { memory } = this.#exchange.request;
    const { uncountedBytes } = this.#exchange.context.limits;
    let hasLargeValue = false;
    const page = await readPage(this.#cursor, this.#place, this.#kind === "values", {
      maxBytes: pageBytesFor(uncountedBytes),
      mayUse: (size) => memory.mayHold(size),
      takeLarge: (message) => {
        this.#large.take(message, 0);
        hasLargeValue = true;
      },
    });
    const { endOffset, closedAt } = this.#cursor;
    const isUpToDate = page.next.byte === 0 && page.next.message >= endOffset;
    const isClosed = isUpToDate && closedAt === page.next.message;
    const { bytes, messageCount, next } = this.#shownOf(page, isUpToDate, isClosed);
    const control = {
      streamNextOffset: formatPlace(next),
      ...(isClosed ? {} : { streamCursor: String(streamCursor) }),
      ...(isUpToDate ? { upToDate: true } : {}),
      ...(isClosed ? { streamClosed: true } : {}),
    };
    const mostBytes = mostEventBytes(this.#kind, bytes);
    if (!memory.mayHold(mostBytes)) throw tooManyAnswers();
    const writer = new ByteWriter(mostBytes);
    const hasData = this.#kind === "values" ? messageCount > 0 && !hasLargeValue : bytes.length > 0;
    if (hasData) writeData(writer, this.#kind, bytes);
    writer.ascii(`event: control\ndata:${JSON.stringify(control)}\n\n`);
    return {
      bytes: writer.view,
      hasLargeValue,
      messageCount,
      next,
      waitsFor: page.next.message,
      end: isUpToDate ? endOffset : undefined,
      isClosed,
    };
  }

  /** Text waits for the rest of its last character, or line end, unless none will come. */
  #shownOf(page: Page, isUpToDate: boolean, isClosed: boolean): Page {
    if (this.#kind !== "text" || isClosed) return page;
    const whole = wholeLines(page);
    return whole.bytes.length > 0 || isUpToDate ? whole : page;
  }

  async #writeLargeValue(outlet: Outlet): Promise<boolean> {
    const pieces = this.#large;
    this.isWithinEvent = true;
    do {
      while (pieces.fill()) await this.#memory.pause();
      if (!(await outlet.write(pieces.view))) return false;
      outlet.noteOut({ bytes: pieces.view, messageCount: 0 });
      pieces.clear();
    } while (pieces.isOpen);
    pieces.release();
    this.isWithinEvent = false;
    return true;
  }
}
