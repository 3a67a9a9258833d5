/** Events that clients' telemetry knows, for tests, and a way to apply them in one batch and in many. */
import type { TestDatabase } from "./databases.ts";
import { type FixtureOptions, type JournalFixture, openJournal } from "./journal.ts";

export type TelemetryTestEvent = readonly [string, object];

export const create = (id: string, more: object = {}): TelemetryTestEvent => [
  "client.create",
  { id, domain: "d", ...more },
];
export const remove = (id: string, domain = "d"): TelemetryTestEvent => ["client.remove", { id, domain }];
export const publish = (id: string, subtopic = "", more: object = {}): TelemetryTestEvent => [
  "messaging.client_publish",
  { client_id: id, channel_id: "ch", domain_id: "d", subtopic, ...more },
];
export const subscribe = (id: string, topic: string, subscriber = `s-${id}`): TelemetryTestEvent => [
  "messaging.client_subscribe",
  { client_id: id, subscriber_id: subscriber, topic },
];
export const unsubscribe = (subscriber: string, topic?: string): TelemetryTestEvent => [
  "messaging.client_unsubscribe",
  { subscriber_id: subscriber, topic },
];
export const disconnect = (subscriber: string): TelemetryTestEvent => [
  "mqtt.client_disconnect",
  { subscriber_id: subscriber, client_id: "any" },
];

/** The same in one batch, and with a batch for each event: a rebuild has other batches than live. */
export async function inEitherWay(
  { database, clear }: TestDatabase,
  events: readonly TelemetryTestEvent[],
  check: (fixture: JournalFixture) => Promise<void>,
  options?: FixtureOptions,
): Promise<void> {
  const whole = await openJournal(database, options);
  await whole.apply(...events);
  await check(whole);
  await clear();
  const single = await openJournal(database, options);
  for (const event of events) await single.apply(event);
  await check(single);
}
