/** A message as it was read, its payload verified. */
import CRC32 from "crc-32";
import { NetlogClientError } from "./errors.ts";
import type { StoredFields } from "./fields.ts";

export interface MessageParts extends StoredFields {
  readonly offset: number;
  readonly timestamp: string;
  readonly crc32: number;
  readonly payload: Uint8Array;
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

export class Message {
  /** Its place in the topic, from 0. */
  readonly offset: number;
  /** When the server took it, as RFC 3339 with milliseconds. */
  readonly timestamp: string;
  /** IEEE CRC-32 of the payload, which agrees with it. */
  readonly crc32: number;
  readonly payload: Uint8Array;
  /** What it is about, where its publisher said. */
  readonly key: string | undefined;
  /** Such as `application/json`; `undefined` where its publisher said nothing. */
  readonly contentType: string | undefined;
  /** By their names in lower case; empty where there are none. */
  readonly headers: Readonly<Record<string, string>>;

  /** @throws checksum_mismatch when payload and CRC do not agree: something changed it on its way. */
  constructor({ offset, timestamp, crc32, payload, key, contentType, headers }: MessageParts) {
    const actual = crc32Of(payload);
    if (actual !== crc32) {
      const text = `message ${offset} arrived changed: its CRC-32 is ${actual}, and was ${crc32}`;
      throw new NetlogClientError("checksum_mismatch", text, { offset });
    }
    this.offset = offset;
    this.timestamp = timestamp;
    this.crc32 = crc32;
    this.payload = payload;
    this.key = key;
    this.contentType = contentType;
    this.headers = headers ?? NO_HEADERS;
  }

  /**
   * The payload as text. Bytes that are no UTF-8 become U+FFFD.
   *
   * @example
   * await topic.publish("grüß Gott");
   * const message = await topic.read("last");
   * console.log(message.text()); // grüß Gott
   */
  text(): string {
    return decoder.decode(this.payload);
  }

  /**
   * The payload as JSON. @throws SyntaxError where it is none. Its type is the caller's word; nothing checks it.
   *
   * @example
   * await topic.publish(JSON.stringify({ order: 7 }));
   * const message = await topic.read("last");
   * console.log(message.json<{ order: number }>().order); // 7
   */
  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T;
  }
}

/** A byte order mark at the front belongs to the payload. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** As an unsigned number. */
export function crc32Of(payload: Uint8Array): number {
  return CRC32.buf(payload) >>> 0;
}
