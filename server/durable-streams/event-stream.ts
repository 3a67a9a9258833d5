/**
 * `GET` with `live=sse`: an event with data for each piece of the stream, and behind each a control event that says where
 * reading goes on. It ends when the stream is closed and all of it was given, or when its time is over; its reader
 * comes back then.
 */
import type { Topic, TopicCursor } from "../../lib/index.ts";
import { NO_SNIFF, type Outlet, type StreamAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { errorCode } from "../wire/errors.ts";
import { renderData, wholeText } from "./event-text.ts";
import { readPage } from "./page.ts";
import { formatPlace, type Place } from "./place.ts";
import { nextCursor } from "./stream-cursor.ts";
import { isJson, isText } from "./stream-type.ts";

/** How a stream ends that did all it could. */
const PROPER_ENDS: ReadonlySet<string> = new Set(["topic_not_found", "shutting_down"]);
const HEARTBEAT = ":\n\n";

export interface EventsStart {
  readonly cursor: TopicCursor;
  readonly start: Place;
  /** The cursor that the client sent. */
  readonly echoed: string | undefined;
}

/** One data event with its control event, or a control event alone. */
interface Rendered {
  readonly bytes: Buffer;
  readonly messageCount: number;
  readonly next: Place;
  /** The end of the stream at that time. */
  readonly end: number;
  readonly isClosed: boolean;
  readonly cursor: number;
}

/** @throws what reading the first piece throws: later the stream is cut. */
export async function streamEvents(
  exchange: Exchange,
  topic: Topic,
  { cursor, start, echoed }: EventsStart,
): Promise<StreamAnswer> {
  const events = new Events(exchange, topic, cursor, start, echoed);
  const first = await events.read();
  return {
    kind: "stream",
    status: 200,
    headers: headersOf(topic),
    heartbeat: () => HEARTBEAT,
    stream: (outlet) => run(events, first, outlet),
  };
}

function headersOf(topic: Topic): string[] {
  const headers = [
    ...NO_SNIFF,
    "Cache-Control",
    "no-cache",
    "Content-Type",
    "text/event-stream",
    "X-Accel-Buffering",
    "no",
  ];
  if (!isText(topic)) headers.push("Stream-SSE-Data-Encoding", "base64");
  return headers;
}

async function run(events: Events, first: Rendered, outlet: Outlet): Promise<void> {
  try {
    let rendered: Rendered | undefined = first;
    while (rendered !== undefined) {
      if (!(await outlet.write(rendered.bytes))) return;
      events.giveBack();
      outlet.noteOut(rendered);
      if (rendered.isClosed || outlet.isStopping) break;
      rendered = await events.next(outlet);
    }
    outlet.end();
  } catch (error) {
    const code = errorCode(error);
    if (code === "unknown_error") throw error;
    if (PROPER_ENDS.has(code)) outlet.end();
    else outlet.cut();
  }
}

/** The last one that was rendered, for those who wait at the same place: they all wake in one turn. */
let latest: { readonly topic: Topic; readonly start: Place; readonly rendered: Rendered } | undefined;

class Events {
  readonly #exchange: Exchange;
  readonly #topic: Topic;
  readonly #cursor: TopicCursor;
  readonly #isJson: boolean;
  readonly #isText: boolean;
  readonly #echoed: string | undefined;
  readonly #endsAtMs: number;
  #place: Place;

  constructor(
    exchange: Exchange,
    topic: Topic,
    cursor: TopicCursor,
    start: Place,
    echoed: string | undefined,
  ) {
    const { runtime, limits } = exchange.context;
    this.#exchange = exchange;
    this.#topic = topic;
    this.#cursor = cursor;
    this.#place = start;
    this.#echoed = echoed;
    this.#isJson = isJson(topic);
    this.#isText = isText(topic);
    this.#endsAtMs = runtime.elapsedMs() + limits.eventStreamMs;
  }

  /** What comes next. `undefined`: the time is over, or the client has left. */
  async next(outlet: Outlet): Promise<Rendered | undefined> {
    const waitMs = this.#endsAtMs - this.#exchange.context.runtime.elapsedMs();
    if (waitMs <= 0) return undefined;
    const waited = await this.#cursor.wait(this.#place.message, { waitMs, onWaiting: outlet.whileWaiting });
    return waited === "readable" || waited === "closed" ? await this.read() : undefined;
  }

  /** What was read was written. */
  giveBack(): void {
    this.#exchange.request.memory.release();
  }

  /** What there is now, be it nothing. */
  async read(): Promise<Rendered> {
    const known = this.#known();
    const rendered = known ?? (await this.#render());
    this.#place = rendered.next;
    return rendered;
  }

  /** What another reader at the same place was given just now. */
  #known(): Rendered | undefined {
    if (latest?.topic !== this.#topic || !isSamePlace(latest.start, this.#place)) return undefined;
    const { rendered } = latest;
    const isNow = rendered.end === this.#cursor.endOffset && rendered.isClosed === this.#topic.isClosed;
    return isNow && rendered.cursor === this.#cursorNow() ? rendered : undefined;
  }

  async #render(): Promise<Rendered> {
    const { memory } = this.#exchange.request;
    const { uncountedBytes } = this.#exchange.context.limits;
    const start = this.#place;
    const page = wholeText(
      await readPage(this.#cursor, start, this.#isJson, {
        maxBytes: uncountedBytes,
        mayUse: (size) => memory.mayHold(size),
      }),
      this.#isText,
    );
    const { next, messageCount } = page;
    const end = this.#cursor.endOffset;
    const isUpToDate = next.byte === 0 && next.message >= end;
    const isClosed = isUpToDate && this.#cursor.closedAt === next.message;
    const cursor = this.#cursorNow();
    const control = {
      streamNextOffset: formatPlace(next),
      ...(isClosed ? {} : { streamCursor: String(cursor) }),
      ...(isUpToDate ? { upToDate: true } : {}),
      ...(isClosed ? { streamClosed: true } : {}),
    };
    const data = messageCount === 0 ? "" : renderData(page.bytes, this.#isText);
    const bytes = Buffer.from(`${data}event: control\ndata:${JSON.stringify(control)}\n\n`);
    const rendered = { bytes, messageCount, next, end, isClosed, cursor };
    if (bytes.length <= 2 * uncountedBytes) latest = { topic: this.#topic, start, rendered };
    return rendered;
  }

  #cursorNow(): number {
    return nextCursor(this.#exchange.context.runtime, this.#echoed);
  }
}

function isSamePlace(one: Place, other: Place): boolean {
  return one.message === other.message && one.byte === other.byte;
}
