/**
 * What a handler gives back: status, headers and body, ready to be written in one go. Headers are a flat list of
 * name, value, name, value, …, which Node writes as it is, and say everything but what the connection adds.
 */
import type { Delivery, Message } from "../../lib/index.ts";
import { formatTime } from "../wire/time.ts";

export interface Answer {
  readonly status: number;
  readonly headers: string[];
  readonly body: string | Buffer;
  /** What follows `body` in its place, where it was made in pieces: they go out one after the other. */
  readonly moreBody?: readonly Buffer[];
  /** The connection ends with it. */
  readonly closes?: boolean;
  /**
   * Of an answer with a body. Called with true when all of it was handed to the network, and with false when the client
   * left before; the first call counts.
   */
  readonly settle?: (handedOver: boolean) => void;
  /** Messages in the body. */
  readonly messageCount?: number;
}

/** Says what ends a wait when the client leaves, at once if it has left already. */
export type OnWaiting = (leave: () => void) => void;

/** Where a stream's body goes: one write at a time. */
export interface Outlet {
  /** The client sends no more, or has sent too much behind this: a stream that follows is to end. */
  readonly mustNotWait: boolean;
  /** The server is about to stop, or the client waits for no more: what is under way is to end soon. */
  readonly isStopping: boolean;
  /** A later call replaces an earlier one. */
  readonly whileWaiting: OnWaiting;
  /** Resolves to true when all of `bytes` was handed to the network, to false when the client left before. */
  write(bytes: Uint8Array | string): Promise<boolean>;
  /** What was written held so many messages. */
  noteOut(piece: { readonly bytes: Uint8Array; readonly messageCount: number }): void;
  /** The body is complete. */
  end(): void;
  /** The body is not complete, and the client is to see that. */
  cut(): void;
}

/** An answer whose body comes piece by piece, for as long as it takes. */
export interface StreamAnswer {
  readonly status: number;
  readonly headers: string[];
  /** Writes the body; ends or cuts it itself. Called once, when the headers were given. */
  readonly stream: (outlet: Outlet) => Promise<void>;
  /** What the outlet writes from time to time when nothing else is written. */
  readonly heartbeat: string | undefined;
}

const NO_SNIFF = ["X-Content-Type-Options", "nosniff"] as const;
const NO_STORE = ["Cache-Control", "no-store"] as const;
/** May be kept for one user, and has to be asked for again each time: see messageTag. */
const REVALIDATED = ["Cache-Control", "private, no-cache"] as const;
const NO_BYTES = Buffer.alloc(0);
const JSON_TYPE = "application/json; charset=utf-8";

/** JSON and a line end. */
export function jsonAnswer(status: number, value: object, headers: readonly string[] = []): Answer {
  const body = `${JSON.stringify(value)}\n`;
  return { status, headers: wholeHeaders(JSON_TYPE, Buffer.byteLength(body), headers), body };
}

/** Text of a type that says its charset. */
export function textAnswer(contentType: string, body: string, headers: readonly string[] = []): Answer {
  return { status: 200, headers: wholeHeaders(contentType, Buffer.byteLength(body), headers), body };
}

/** `{"ok":true,"message":…}`, NetLog's way to say that something was done. */
export function doneAnswer(status: number, message: string): Answer {
  return jsonAnswer(status, { ok: true, message });
}

/** No body. */
export function emptyAnswer(status: number, headers: readonly string[] = []): Answer {
  const all = [...NO_SNIFF, ...NO_STORE, ...headers];
  if (status !== 204) all.push("Content-Length", "0");
  return { status, headers: all, body: "" };
}

/** A body that was made in pieces, at least one. */
export function piecesAnswer(contentType: string, [body = NO_BYTES, ...moreBody]: readonly Buffer[]): Answer {
  return {
    status: 200,
    headers: wholeHeaders(contentType, bodyBytes({ body, moreBody }), []),
    body,
    moreBody,
  };
}

/** Many messages in one body. */
export function bodyAnswer(
  contentType: string,
  pieces: readonly Buffer[],
  messageCount: number,
  headers: readonly string[],
  settle?: (handedOver: boolean) => void,
): Answer {
  const [body = NO_BYTES, ...moreBody] = pieces;
  const all = wholeHeaders(contentType, bodyBytes({ body, moreBody }), headers);
  const answer = { status: 200, headers: all, body, moreBody, messageCount };
  return settle === undefined ? answer : { ...answer, settle };
}

/** Length of the whole body. */
export function bodyBytes({ body, moreBody }: Pick<Answer, "body" | "moreBody">): number {
  let bytes = body.length;
  if (moreBody !== undefined) for (const { length } of moreBody) bytes += length;
  return bytes;
}

/** Many messages, for as long as it takes. A header asks proxies to pass on what comes at once. */
export function streamAnswer(
  contentType: string,
  stream: StreamAnswer["stream"],
  heartbeat: string | undefined,
  headers: readonly string[],
): StreamAnswer {
  const all = [...NO_SNIFF, ...NO_STORE, "Content-Type", contentType, "X-Accel-Buffering", "no", ...headers];
  return { status: 200, headers: all, stream, heartbeat };
}

/** A message's payload; with a tag caches may keep it. */
export function messageAnswer(message: Message, tag?: string): Answer {
  const headers = messageHeaders(message, tag === undefined ? NO_STORE : REVALIDATED);
  if (tag !== undefined) headers.push("ETag", tag);
  return { status: 200, headers, body: message.payload, messageCount: 1 };
}

/** The client has the message of this tag. */
export function unchangedAnswer(tag: string): Answer {
  return { status: 304, headers: [...NO_SNIFF, ...REVALIDATED, "ETag", tag], body: "" };
}

/** The answer of a scan, which tells the scanner whether it arrived. */
export function deliveryAnswer(delivery: Delivery): Answer {
  const headers = messageHeaders(delivery.message, NO_STORE);
  if (delivery.skipped > 0) headers.push("X-Skipped", String(delivery.skipped));
  if (delivery.lease !== undefined) headers.push(...leaseHeaders(delivery.message.delivery, delivery.lease));
  return {
    status: 200,
    headers,
    body: delivery.message.payload,
    messageCount: 1,
    settle: (handedOver) => delivery.settle(handedOver),
  };
}

/** What a client needs to acknowledge; `delivery` is the first message's. None of a scanner that leases nothing. */
export function leaseHeaders(delivery: number | undefined, lease: string | undefined): string[] {
  const headers: string[] = [];
  if (delivery !== undefined) headers.push("X-Delivery", String(delivery));
  if (lease !== undefined) headers.push("X-Lease", lease);
  return headers;
}

function messageHeaders(message: Message, caching: readonly string[]): string[] {
  const { payload, offset, crc32, timestampMs } = message;
  const more = ["X-Offset", String(offset), "X-Crc32", String(crc32), "X-Timestamp", formatTime(timestampMs)];
  return wholeHeaders("application/octet-stream", payload.length, more, caching);
}

/** Of a body whose length is known, and `more`. */
function wholeHeaders(
  contentType: string,
  sizeBytes: number,
  more: readonly string[],
  caching: readonly string[] = NO_STORE,
): string[] {
  return [...NO_SNIFF, ...caching, "Content-Type", contentType, "Content-Length", String(sizeBytes), ...more];
}

/** Of an answer that holds messages from `offset` to `nextOffset`. */
export function batchHeaders(offset: number, nextOffset: number, messageCount: number): string[] {
  return ["X-Offset", String(offset), "X-Next-Offset", String(nextOffset), "X-Count", String(messageCount)];
}
