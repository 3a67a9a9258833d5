/**
 * The messages between two servers that relay requests. All integers are u32, big-endian.
 *
 * ```
 * requests: "NLQ" version 1 | number of the message | length | request | length | request | …
 * answers:  "NLA" version 1 | number of a message | index of a request in it | length | answer | number | index | …
 * ```
 *
 * Answers go to the subject that requests name for them, in any order, and those of several messages together. A message
 * without requests asks whether the one of its number is there, or was lost on its way. The answer that it is not there, or
 * not any more, has the index NOT_THERE and no bytes.
 */
/**
 * The version of these messages, and of the requests and answers in them (server/http/relay-codec.ts): who changes one raises it.
 * Servers of different versions send each other's requests by HTTP.
 */
export const RELAY_VERSION: number = 1;
const REQUESTS = 0x4e4c5100 + RELAY_VERSION;
const ANSWERS = 0x4e4c4100 + RELAY_VERSION;
const U32 = 4;
export const NOT_THERE: number = 2 ** 32 - 1;
/** What stands before the first of them, and before each one. */
export const REQUESTS_HEAD_BYTES: number = 2 * U32;
export const REQUEST_HEAD_BYTES: number = U32;
export const ANSWERS_HEAD_BYTES: number = U32;
export const ANSWER_HEAD_BYTES: number = 3 * U32;

export interface RelayedAnswer {
  readonly message: number;
  readonly index: number;
  readonly bytes: Uint8Array;
}

export interface RelayedRequests {
  readonly message: number;
  readonly requests: readonly Buffer[];
}

export function encodeRequests(message: number, requests: readonly Uint8Array[]): Buffer {
  let sizeBytes = REQUESTS_HEAD_BYTES;
  for (const { length } of requests) sizeBytes += REQUEST_HEAD_BYTES + length;
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let at = bytes.writeUInt32BE(message, bytes.writeUInt32BE(REQUESTS, 0));
  for (const request of requests) {
    at = bytes.writeUInt32BE(request.length, at);
    bytes.set(request, at);
    at += request.length;
  }
  return bytes;
}

/** Views of `bytes`; `undefined`: they are none that this version writes. */
export function decodeRequests(bytes: Buffer): RelayedRequests | undefined {
  if (bytes.length < REQUESTS_HEAD_BYTES || bytes.readUInt32BE(0) !== REQUESTS) return undefined;
  const requests: Buffer[] = [];
  for (let at = REQUESTS_HEAD_BYTES; at < bytes.length; ) {
    const request = pieceAt(bytes, at);
    if (request === undefined) return undefined;
    requests.push(request);
    at += REQUEST_HEAD_BYTES + request.length;
  }
  return { message: bytes.readUInt32BE(U32), requests };
}

export function encodeAnswers(answers: readonly RelayedAnswer[]): Buffer {
  let sizeBytes = ANSWERS_HEAD_BYTES;
  for (const { bytes } of answers) sizeBytes += ANSWER_HEAD_BYTES + bytes.length;
  const all = Buffer.allocUnsafe(sizeBytes);
  let at = all.writeUInt32BE(ANSWERS, 0);
  for (const { message, index, bytes } of answers) {
    at = all.writeUInt32BE(message, at);
    at = all.writeUInt32BE(index, at);
    at = all.writeUInt32BE(bytes.length, at);
    all.set(bytes, at);
    at += bytes.length;
  }
  return all;
}

/** Views of `bytes`; `undefined`: they are none that this version writes. */
export function decodeAnswers(bytes: Buffer): RelayedAnswer[] | undefined {
  if (bytes.length < ANSWERS_HEAD_BYTES || bytes.readUInt32BE(0) !== ANSWERS) return undefined;
  const answers: RelayedAnswer[] = [];
  for (let at = ANSWERS_HEAD_BYTES; at < bytes.length; ) {
    const answer = pieceAt(bytes, at + 2 * U32);
    if (answer === undefined) return undefined;
    answers.push({ message: bytes.readUInt32BE(at), index: bytes.readUInt32BE(at + U32), bytes: answer });
    at += ANSWER_HEAD_BYTES + answer.length;
  }
  return answers;
}

/** What stands behind its length; `undefined`: not all of it is there. */
function pieceAt(bytes: Buffer, at: number): Buffer | undefined {
  if (at + U32 > bytes.length) return undefined;
  const end = at + U32 + bytes.readUInt32BE(at);
  return end > bytes.length ? undefined : bytes.subarray(at + U32, end);
}
