/**
 * What a handler gives back: status, headers and body, ready to be written in one go. Headers are a flat list of
 * name, value, name, value, …, which Node writes as it is, and say everything but what the connection adds.
 */
interface WholeAnswer {
  readonly status: number;
  readonly headers: string[];
  readonly body: string | Buffer;
  /** What follows `body` in its place, where it was made in pieces: they go out one after the other. */
  readonly moreBody?: readonly Buffer[];
}

/** Holds no messages. */
export interface PlainAnswer extends WholeAnswer {
  readonly kind: "plain";
  /** The connection ends with it. */
  readonly closes?: boolean;
}

interface MessagesAnswer extends WholeAnswer {
  readonly kind: "messages";
  /** Messages in the body. */
  readonly messageCount: number;
}

/** Messages whose giver has to know whether they arrived. */
interface DeliveryAnswer extends WholeAnswer {
  readonly kind: "delivery";
  readonly messageCount: number;
  /** Called with true when the network has all of the body, with false when the client left before; the first call counts. */
  readonly settle: (handedOver: boolean) => void;
}

/** An answer that is whole before it is sent. */
export type Answer = PlainAnswer | MessagesAnswer | DeliveryAnswer;
export type AnyAnswer = Answer | StreamAnswer;

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

export type Heartbeat = () => string | undefined;

/** An answer whose body comes piece by piece, for as long as it takes. */
export interface StreamAnswer {
  readonly kind: "stream";
  readonly status: number;
  readonly headers: string[];
  /** Writes the body; ends or cuts it itself. Called once, when the headers were given. */
  readonly stream: (outlet: Outlet) => Promise<void>;
  /** What the outlet writes from time to time when nothing else is written; `undefined`: nothing, now. */
  readonly heartbeat: Heartbeat;
}

export const NO_SNIFF: readonly string[] = ["X-Content-Type-Options", "nosniff"];
/** A client chose the payload and its type: a browser that opens one runs nothing of it. */
export const HARMLESS: readonly string[] = [...NO_SNIFF, "Content-Security-Policy", "sandbox"];
export const NO_STORE: readonly string[] = ["Cache-Control", "no-store"];
const NO_BYTES = Buffer.alloc(0);
const JSON_TYPE = "application/json; charset=utf-8";

/** JSON and a line end. */
export function jsonAnswer(status: number, value: object, headers: readonly string[] = []): PlainAnswer {
  const body = `${JSON.stringify(value)}\n`;
  const all = wholeHeaders(JSON_TYPE, Buffer.byteLength(body), headers);
  return { kind: "plain", status, headers: all, body };
}

/** Text of a type that says its charset. */
export function textAnswer(contentType: string, body: string, headers: readonly string[] = []): PlainAnswer {
  const all = wholeHeaders(contentType, Buffer.byteLength(body), headers);
  return { kind: "plain", status: 200, headers: all, body };
}

/** `{"ok":true,"message":…}`, NetLog's way to say that something was done. */
export function doneAnswer(status: number, message: string): Answer {
  return jsonAnswer(status, { ok: true, message });
}

/** No body. */
export function emptyAnswer(status: number, headers: readonly string[] = []): Answer {
  const all = [...NO_SNIFF, ...NO_STORE, ...headers];
  if (status !== 204) all.push("Content-Length", "0");
  return { kind: "plain", status, headers: all, body: "" };
}

/** A body that was made in pieces, at least one. */
export function piecesAnswer(contentType: string, [body = NO_BYTES, ...moreBody]: readonly Buffer[]): Answer {
  const headers = wholeHeaders(contentType, bodyBytes({ body, moreBody }), []);
  return { kind: "plain", status: 200, headers, body, moreBody };
}

/** Many messages in one body; `settle` where their giver has to know whether they arrived. */
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
  return settle === undefined ? { kind: "messages", ...answer } : { kind: "delivery", ...answer, settle };
}

/** Length of the whole body. */
export function bodyBytes({ body, moreBody }: Pick<WholeAnswer, "body" | "moreBody">): number {
  let bytes = body.length;
  if (moreBody !== undefined) for (const { length } of moreBody) bytes += length;
  return bytes;
}

/** Many messages, for as long as it takes. A header asks proxies to pass on what comes at once. */
export function streamAnswer(
  contentType: string,
  stream: StreamAnswer["stream"],
  heartbeat: Heartbeat,
  headers: readonly string[],
): StreamAnswer {
  const all = [...NO_SNIFF, ...NO_STORE, "Content-Type", contentType, "X-Accel-Buffering", "no", ...headers];
  return { kind: "stream", status: 200, headers: all, stream, heartbeat };
}

/** The headers of a body of this length, and `more`. */
function wholeHeaders(contentType: string, sizeBytes: number, more: readonly string[]): string[] {
  return [
    ...NO_SNIFF,
    ...NO_STORE,
    "Content-Type",
    contentType,
    "Content-Length",
    String(sizeBytes),
    ...more,
  ];
}
