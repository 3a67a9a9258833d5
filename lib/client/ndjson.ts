/** Cuts what the server sends as NDJSON into messages, gaps, signs of life, and the end of a closed topic. */
import { NetlogClientError } from "./errors.ts";
import { Message } from "./message.ts";

/** One line. */
export type Line =
  | { readonly kind: "message"; readonly message: Message; readonly delivery: number | undefined }
  | { readonly kind: "skipped"; readonly count: number; readonly next: number }
  | { readonly kind: "closed" };

interface Fields {
  readonly offset: number;
  readonly timestamp: string;
  readonly crc32: number;
  readonly payload?: string;
  readonly payload_base64?: string;
  readonly key?: string;
  readonly content_type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delivery?: number;
  readonly closed?: boolean;
  readonly skipped?: number;
  readonly next?: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Whole lines; lines that arrive together are given together. What is left of one that broke off is dropped. Empty lines
 * are signs of life, and left out.
 */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<string[], void, undefined> {
  const streaming = new TextDecoder();
  let begun = "";
  for await (const piece of pieces) {
    const text = streaming.decode(piece, { stream: true });
    // A long line comes in many pieces, and is looked through once.
    if (!text.includes("\n")) {
      begun += text;
      continue;
    }
    const lines = (begun + text).split("\n");
    begun = lines.pop() ?? "";
    yield lines.filter((line) => line !== "");
  }
}

/** Lines that are all there. @throws unexpected_answer; checksum_mismatch. */
export function parseLines(body: Uint8Array): Line[] {
  const texts = decoder.decode(body).split("\n");
  return texts.filter((text) => text !== "").map(parseLine);
}

/** How the server writes most messages. Reading these without a parser of JSON takes a quarter of the time. */
const PLAIN_LINE = /^\{"offset":(\d+),"timestamp":"([^"\\]+)","crc32":(\d+),"payload":"([^"\\]+)"\}$/;

/** @throws unexpected_answer for what is no line of netlog's; checksum_mismatch. */
export function parseLine(text: string): Line {
  const [, offset, timestamp, crc32, payload] = PLAIN_LINE.exec(text) ?? [];
  if (timestamp === undefined || payload === undefined) return parseJsonLine(text);
  const fields = { offset: Number(offset), timestamp, crc32: Number(crc32), payload: encodeText(payload) };
  return { kind: "message", message: new Message(fields), delivery: undefined };
}

function parseJsonLine(text: string): Line {
  let fields: Fields;
  let payload: Uint8Array | undefined;
  try {
    fields = Object(JSON.parse(text)) as Fields;
    payload = payloadOf(fields);
  } catch (cause) {
    throw new NetlogClientError("unexpected_answer", "a line of the answer is no JSON of netlog's", {
      cause,
    });
  }
  const {
    offset,
    timestamp,
    crc32,
    skipped,
    next,
    delivery,
    key,
    content_type: contentType,
    headers,
  } = fields;
  if (fields.closed === true) return { kind: "closed" };
  if (skipped !== undefined && next !== undefined) return { kind: "skipped", count: skipped, next };
  if (payload === undefined || !Number.isSafeInteger(offset)) {
    throw new NetlogClientError("unexpected_answer", "a line of the answer is no message");
  }
  return {
    kind: "message",
    message: new Message({ offset, timestamp, crc32, payload, key, contentType, headers }),
    delivery,
  };
}

function payloadOf({ payload, payload_base64 }: Fields): Uint8Array | undefined {
  if (payload !== undefined) return encodeText(payload);
  if (payload_base64 === undefined) return undefined;
  const binary = atob(payload_base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** A call into native code costs more than so many characters one by one. */
const NATIVE_FROM_LENGTH = 64;

function encodeText(text: string): Uint8Array {
  if (text.length >= NATIVE_FROM_LENGTH) return encoder.encode(text);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return encoder.encode(text);
    bytes[i] = code;
  }
  return bytes;
}
