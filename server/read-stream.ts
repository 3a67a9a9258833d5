/** Handler of `GET /:topic/stream`: what is there, then what comes, piece by piece as the reader takes it. */
import { NetlogError, type Scanner, type Topic } from "../lib/index.ts";
import { leaseHeaders, type StreamAnswer, streamAnswer } from "./answer.ts";
import { errorCode } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { requireEncoding } from "./formats/encodings.ts";
import { MessageBody } from "./formats/message-body.ts";
import type { FormatName } from "./formats.ts";
import { negotiate, readFormatName } from "./negotiate.ts";
import type { Outlet } from "./outlet.ts";
import type { Parameters } from "./parameters.ts";
import { FrameSource, MessageSource, type Piece, ScannerSource, type StreamSource } from "./stream-source.ts";

const TRUE_WORDS: ReadonlySet<string> = new Set(["", "1", "true", "yes"]);
const FALSE_WORDS: ReadonlySet<string> = new Set(["0", "false", "no"]);
const DIGITS = /^[0-9]+$/;

/** How a stream ends that did all it could. */
const PROPER_ENDS: ReadonlySet<string> = new Set(["topic_not_found", "scanner_not_found", "shutting_down"]);

interface StreamRequest {
  /** A scanner's; without it the stream reads from an offset. */
  readonly id: string | undefined;
  readonly from: string;
  readonly follows: boolean;
  readonly named: FormatName | undefined;
}

interface Stream {
  readonly source: StreamSource;
  readonly follows: boolean;
  readonly opening: string;
  readonly closing: string;
  /** What was there before the headers went out. */
  readonly first: Piece | undefined;
}

export async function streamTopic(exchange: Exchange): Promise<StreamAnswer> {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const id = parameters.get("id");
  const scanner = id === undefined ? undefined : topic.scanner(id);
  const request = readRequest(parameters, id);
  const start = id === undefined ? await startOf(topic, exchange, request.from) : 0;
  const format = negotiate(
    request.named,
    exchange.incoming.headers.accept,
    possibleFormats(request, scanner),
  );
  const cursor = topic.openCursor();
  const range = { start, end: request.follows ? Number.POSITIVE_INFINITY : cursor.endOffset };
  const { limits } = exchange.context;
  if (format.name === "frames") {
    const source = new FrameSource(cursor, range, limits);
    const first = await source.poll();
    const stream: Stream = { source, follows: request.follows, opening: "", closing: "", first };
    return streamAnswer(format.contentType, (outlet) => run(stream, outlet), undefined, []);
  }
  const encoding = requireEncoding(format.name);
  const { opening, closing, heartbeat } = encoding;
  const body = new MessageBody(encoding, { max: limits.readMessagesMax, maxBytes: limits.readAheadBytes });
  const source =
    scanner === undefined ? new MessageSource(cursor, range, body) : new ScannerSource(scanner, body, limits);
  const first = await source.poll();
  const stream: Stream = { source, follows: request.follows, opening, closing, first };
  const skipped = source instanceof ScannerSource ? source.skippedFirst : 0;
  const headers = skipped > 0 ? ["X-Skipped", String(skipped)] : [];
  if (source instanceof ScannerSource) headers.push(...leaseHeaders(undefined, source.lease?.token));
  return streamAnswer(format.contentType, (outlet) => run(stream, outlet), heartbeat, headers);
}

function readRequest(parameters: Parameters, id: string | undefined): StreamRequest {
  const named = readFormatName(parameters);
  const from = parameters.get("from");
  const follow = (parameters.get("follow") ?? "").toLowerCase();
  parameters.finish();
  if (id !== undefined && from !== undefined) {
    throw new NetlogError("bad_request", { reason: "take from or id: a scanner has a place of its own" });
  }
  if (!TRUE_WORDS.has(follow) && !FALSE_WORDS.has(follow)) {
    throw new NetlogError("bad_request", { reason: "follow takes 1, true, yes, 0, false or no" });
  }
  return { id, from: from ?? "", follows: !FALSE_WORDS.has(follow), named };
}

/** A browser that comes back says what it had last; it goes on behind that, or at the first kept. */
async function startOf(topic: Topic, { incoming }: Exchange, from: string): Promise<number> {
  const lastEventId = String(incoming.headers["last-event-id"] ?? "");
  if (lastEventId === "") return await topic.startOf(from);
  const next = Number(lastEventId) + 1;
  if (!DIGITS.test(lastEventId) || !Number.isSafeInteger(next)) {
    throw new NetlogError("bad_request", { reason: "Last-Event-ID takes the offset of a message" });
  }
  return next < topic.openCursor().startOffset ? next : await topic.startOf(String(next));
}

function possibleFormats(
  { id, follows }: StreamRequest,
  scanner: Scanner | undefined,
): readonly FormatName[] {
  const possible: FormatName[] = ["ndjson", "sse"];
  // A line cannot tell which message it is, and that is what has to be acknowledged.
  if (scanner?.leases !== true) possible.push("lines");
  if (!follows) possible.push("json");
  if (id === undefined) possible.push("frames");
  return possible;
}

/** Writes the body to its end. What cannot go on as it should is cut, and the client sees it. */
async function run(stream: Stream, outlet: Outlet): Promise<void> {
  try {
    if (await pump(stream, outlet)) outlet.end();
  } catch (error) {
    const code = errorCode(error);
    if (code === "unknown_error") throw error;
    // Of one that does not follow something would be missing.
    if (stream.follows && PROPER_ENDS.has(code)) outlet.end();
    else outlet.cut();
  }
}

/** False when the client has left. */
async function pump({ source, follows, opening, closing, first }: Stream, outlet: Outlet): Promise<boolean> {
  let piece = first;
  let isHere = opening === "" || (await outlet.write(opening));
  for (;;) {
    piece ??= follows ? await source.next(outlet.whileWaiting) : undefined;
    if (piece === undefined) break;
    isHere = isHere && (await outlet.write(piece.bytes));
    piece.settle?.(isHere);
    if (isHere) outlet.noteOut(piece);
    if (!isHere || (follows && outlet.isStopping)) return isHere;
    piece = await source.poll();
  }
  if (follows || closing === "") return !follows;
  return await outlet.write(closing);
}
