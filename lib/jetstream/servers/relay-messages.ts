/**
 * The messages between two servers that relay requests:
 *
 * ```
 * requests: "NLQ" version | bytes of the head (u32, big-endian) | head | body | body | …
 * answers:  "NLA" version | bytes of the head (u32, big-endian) | head | body | body | …
 * ```
 *
 * The head is JSON in Latin-1, one for all requests or answers of the message, since that takes the least time:
 *
 * ```
 * requests: [number of the message, [bytes of a body, …], [text, …], [text, …], …]
 * answers:  [[number of a message, …], [index of a request in it, …], [bytes of a body, …], [text, …], [text, …], …]
 * ```
 *
 * Answers go to the subject that requests name for them, in any order, and those of several messages together. One without
 * texts says that there is no answer. A message without requests asks whether the one of its number is there, or was lost on
 * its way. The answer that it is not there, or not any more, has the index NOT_THERE.
 */
import type { Relayed } from "../../topic/neighbours.ts";

/**
 * The version of these messages, and of the requests and answers in them (server/http/relay-codec.ts): who changes one raises it.
 * Servers of different versions send each other's requests by HTTP.
 */
export const RELAY_VERSION: number = 2;
const REQUESTS = 0x4e4c5100 + RELAY_VERSION;
const ANSWERS = 0x4e4c4100 + RELAY_VERSION;
const U32 = 4;
const HEAD = 2 * U32;
export const NOT_THERE: number = 2 ** 32 - 1;

/** What a message takes beside its requests or answers, and each of them beside its texts and its body, at most. */
export const MESSAGE_BYTES: number = 64;
const ENTRY_BYTES = 40;
/** JSON writes a control character as `\u0001`; each text has quotation marks and a comma. */
const CHARACTER_BYTES = 6;
const TEXT_BYTES = 3;

/** No answer. */
export const NOTHING: Relayed = { texts: [], body: Buffer.alloc(0) };

export interface RelayedAnswer {
  readonly message: number;
  readonly index: number;
  readonly answer: Relayed;
}

export interface RelayedRequests {
  readonly message: number;
  readonly requests: readonly Relayed[];
}

/** The most bytes that these texts, and a body of so many bytes, take in a message. */
export function bytesInMessage(texts: readonly string[], bodyBytes: number): number {
  let characters = 0;
  for (const { length } of texts) characters += length;
  return ENTRY_BYTES + texts.length * TEXT_BYTES + characters * CHARACTER_BYTES + bodyBytes;
}

export function encodeRequests(message: number, requests: readonly Relayed[]): Buffer {
  return encode(REQUESTS, [message], requests);
}

/** Bodies are views of `bytes`; `undefined`: they are none that this version writes. */
export function decodeRequests(bytes: Buffer): RelayedRequests | undefined {
  const [message, ...rest] = headOf(bytes, REQUESTS) ?? [];
  const requests = entriesOf(bytes, rest);
  return isNumber(message) && requests !== undefined ? { message, requests } : undefined;
}

export function encodeAnswers(answers: readonly RelayedAnswer[]): Buffer {
  const messages = answers.map(({ message }) => message);
  const indexes = answers.map(({ index }) => index);
  return encode(
    ANSWERS,
    [messages, indexes],
    answers.map(({ answer }) => answer),
  );
}

/** Bodies are views of `bytes`; `undefined`: they are none that this version writes. */
export function decodeAnswers(bytes: Buffer): RelayedAnswer[] | undefined {
  const [messages, indexes, ...rest] = headOf(bytes, ANSWERS) ?? [];
  const answers = entriesOf(bytes, rest);
  if (answers === undefined || !areNumbers(messages, answers.length)) return undefined;
  if (!areNumbers(indexes, answers.length)) return undefined;
  return answers.map((answer, place) => ({ message: messages[place]!, index: indexes[place]!, answer }));
}

function encode(kind: number, first: readonly unknown[], entries: readonly Relayed[]): Buffer {
  const bodyBytes = entries.map(({ body }) => body.length);
  const head = JSON.stringify([...first, bodyBytes, ...entries.map(({ texts }) => texts)]);
  const bytes = Buffer.allocUnsafe(bodyBytes.reduce((sum, each) => sum + each, HEAD + head.length));
  bytes.writeUInt32BE(kind, 0);
  bytes.writeUInt32BE(head.length, U32);
  let at = HEAD + bytes.write(head, HEAD, "latin1");
  for (const { body } of entries) {
    bytes.set(body, at);
    at += body.length;
  }
  return bytes;
}

function headOf(bytes: Buffer, kind: number): readonly unknown[] | undefined {
  if (bytes.length < HEAD || bytes.readUInt32BE(0) !== kind) return undefined;
  const end = bodiesAt(bytes);
  if (end > bytes.length) return undefined;
  try {
    const head: unknown = JSON.parse(bytes.toString("latin1", HEAD, end));
    return Array.isArray(head) ? head : undefined;
  } catch {
    return undefined;
  }
}

function bodiesAt(bytes: Buffer): number {
  return HEAD + bytes.readUInt32BE(U32);
}

/** `undefined`: the bodies are not where these say, or not all of them are there. */
function entriesOf(bytes: Buffer, [bodyBytes, ...texts]: readonly unknown[]): Relayed[] | undefined {
  if (!areNumbers(bodyBytes, texts.length) || !texts.every(areTexts)) return undefined;
  let at = bodiesAt(bytes);
  const entries = texts.map((each, place) => {
    const body = bytes.subarray(at, at + bodyBytes[place]!);
    at += bodyBytes[place]!;
    return { texts: each, body };
  });
  return at === bytes.length ? entries : undefined;
}

function isNumber(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

function areNumbers(value: unknown, count: number): value is readonly number[] {
  return Array.isArray(value) && value.length === count && value.every(isNumber);
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}
