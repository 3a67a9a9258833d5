/** What batches make of clients' telemetry. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Row } from "../../../../lib/views/index.ts";
import { LIMITS } from "../../../../lib/views/journal/limits.ts";
import { findTelemetry } from "../../../../lib/views/journal/queries.ts";
import type { TelemetryNotes } from "../../../../lib/views/journal/telemetry.ts";
import { EITHER_DATABASE, type TestDatabase } from "../../../support/views/databases.ts";
import {
  eventText,
  FIRST_MS,
  type FixtureOptions,
  type JournalFixture,
  nanosAt,
  openJournal,
} from "../../../support/views/journal.ts";
import {
  create,
  disconnect,
  inEitherWay,
  publish,
  remove,
  subscribe,
  type TelemetryTestEvent,
  unsubscribe,
} from "../../../support/views/telemetry-events.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await EITHER_DATABASE.open();
});
afterEach(() => database.clear());
afterAll(() => database.close());

const open = (options?: FixtureOptions): Promise<JournalFixture> => openJournal(database.database, options);

const rows = ({ reads }: JournalFixture): Promise<Row[]> =>
  reads.query(
    "SELECT client_id AS id, inbound_messages AS i, outbound_messages AS o FROM clients_telemetry ORDER BY 1",
  );
const subscriptions = async ({ reads }: JournalFixture): Promise<unknown[]> =>
  (
    await reads.query<{ line: string }>(
      "SELECT client_id || ' ' || channel_id || ' ' || subtopic AS line FROM subscriptions ORDER BY 1",
    )
  ).map(({ line }) => line);
const inBoth = (
  events: readonly TelemetryTestEvent[],
  check: (fixture: JournalFixture) => Promise<void>,
): Promise<void> => inEitherWay(database, events, check);

test("a created client is seen when it was created, and counts nothing", async () => {
  const fixture = await open();
  await fixture.apply(create("c", { created_at: "2024-01-02T03:04:05.000006+01:00" }));
  expect(await findTelemetry(fixture.reads, "c", "d")).toEqual({
    subscriptions: 0,
    inboundMessages: 0,
    outboundMessages: 0,
    firstSeen: "2024-01-02T02:04:05.000006Z",
    lastSeen: "2024-01-02T02:04:05.000006Z",
  });
  expect(await findTelemetry(fixture.reads, "c", "another")).toBeUndefined();
  expect(await findTelemetry(fixture.reads, "unknown", "d")).toBeUndefined();
});

test("a created_at that is no text falls back to occurred_at", async () => {
  const fixture = await open();
  await fixture.apply(create("c", { created_at: 5 }));
  expect(await findTelemetry(fixture.reads, "c", "d")).toMatchObject({ firstSeen: "2024-05-01T12:00:00Z" });
});

test("a client that is created behind its first publish keeps its counters, and the earliest and latest times", async () => {
  await inBoth([publish("c"), create("c", { created_at: "2024-01-01T00:00:00Z" })], async (fixture) => {
    expect(await findTelemetry(fixture.reads, "c", "d")).toMatchObject({
      inboundMessages: 1,
      firstSeen: "2024-01-01T00:00:00Z",
      lastSeen: "2024-05-01T12:00:00Z",
    });
  });
});

test("last_seen never goes back with events out of order, and deliveries do not move it", async () => {
  const fixture = await open();
  await fixture.apply(create("c"), subscribe("c", "m/d/c/ch"), publish("c"), publish("other"));
  const early = eventText(...publish("c"), nanosAt(FIRST_MS - 1000));
  await fixture.apply(early);
  expect(await findTelemetry(fixture.reads, "c", "d")).toMatchObject({
    inboundMessages: 2,
    outboundMessages: 3,
    firstSeen: "2024-05-01T12:00:00Z",
    lastSeen: "2024-05-01T12:00:02Z",
  });
});

test("a publish counts once for the publisher, and for each subscription of the same subtopic", async () => {
  const events = [
    create("a"),
    create("b"),
    subscribe("a", "m/d/c/ch/x"),
    subscribe("a", "m/d/c/ch/x"),
    subscribe("b", "m/d/c/ch/y"),
    subscribe("b", "m/d/c/other/x"),
    publish("p", "x"),
  ];
  await inBoth(events, async (fixture) => {
    expect(await rows(fixture)).toEqual([
      { id: "a", i: 0, o: 2 },
      { id: "b", i: 0, o: 0 },
      { id: "p", i: 1, o: 0 },
    ]);
  });
});

test("both spellings of a topic are one, and wildcards count", async () => {
  const events = [
    create("a"),
    create("b"),
    create("c"),
    subscribe("a", "/m/d/c/ch/x/y"),
    subscribe("b", "m.d.c.ch.x.*"),
    subscribe("c", "m/d/c/ch/#"),
    publish("a", "x.y"),
    publish("a", "x/z"),
    publish("a", ""),
  ];
  await inBoth(events, async (fixture) => {
    expect(await rows(fixture)).toEqual([
      { id: "a", i: 3, o: 1 },
      { id: "b", i: 0, o: 2 },
      { id: "c", i: 0, o: 3 },
    ]);
    expect(await subscriptions(fixture)).toEqual(["a ch x/y", "b ch x/+", "c ch #"]);
  });
});

test("a subscription of a client that is not known is not kept, nor one without a client", async () => {
  const notes: TelemetryNotes[] = [];
  const fixture = await open({ noteTelemetry: (each) => notes.push(each) });
  await fixture.apply(
    subscribe("unknown", "m/d/c/ch"),
    subscribe("", "m/d/c/ch"),
    ["messaging.client_subscribe", { subscriber_id: "s", topic: "m/d/c/ch" }],
    ["messaging.client_subscribe", { subscriber_id: "s", topic: "wrong" }],
    remove("unknown"),
  );
  expect(await subscriptions(fixture)).toEqual([]);
  expect(notes.map(({ uncounted }) => Object.fromEntries(uncounted))).toEqual([
    {
      "a subscription of a client that is not known": 3,
      "client.remove: there is no such client there": 1,
      "messaging.client_subscribe: topic is none": 1,
    },
  ]);
});

test("MQTT's subscriptions name their domain domainID", async () => {
  const fixture = await open();
  const attributes = { subscriber_id: "s", client_id: "c", domainID: "d", channel_id: "ch", subtopic: "x" };
  await fixture.apply(
    create("c"),
    ["mqtt.client_subscribe", attributes],
    ["messaging.client_publish", { client_id: "c", channel_id: "ch", domainID: "d", subtopic: "x" }],
  );
  expect(await rows(fixture)).toEqual([{ id: "c", i: 1, o: 1 }]);
});

test("an unsubscribe ends what its topic names; without a topic, and with a disconnect, all ends", async () => {
  const events = [
    create("c"),
    subscribe("c", "m/d/c/ch/x", "s"),
    subscribe("c", "m/d/c/ch/y", "s"),
    subscribe("c", "m/d/c/other/x", "s"),
    subscribe("c", "m/d/c/ch/x", "t"),
    unsubscribe("s", "m.d.c.ch.x"),
    unsubscribe("s", "wrong"),
    publish("c", "x"),
  ];
  await inBoth(events, async (fixture) => {
    expect(await subscriptions(fixture)).toEqual(["c ch x", "c ch y", "c other x"]);
    expect(await rows(fixture)).toEqual([{ id: "c", i: 1, o: 1 }]);
    await fixture.apply(unsubscribe("s"));
    expect(await subscriptions(fixture)).toEqual(["c ch x"]);
    await fixture.apply(disconnect("t"));
    expect(await subscriptions(fixture)).toEqual([]);
  });
});

test("subscriptions count from their place on, up to where they end", async () => {
  const events = [
    create("c"),
    publish("p"),
    subscribe("c", "m/d/c/ch"),
    publish("p"),
    publish("p"),
    disconnect("s-c"),
    publish("p"),
    subscribe("c", "m/d/c/ch"),
    publish("p"),
  ];
  await inBoth(events, async (fixture) => {
    expect(await rows(fixture)).toEqual([
      { id: "c", i: 0, o: 3 },
      { id: "p", i: 5, o: 0 },
    ]);
    expect(await subscriptions(fixture)).toEqual(["c ch "]);
  });
});

test("a removed client goes with its subscriptions, for its own domain alone; created again it begins at 0", async () => {
  const before = [
    create("c"),
    subscribe("c", "m/d/c/ch"),
    publish("c"),
    remove("c", "another"),
    publish("c"),
  ];
  await inBoth(before, async (fixture) => {
    expect(await rows(fixture)).toEqual([{ id: "c", i: 2, o: 2 }]);
  });
  await database.clear();
  await inBoth([...before, remove("c"), publish("p")], async (fixture) => {
    expect(await rows(fixture)).toEqual([{ id: "p", i: 1, o: 0 }]);
    expect(await subscriptions(fixture)).toEqual([]);
  });
  await database.clear();
  const again = [...before, remove("c"), create("c"), publish("p"), subscribe("c", "m/d/c/ch"), publish("p")];
  await inBoth(again, async (fixture) => {
    expect(await rows(fixture)).toEqual([
      { id: "c", i: 0, o: 1 },
      { id: "p", i: 2, o: 0 },
    ]);
  });
});

test("a publish without a client counts for nobody but those who get it", async () => {
  const fixture = await open();
  await fixture.apply(create("c"), subscribe("c", "m/d/c/ch"), publish(""));
  expect(await rows(fixture)).toEqual([{ id: "c", i: 0, o: 1 }]);
});

test("counters hold what no smaller number would", async () => {
  const fixture = await open();
  await fixture.apply(create("c"));
  await fixture.write(
    "UPDATE clients_telemetry SET inbound_messages = 5000000000, outbound_messages = 6000000000",
  );
  await fixture.apply(subscribe("c", "m/d/c/ch"), publish("c"));
  expect(await rows(fixture)).toEqual([{ id: "c", i: 5_000_000_001, o: 6_000_000_001 }]);
});

test("a channel has no more subscriptions than it may, and says so", async () => {
  const full: string[] = [];
  const fixture = await open({ noteTelemetry: ({ fullChannels }) => full.push(...fullChannels) });
  await fixture.apply(create("c"));
  await fixture.write(
    `INSERT INTO subscriptions (subscriber_id, channel_id, subtopic, client_id)
     SELECT 's' || n, 'ch', '', 'c' FROM generate_series(2, $1::int) AS n`,
    LIMITS.channelSubscriptions,
  );
  const topic = "m/d/c/ch";
  await fixture.apply(
    subscribe("c", topic, "last"),
    subscribe("c", topic, "one more"),
    subscribe("c", "m/d/c/free"),
  );
  expect(full).toEqual(["ch"]);
  await fixture.apply(disconnect("s2"), subscribe("c", topic, "takes its place"), publish("p"));
  expect(full).toEqual(["ch"]);
  expect(await rows(fixture)).toMatchObject([{ id: "c", o: LIMITS.channelSubscriptions }, { id: "p" }]);
});
