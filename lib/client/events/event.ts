/**
 * Events as they lie in a topic: JSON objects with a type, an id, a time, and what happened.
 *
 *     {"id":"<uuid>","type":"order.paid","occurred_at":"2026-11-20T23:27:59.023Z","data":{"order":7}}
 */
import type { Message } from "../message.ts";

/**
 * Events of any type. A program has its own in this place, as the type parameter of publisher and subscriber: what each
 * type brings, such as `{ "order.paid": { order: number } }`. That is its word; nothing checks it while it runs.
 */
export type AnyEvents = Record<string, unknown>;

export type EventType<Events> = keyof Events & string;

/** What a program tells: its type, and anything that JSON can hold. */
export type NewEvent<Events = AnyEvents> = {
  readonly [Type in EventType<Events>]: undefined extends Events[Type]
    ? { readonly type: Type; readonly data?: Events[Type] }
    : { readonly type: Type; readonly data: Events[Type] };
}[EventType<Events>];

/** What a handler gets. */
export type StoredEvent<Events = AnyEvents, Types extends EventType<Events> = EventType<Events>> = {
  readonly [Type in Types]: {
    /** Its own: the publisher sends it again under this id, so that it is stored once. */
    readonly id: string;
    /** What kind of thing happened, such as `order.paid`. */
    readonly type: Type;
    /** When it was published, by the publisher's clock: RFC 3339. */
    readonly occurred_at: string;
    readonly data: Events[Type];
    /** Its place in the topic. */
    readonly offset: number;
  };
}[Types];

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
