/**
 * A batch as a JSON array: texts, or objects with `payload` (text) or `payload_base64`, and with `key`, `content_type`
 * and `headers`. What a read of many messages gives can be posted again: this passes over offset, timestamp and
 * delivery, and verifies crc32.
 */
import { crc32, crc32InPieces } from "../base/checksum.ts";
import type { NetlogError } from "../base/errors.ts";
import { JsonError, parseJson } from "../base/json.ts";
import { type ElementTaker, isLongJson, readJsonArray } from "../base/json-array.ts";
import { skipSpace } from "../base/json-bytes.ts";
import {
  type BatchElement,
  base64Pieces,
  checkCrc,
  checkSize,
  failureOf,
  parseElement,
  readElement,
  refuse,
  textPieces,
  tooLarge,
} from "./batch-element.ts";
import type { Limits } from "./limits.ts";
import { readLongElement } from "./long-element.ts";
import { LongText } from "./long-text.ts";
import { COMPRESSION_SINGLE, encodeBeforePayload, encodeMessageHeader, overheadBytes } from "./message.ts";
import { type MessageGroup, MessageGroups } from "./message-groups.ts";
import { repeatedHeader } from "./repeated-header.ts";

/** A piece of a long text gives way to others behind so many. */
const PIECES_TOGETHER = 8;

/**
 * The messages of a JSON array; a long one is read in pieces, with the event loop given back in between, and then it is
 * a promise.
 *
 * @throws bad_request, payload_too_large, naming the element, from 0. At once, or by rejecting.
 */
export function parseJsonBatch(
  body: Buffer,
  pause: () => Promise<void>,
  limits: Limits,
): MessageGroup | Promise<MessageGroup> {
  const messages = new JsonMessages(body, pause, limits);
  if (isLongJson(body)) return readLongBatch(body, messages, pause, limits);
  const value = skipSpace(body, 0) === body.length ? undefined : parseWhole(body, limits);
  if (!Array.isArray(value)) throw noArray();
  messages.takeElements(value, body.indexOf("[") + 1, body.lastIndexOf("]"));
  return messages.group();
}

async function readLongBatch(
  body: Buffer,
  messages: JsonMessages,
  pause: () => Promise<void>,
  { jsonDepth }: Limits,
): Promise<MessageGroup> {
  try {
    if (!(await readJsonArray(body, messages, pause, jsonDepth))) throw noArray();
  } catch (error) {
    throw refusalOf(error);
  }
  return messages.group();
}

function parseWhole(body: Buffer, { jsonDepth }: Limits): unknown {
  try {
    return parseJson(body, jsonDepth);
  } catch (error) {
    throw refusalOf(error);
  }
}

function refusalOf(error: unknown): unknown {
  return error instanceof JsonError ? refuse(`the body is ${error.message}`) : error;
}

function noArray(): NetlogError {
  return refuse("the body is no JSON array of messages");
}

/** Elements become messages as they come. */
class JsonMessages implements ElementTaker {
  readonly #body: Buffer;
  readonly #pause: () => Promise<void>;
  readonly #limits: Limits;
  readonly #groups: MessageGroups;

  constructor(body: Buffer, pause: () => Promise<void>, limits: Limits) {
    this.#body = body;
    this.#pause = pause;
    this.#limits = limits;
    const expectedBytes = isLongJson(body) ? body.length : 0;
    this.#groups = new MessageGroups({ messages: limits.batchMessages, bytes: Infinity, expectedBytes });
  }

  /** All that were taken. @throws bad_request: there was none. */
  group(): MessageGroup {
    const group = this.#groups.take();
    if (group === undefined) throw refuse("the array is empty: a batch has at least one message");
    return group;
  }

  takeElements(elements: readonly unknown[], start: number, end: number): void {
    this.#checkCount(elements.length);
    const first = this.#groups.totalCount;
    const messages = elements.map((element, i) => parseElement(element, first + i, this.#limits));
    let sizeBytes = 0;
    let hasHeaders = false;
    for (const message of messages) {
      sizeBytes += overheadBytes(message.fields) + message.sizeBytes;
      hasHeaders ||= message.hasHeaders;
    }
    if (hasHeaders) this.#requireHeadersOnce(start, end);
    this.#groups.reserve(sizeBytes);
    for (const { content, sizeBytes: payloadBytes, fields } of messages) {
      const { bytes, closedEnd } = this.#groups;
      const position = closedEnd + overheadBytes(fields);
      if (typeof content === "string") bytes.write(content, position);
      else bytes.set(content, position);
      this.#close(payloadBytes, fields);
    }
  }

  async takeLongElement(start: number, end: number): Promise<void> {
    this.#checkCount(1);
    const element = await readLongElement(this.#body, start, end, this.#pause);
    const index = this.#groups.totalCount;
    const read = readElement(element, failureOf(index), this.#limits);
    if (!(read.text instanceof LongText)) {
      this.takeElements([element], start, end);
      return;
    }
    if (read.hasHeaders) this.#requireHeadersOnce(start, end);
    await this.#takeLongText(read, read.text, index);
  }

  /** The elements in `[start, end)` of the body are the next ones. @throws bad_request. */
  #requireHeadersOnce(start: number, end: number): void {
    const repeated = repeatedHeader(this.#body, start, end);
    if (repeated === undefined) return;
    const { index, name } = repeated;
    const what = name === "headers" ? "headers is there twice" : `the header ${name} is there twice`;
    throw failureOf(this.#groups.totalCount + index)(`${what}; a message has each header once`);
  }

  async #takeLongText(
    { isBase64, expectedCrc, fields }: BatchElement,
    text: LongText,
    index: number,
  ): Promise<void> {
    const fail = failureOf(index);
    const groups = this.#groups;
    groups.reserve(overheadBytes(fields) + text.mostBytes);
    const start = groups.closedEnd + overheadBytes(fields);
    let end = start;
    let pieceCount = 0;
    for (const piece of isBase64 ? base64Pieces(text, fail) : textPieces(text, fail)) {
      end += groups.bytes.write(piece, end, isBase64 ? "base64" : "utf8");
      pieceCount += 1;
      if (pieceCount % PIECES_TOGETHER === 0) await this.#pause();
    }
    checkSize(end - start, index, this.#limits);
    const payload = groups.bytes.subarray(start, end);
    const crc = await crc32InPieces(payload, this.#pause);
    if (expectedCrc !== undefined) checkCrc(expectedCrc, crc, fail);
    this.#close(payload.length, fields, crc);
  }

  /** The open message has so much payload, which is written. */
  #close(payloadBytes: number, fields: Buffer | undefined, payloadCrc?: number): void {
    const groups = this.#groups;
    const { bytes, closedEnd } = groups;
    const start = closedEnd + overheadBytes(fields);
    const end = start + payloadBytes;
    if (fields === undefined) {
      const crc = payloadCrc ?? crc32(bytes.subarray(start, end));
      encodeMessageHeader(bytes, closedEnd, COMPRESSION_SINGLE, crc, payloadBytes);
    } else {
      encodeBeforePayload(bytes, closedEnd, COMPRESSION_SINGLE, fields, payloadBytes, payloadCrc);
    }
    groups.end = end;
    groups.close(end - closedEnd);
  }

  #checkCount(moreCount: number): void {
    const { batchMessages } = this.#limits;
    if (this.#groups.totalCount + moreCount <= batchMessages) return;
    throw tooLarge(`a batch has at most ${batchMessages} messages`);
  }
}
