/** Handler of `GET /:topic/stream`: what is there, then what comes, piece by piece as the reader takes it. */
import { NetlogError, type Scanner, type Topic, type TopicCursor } from "../../lib/index.ts";
import type { Encoding } from "../formats/encoding.ts";
import { requireEncoding } from "../formats/encodings.ts";
import type { Format, FormatName } from "../formats/formats.ts";
import { MessagePieces } from "../formats/message-pieces.ts";
import { negotiate, readFormatName } from "../formats/negotiate.ts";
import { StreamMemory } from "../formats/stream-memory.ts";
import {
  type Answer,
  emptyAnswer,
  type Heartbeat,
  type Outlet,
  type StreamAnswer,
  streamAnswer,
} from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Limits } from "../http/limits.ts";
import { messages } from "../openapi/bodies.ts";
import type { Operation } from "../openapi/operation.ts";
import { errorCode } from "../wire/errors.ts";
import type { Parameters } from "../wire/parameters.ts";
import { leaseHeaders } from "./message-answers.ts";
import { ScannerSource } from "./scanner-source.ts";
import { FrameSource, MessageSource, type Piece, type StreamSource } from "./stream-source.ts";

/** The offset of a message, or -1: in front of all of them. */
const LAST_EVENT_ID = /^(?:-1|[0-9]+)$/;

/** How a stream ends that did all it could. */
const PROPER_ENDS: ReadonlySet<string> = new Set(["topic_not_found", "scanner_not_found", "shutting_down"]);

interface StreamStart {
  readonly offset: number;
  /** The reader knows messages that this topic has not: it had them of an older topic of the same name. */
  readonly isAnew: boolean;
}

interface StreamRequest {
  /** A scanner's; without it the stream reads from an offset. */
  readonly id: string | undefined;
  readonly from: string;
  readonly follows: boolean;
  readonly named: FormatName | undefined;
  readonly keys: readonly string[];
}

interface Stream {
  readonly source: StreamSource;
  readonly follows: boolean;
  readonly opening: string;
  readonly closing: string;
  readonly closed?: Encoding["closed"];
  /** What was there before the headers went out. */
  readonly first: Piece | undefined;
  /** What was written last ends within a message. */
  isWithinMessage: boolean;
}

export const READ_STREAM: Operation = {
  handle: streamTopic,
  id: "readStream",
  tag: "messages",
  summary: "What is there, then what comes",
  query: ["from", "id", "follow", "format", "key"],
  requestHeaders: ["Last-Event-ID"],
  success: {
    "200": {
      description:
        "Messages, without end unless follow=0; an EventSource gets 429 and 503 as a 200 that ends",
      content: messages(["ndjson", "json", "lines", "frames", "sse"]),
      headers: ["X-Skipped", "X-Lease", "X-Netlog-Error"],
    },
    "204": {
      description: "An event stream that would begin at the end of a closed topic",
      headers: ["X-Closed"],
    },
  },
  errors: ["scanner_not_found", "offset_not_found", "not_acceptable", "checksum_error"],
};

async function streamTopic(exchange: Exchange): Promise<Answer | StreamAnswer> {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const id = parameters.get("id");
  const scanner = id === undefined ? undefined : topic.scanner(id);
  const request = readRequest(parameters, id);
  const accept = exchange.request.header("accept");
  const chooseFormat = (): Format => negotiate(request.named, accept, possibleFormats(request, scanner));
  if (scanner !== undefined) return await scannerStream(exchange, scanner, request, chooseFormat());
  const cursor = topic.openCursor(request.keys);
  const start = await streamStart(topic, exchange.request.header("last-event-id"), request.from);
  return await topicStream(exchange, cursor, { start, request, format: chooseFormat() });
}

/** Behind what a browser that comes back had last, or where `from` says. @throws bad_request, offset_not_found. */
async function streamStart(
  topic: Topic,
  lastEventId: string | undefined,
  from: string,
): Promise<StreamStart> {
  if (lastEventId === undefined || lastEventId === "")
    return { offset: await topic.startOf(from), isAnew: false };
  const next = Number(lastEventId) + 1;
  if (!LAST_EVENT_ID.test(lastEventId) || !Number.isSafeInteger(next)) {
    throw new NetlogError("bad_request", { reason: "Last-Event-ID takes the offset of a message, or -1" });
  }
  // Below the first kept the stream itself tells what is missing.
  if (next <= (await topic.resolveOffset("end"))) return { offset: next, isAnew: false };
  return { offset: await topic.resolveOffset("first"), isAnew: true };
}

interface TopicStream {
  readonly start: StreamStart;
  readonly request: StreamRequest;
  readonly format: Format;
}

async function topicStream(
  exchange: Exchange,
  cursor: TopicCursor,
  { start: { offset, isAnew }, request: { follows, keys }, format }: TopicStream,
): Promise<Answer | StreamAnswer> {
  const { limits } = exchange.context;
  const memory = new StreamMemory(exchange);
  const range = { start: offset, end: follows ? Number.POSITIVE_INFINITY : cursor.endOffset };
  const encoding = format.name === "frames" ? undefined : requireEncoding(format.name);
  if (isAnew && encoding?.skipped === undefined) throw new NetlogError("offset_not_found");
  if (encoding === undefined) {
    const source = new FrameSource(cursor, range, limits, memory);
    const first = await pollFirst(source);
    const stream: Stream = { source, follows, opening: "", closing: "", first, isWithinMessage: false };
    return answerOf(stream, format, () => undefined);
  }
  const source = new MessageSource(cursor, range, openPieces(encoding, limits, memory), memory);
  const first = await pollFirst(source);
  const anew = isAnew ? encoding.skipped?.(0, offset) : "";
  const opening = `${openingOf(encoding, offset)}${anew}`;
  const { closing, closed } = encoding;
  const stream: Stream = { source, follows, opening, closing, closed, first, isWithinMessage: false };
  return answerOf(stream, format, heartbeatOf(source, encoding, keys.length > 0));
}

async function scannerStream(
  exchange: Exchange,
  scanner: Scanner,
  { follows }: StreamRequest,
  format: Format,
): Promise<Answer | StreamAnswer> {
  const { limits } = exchange.context;
  const memory = new StreamMemory(exchange);
  const encoding = requireEncoding(format.name);
  const source = new ScannerSource(scanner, openPieces(encoding, limits, memory), limits, memory);
  const first = await pollFirst(source);
  const opening = openingOf(encoding, source.firstOffset ?? scanner.info().next);
  const { closing, closed } = encoding;
  const stream: Stream = { source, follows, opening, closing, closed, first, isWithinMessage: false };
  const headers = source.skippedFirst > 0 ? ["X-Skipped", String(source.skippedFirst)] : [];
  headers.push(...leaseHeaders(undefined, source.lease?.token));
  const heartbeat = heartbeatOf(source, encoding, scanner.settings.keys !== undefined);
  return answerOf(stream, format, heartbeat, headers);
}

/** A browser comes back to any stream that ends, but not after a 204. */
function answerOf(
  stream: Stream,
  format: Format,
  heartbeat: Heartbeat,
  headers: readonly string[] = [],
): Answer | StreamAnswer {
  const { source, follows, first } = stream;
  if (follows && first === undefined && format.name === "sse" && source.closedAt !== undefined) {
    source.close();
    return emptyAnswer(204, ["X-Closed", "true"]);
  }
  const beat: Heartbeat = () => (stream.isWithinMessage ? undefined : heartbeat());
  return streamAnswer(format.contentType, (outlet) => run(stream, outlet), beat, headers);
}

/** A reader by key that breaks off does not look again at what was passed over, where the format can say so. */
function heartbeatOf(source: StreamSource, encoding: Encoding, isByKey: boolean): Heartbeat {
  const { heartbeat, heartbeatAt } = encoding;
  return isByKey && heartbeatAt !== undefined ? () => heartbeatAt(source.place) : () => heartbeat;
}

/** Reads what is there at the beginning. The stream does not wait for memory yet: a lack of it is an error. */
async function pollFirst(source: StreamSource): Promise<Piece | undefined> {
  try {
    return await source.poll(() => {});
  } catch (error) {
    source.close();
    throw error;
  }
}

function openPieces(encoding: Encoding, limits: Limits, memory: StreamMemory): MessagePieces {
  return new MessagePieces(
    encoding,
    { max: limits.readMessagesMax, maxBytes: limits.readAheadBytes },
    memory,
  );
}

function openingOf(encoding: Encoding, next: number): string {
  return encoding.openingAt?.(next) ?? encoding.opening;
}

function readRequest(parameters: Parameters, id: string | undefined): StreamRequest {
  const named = readFormatName(parameters);
  const from = parameters.get("from");
  const keys = parameters.all("key");
  parameters.finish();
  if (id !== undefined && from !== undefined) {
    throw new NetlogError("bad_request", { reason: "take from or id: a scanner has a place of its own" });
  }
  if (id !== undefined && keys.length > 0) {
    throw new NetlogError("bad_request", { reason: "take key or id: a scanner has keys of its own" });
  }
  return { id, from: from ?? "", follows: parameters.isOn("follow", true), named, keys };
}

function possibleFormats(
  { id, follows, keys }: StreamRequest,
  scanner: Scanner | undefined,
): readonly FormatName[] {
  const possible: FormatName[] = ["ndjson", "sse"];
  // A line cannot tell which message it is, and that is what has to be acknowledged.
  if (scanner?.leases !== true) possible.push("lines");
  if (!follows) possible.push("json");
  // A frame holds messages of any key.
  if (id === undefined && keys.length === 0) possible.push("frames");
  return possible;
}

/** Writes the body to its end. What cannot go on as it should is cut, and the client sees it. */
async function run(stream: Stream, outlet: Outlet): Promise<void> {
  try {
    if (await pump(stream, outlet)) outlet.end();
  } catch (error) {
    const code = errorCode(error);
    if (code === "unknown_error") throw error;
    // A stream that does not follow would miss something then, so its client must see a cut.
    if (stream.follows && PROPER_ENDS.has(code)) outlet.end();
    else outlet.cut();
  } finally {
    stream.source.close();
  }
}

/** False when the client has left. */
async function pump(stream: Stream, outlet: Outlet): Promise<boolean> {
  const { source, follows, opening, closing, closed, first } = stream;
  if (follows && outlet.mustNotWait) {
    first?.settle?.(false);
    return true;
  }
  let piece = first;
  let isHere = opening === "" || (await outlet.write(opening));
  for (;;) {
    piece ??= follows ? await source.next(outlet.whileWaiting) : undefined;
    if (piece === undefined) break;
    stream.isWithinMessage = piece.isOpen;
    isHere = isHere && (await outlet.write(piece.bytes));
    piece.settle?.(isHere);
    if (isHere) outlet.noteOut(piece);
    if (!isHere || (follows && outlet.isStopping && !piece.isOpen)) return isHere;
    piece = await source.poll(outlet.whileWaiting);
  }
  const { closedAt } = source;
  const end = closedAt === undefined ? "" : (closed?.(closedAt) ?? "");
  if (follows && closedAt === undefined) return outlet.mustNotWait;
  const rest = `${end}${follows ? "" : closing}`;
  return rest === "" || (await outlet.write(rest));
}
