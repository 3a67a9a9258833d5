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

/** How a publisher makes messages of events: a `New` is what it publishes. */
export interface EventEncoder<New> {
  /** `id`: the event's own. `nowMs`: the time of its publishing. @throws for what is no event. */
  encode(event: New, id: string, nowMs: number): Uint8Array;
}

/** How a subscriber makes events of messages: a `Stored` is what its handlers get. */
export interface EventDecoder<Stored, Field extends string> {
  /** @throws for a message that is no event; the error says why. */
  decode(message: Message): Stored;
  /** The field with the event's type, by which its handler is found. */
  readonly typeField: Field;
}

/** Publishers and subscribers use this one where their options name no other. */
export const jsonEvents: EventEncoder<NewEvent> & EventDecoder<StoredEvent, "type"> = {
  encode({ type, data }, id, nowMs) {
    if (typeof type !== "string" || type === "") throw new TypeError("an event has a type");
    const event = { id, type, occurred_at: new Date(nowMs).toISOString(), data };
    return new TextEncoder().encode(JSON.stringify(event));
  },
  decode(message) {
    const { id, type, occurred_at, data } = Object(message.json()) as Partial<StoredEvent>;
    if (typeof type !== "string" || typeof id !== "string" || typeof occurred_at !== "string") {
      throw new TypeError("it is no JSON object with the texts type, id and occurred_at");
    }
    return { id, type, occurred_at, data, offset: message.offset };
  },
  typeField: "type",
};
