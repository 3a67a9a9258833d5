/** What an event means for clients' telemetry. Times are microseconds since 1970. */
import { microsOf, parseZonedDate } from "../index.ts";
import { LIMITS } from "./limits.ts";
import { type Filter, parseSubtopic, parseTopic } from "./subtopic.ts";

export type TelemetryEvent =
  | {
      readonly kind: "create";
      readonly clientId: string;
      readonly domainId: string;
      readonly createdAt: number;
    }
  | { readonly kind: "remove"; readonly clientId: string; readonly domainId: string }
  | {
      readonly kind: "publish";
      /** Empty: nobody's counters. */
      readonly clientId: string;
      readonly domainId: string;
      readonly to: Filter;
      readonly occurredAt: number;
    }
  | {
      readonly kind: "subscribe";
      readonly subscriberId: string;
      readonly clientId: string;
      readonly to: Filter;
    }
  /** Without a filter all of the subscriber's subscriptions go. */
  | { readonly kind: "unsubscribe"; readonly subscriberId: string; readonly from: Filter | undefined };

/** Why an event that should count does not. */
export class Uncounted {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

type Fields = Readonly<Record<string, unknown>>;
type Read = (fields: Fields, occurredAt: number) => TelemetryEvent;

const READERS: ReadonlyMap<string, Read> = new Map<string, Read>([
  [
    "client.create",
    (fields, occurredAt) => ({
      kind: "create",
      clientId: idOf(fields, "id"),
      domainId: idOf(fields, "domain"),
      createdAt: timeOf(fields.created_at) ?? occurredAt,
    }),
  ],
  [
    "client.remove",
    (fields) => ({ kind: "remove", clientId: idOf(fields, "id"), domainId: idOf(fields, "domain") }),
  ],
  [
    "messaging.client_publish",
    (fields, occurredAt) => ({
      kind: "publish",
      clientId: textOf(fields, "client_id"),
      domainId: textOf(fields, "domain_id", "domainID"),
      to: placeOf(fields),
      occurredAt,
    }),
  ],
  [
    "messaging.client_subscribe",
    (fields) => ({
      kind: "subscribe",
      subscriberId: idOf(fields, "subscriber_id"),
      clientId: fields.client_id === undefined ? "" : textOf(fields, "client_id"),
      to: topicOf(fields),
    }),
  ],
  [
    "mqtt.client_subscribe",
    (fields) => ({
      kind: "subscribe",
      subscriberId: idOf(fields, "subscriber_id"),
      clientId: textOf(fields, "client_id"),
      to: placeOf(fields),
    }),
  ],
  [
    "messaging.client_unsubscribe",
    (fields) => ({
      kind: "unsubscribe",
      subscriberId: idOf(fields, "subscriber_id"),
      from: (fields.topic ?? "") === "" ? undefined : topicOf(fields),
    }),
  ],
  [
    "mqtt.client_disconnect",
    (fields) => {
      // It plays no part, but upstream counts no event without it.
      textOf(fields, "client_id");
      return { kind: "unsubscribe", subscriberId: idOf(fields, "subscriber_id"), from: undefined };
    },
  ],
]);

/** `undefined`: the operation is not about telemetry. */
export function readTelemetry(
  operation: string,
  fields: Fields,
  occurredAt: number,
): TelemetryEvent | Uncounted | undefined {
  try {
    return READERS.get(operation)?.(fields, occurredAt);
  } catch (error) {
    if (error instanceof AttributeError) return new Uncounted(`${operation}: ${error.message}`);
    throw error;
  }
}

/** Never leaves this file. */
class AttributeError extends Error {}

/** A text that may be empty, under the first of these names that is there. */
function textOf(fields: Fields, ...names: readonly string[]): string {
  const name = names.find((each) => fields[each] !== undefined) ?? names[0] ?? "";
  const value = fields[name];
  if (typeof value !== "string") throw new AttributeError(`${name} is no text`);
  if (Buffer.byteLength(value) > LIMITS.idBytes) throw new AttributeError(`${name} is too long`);
  return value;
}

function idOf(fields: Fields, name: string): string {
  const id = textOf(fields, name);
  if (id === "") throw new AttributeError(`${name} is empty`);
  return id;
}

function placeOf(fields: Fields): Filter {
  const channelId = idOf(fields, "channel_id");
  const subtopic = parseSubtopic(textOf(fields, "subtopic"));
  if (subtopic === undefined) throw new AttributeError("subtopic is none");
  return { channelId, subtopic };
}

function topicOf(fields: Fields): Filter {
  const filter = parseTopic(textOf(fields, "topic"));
  if (filter === undefined) throw new AttributeError("topic is none");
  return filter;
}

function timeOf(value: unknown): number | undefined {
  const zoned = typeof value === "string" ? parseZonedDate(value) : undefined;
  return zoned === undefined ? undefined : microsOf(zoned);
}
