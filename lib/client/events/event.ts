/**
 * Events as they lie in a topic: JSON objects with a type, an id, a time, and what happened.
 *
 *     {"id":"<uuid>","type":"order.paid","occurred_at":"2026-11-20T23:27:59.023Z","data":{"order":7}}
 */
import type { Message } from "../message.ts";

/** What a program tells. */
export interface NewEvent {
  /** What kind of thing happened, such as `order.paid`. */
  readonly type: string;
  /** Anything that JSON can hold. */
  readonly data?: unknown;
}

/** What a handler is told. */
export interface StoredEvent {
  /** The same for an event that was stored twice. */
  readonly id: string;
  readonly type: string;
  /** When it was published, by the publisher's clock: RFC 3339. */
  readonly occurred_at: string;
  readonly data: unknown;
  /** Its place in the topic. */
  readonly offset: number;
}

/** @throws TypeError for what JSON cannot hold, and for an empty type. */
export function encodeEvent({ type, data }: NewEvent, id: string, nowMs: number): Uint8Array {
  if (typeof type !== "string" || type === "") throw new TypeError("an event has a type");
  const event = { id, type, occurred_at: new Date(nowMs).toISOString(), data };
  return new TextEncoder().encode(JSON.stringify(event));
}

/** `undefined` for a message that is no event. */
export function decodeEvent(message: Message): StoredEvent | undefined {
  let fields: Partial<StoredEvent>;
  try {
    fields = Object(message.json()) as Partial<StoredEvent>;
  } catch {
    return undefined;
  }
  const { id, type, occurred_at, data } = fields;
  if (typeof type !== "string" || typeof id !== "string" || typeof occurred_at !== "string") return undefined;
  return { id, type, occurred_at, data, offset: message.offset };
}

/** A random UUID (version 4). `crypto.randomUUID` is missing on pages that came without TLS. */
export function randomUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
