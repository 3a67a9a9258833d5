/**
 * A batch as a JSON array: texts, or objects with `payload` (text) or `payload_base64`. What a read of many messages
 * gives can be posted again: offset, timestamp and delivery are passed over, crc32 is verified.
 */
import { crc32 } from "../checksum.ts";
import { NetlogError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { COMPRESSION_SINGLE, encodeMessageHeader, MESSAGE_HEADER_BYTES } from "./message.ts";
import type { MessageGroup } from "./message-groups.ts";

const PASSED_OVER: ReadonlySet<string> = new Set(["offset", "timestamp", "delivery"]);
const KNOWN: ReadonlySet<string> = new Set([...PASSED_OVER, "payload", "payload_base64", "crc32"]);
const LONE_SURROGATE = /\p{Surrogate}/u;
const FIELD_CHARACTERS = 40;

/** One element: what its bytes are written from, and how many they are. */
interface Payload {
  readonly content: string | Buffer;
  readonly sizeBytes: number;
}

/**
 * The messages of `value`, which is parsed JSON.
 *
 * @throws bad_request, payload_too_large, naming the element, from 0.
 */
export function parseJsonBatch(value: unknown, limits: Limits): MessageGroup {
  if (!Array.isArray(value)) throw refuse("the body is no JSON array of messages");
  if (value.length === 0) throw refuse("the array is empty: a batch has at least one message");
  if (value.length > limits.batchMessages) {
    throw tooLarge(`a batch has at most ${limits.batchMessages} messages`);
  }
  const payloads = value.map((element: unknown, index) => parseElement(element, index, limits));
  let sizeBytes = MESSAGE_HEADER_BYTES;
  for (const payload of payloads) sizeBytes += MESSAGE_HEADER_BYTES + payload.sizeBytes;
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let position = MESSAGE_HEADER_BYTES;
  for (const payload of payloads) position = writeMessage(bytes, position, payload);
  return { bytes, count: payloads.length };
}

function parseElement(element: unknown, index: number, limits: Limits): Payload {
  const fail = (what: string): NetlogError => refuse(`element ${index}: ${what}`);
  const payload = typeof element === "string" ? textPayload(element, fail) : fieldPayload(element, fail);
  if (payload.sizeBytes === 0) throw fail("a message has at least one byte");
  if (payload.sizeBytes > limits.payloadBytes) {
    throw tooLarge(`element ${index}: a payload has at most ${limits.payloadBytes} bytes`);
  }
  return payload;
}

type Fail = (what: string) => NetlogError;

function fieldPayload(element: unknown, fail: Fail): Payload {
  if (typeof element !== "object" || element === null || Array.isArray(element)) {
    throw fail('it is neither a text nor an object with "payload" or "payload_base64"');
  }
  for (const field of Object.keys(element)) {
    if (!KNOWN.has(field)) {
      const name = JSON.stringify(field.slice(0, FIELD_CHARACTERS));
      throw fail(`unknown field ${name}; there are: ${[...KNOWN].join(", ")}`);
    }
  }
  const { payload, payload_base64, crc32: expectedCrc } = element as Record<string, unknown>;
  if ((payload === undefined) === (payload_base64 === undefined)) {
    throw fail('it takes one of "payload" and "payload_base64"');
  }
  const found = payload === undefined ? base64Payload(payload_base64, fail) : textPayload(payload, fail);
  if (expectedCrc !== undefined) checkCrc(expectedCrc, found, fail);
  return found;
}

function textPayload(text: unknown, fail: Fail): Payload {
  if (typeof text !== "string") throw fail("payload takes a text");
  if (LONE_SURROGATE.test(text)) throw fail("half of a surrogate pair, which is no text");
  return { content: text, sizeBytes: Buffer.byteLength(text) };
}

/** RFC 4648, section 4, in its canonical form: padded, and nothing in the bits left over. */
function base64Payload(text: unknown, fail: Fail): Payload {
  if (typeof text !== "string") throw fail("payload_base64 takes a text");
  const content = Buffer.from(text, "base64");
  if (content.toString("base64") !== text) throw fail("payload_base64 is not base64, padded, in one line");
  return { content, sizeBytes: content.length };
}

function checkCrc(expected: unknown, { content }: Payload, fail: Fail): void {
  const actual = crc32(typeof content === "string" ? Buffer.from(content) : content);
  if (expected === actual) return;
  if (typeof expected !== "number") throw fail("crc32 takes a number");
  throw fail(`crc32: expected ${expected}, found ${actual}`);
}

function writeMessage(target: Buffer, position: number, { content, sizeBytes }: Payload): number {
  const start = position + MESSAGE_HEADER_BYTES;
  const end = start + sizeBytes;
  if (typeof content === "string") target.write(content, start);
  else target.set(content, start);
  encodeMessageHeader(target, position, COMPRESSION_SINGLE, crc32(target.subarray(start, end)), sizeBytes);
  return end;
}

function refuse(reason: string): NetlogError {
  return new NetlogError("bad_request", { reason });
}

function tooLarge(reason: string): NetlogError {
  return new NetlogError("payload_too_large", { reason });
}
