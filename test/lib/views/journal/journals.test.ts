/** What batches make of the journal, and what the journal answers. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { LIMITS } from "../../../../lib/views/journal/limits.ts";
import { type JournalRequest, listJournals, PageTooLarge } from "../../../../lib/views/journal/queries.ts";
import { rejection } from "../../../support/rejection.ts";
import { EITHER_DATABASE, type TestDatabase } from "../../../support/views/databases.ts";
import {
  eventText,
  FIRST_MS,
  type FixtureOptions,
  type JournalFixture,
  nanosAt,
  openJournal,
  TOPIC_ID,
} from "../../../support/views/journal.ts";

const REQUEST: JournalRequest = {
  kind: "user",
  id: "actor",
  domain: undefined,
  operation: "",
  from: undefined,
  to: undefined,
  withAttributes: false,
  withMetadata: false,
  isDescending: true,
  offset: 0n,
  limit: 10,
};
const FIRST_S = FIRST_MS / 1000;

let database: TestDatabase;
beforeAll(async () => {
  database = await EITHER_DATABASE.open();
});
afterEach(() => database.clear());
afterAll(() => database.close());

const open = (options?: FixtureOptions): Promise<JournalFixture> => openJournal(database.database, options);

const list = ({ reads }: JournalFixture, request: Partial<JournalRequest>): ReturnType<typeof listJournals> =>
  listJournals(reads, { ...REQUEST, ...request });
const operations = async (fixture: JournalFixture, request: Partial<JournalRequest>): Promise<string[]> =>
  (await list(fixture, request)).journals.map(({ operation }) => operation);

test("an event is a row with all its digits, and its attributes and metadata as they were", async () => {
  const fixture = await open();
  const attributes =
    '"id":"c","n":1234567890123456789012,"f":1.50,"t":true,"z":null,"a":[1,{"b":[]}],"o":{"metadata":{"deep":1}}';
  const nanos = nanosAt(FIRST_MS, 123_456_789);
  await fixture.apply(
    `{"operation":"client.create","user_id":"actor",${attributes},"occurred_at":${nanos},"metadata":{"m":0.10}}`,
  );
  const { journals } = await list(fixture, { withAttributes: true, withMetadata: true });
  expect(journals).toEqual([
    {
      operation: "client.create",
      occurredAt: "2024-05-01T12:00:00.123456Z",
      domain: "",
      attributes: expect.stringContaining('"n": 1234567890123456789012'),
      metadata: '{"m": 0.10}',
    },
  ]);
  expect(JSON.parse(journals[0]?.attributes ?? "")).toEqual({
    ...JSON.parse(`{${attributes}}`),
    user_id: "actor",
  });
  expect(journals[0]?.attributes).toContain('"f": 1.50');
});

test("metadata that is no object, or is missing, is empty", async () => {
  const fixture = await open();
  await fixture.apply(
    ["user.view", { user_id: "actor", metadata: 5 }],
    ["user.view", { user_id: "actor", metadata: "{}" }],
    ["user.view", { user_id: "actor", metadata: null }],
    ["user.view", { user_id: "actor" }],
  );
  const { journals } = await list(fixture, { withMetadata: true });
  expect(journals.map(({ metadata }) => metadata)).toEqual(["{}", "{}", "{}", "{}"]);
});

test("Mainflux's metadata is JSON as a text", async () => {
  const fixture = await open();
  const thing = {
    operation: "thing.create",
    occurred_at: "2024-05-01T12:00:00.5Z",
    id: "t",
    evt_org_id: "org",
  };
  await fixture.apply(JSON.stringify({ ...thing, metadata: '{"test":1.0}' }));
  const page = await list(fixture, { kind: "client", id: "t", domain: "org", withMetadata: true });
  expect(page.journals).toMatchObject([{ occurredAt: "2024-05-01T12:00:00.5Z", metadata: '{"test": 1.0}' }]);
});

describe("of 200 mixed journals", () => {
  const mixed = async (): Promise<JournalFixture> => {
    const fixture = await open();
    await fixture.apply(
      ...Array.from({ length: 200 }, (_, number) => [`user.op${number}`, { user_id: "actor" }] as const),
    );
    return fixture;
  };

  test("pages, filters and times are as upstream has them", async () => {
    const fixture = await mixed();
    const sizes = async (request: Partial<JournalRequest>): Promise<[number, number]> => {
      const { total, journals } = await list(fixture, request);
      return [total, journals.length];
    };
    expect(await sizes({ limit: 1 })).toEqual([200, 1]);
    expect(await sizes({ offset: 10n, limit: 0 })).toEqual([200, 0]);
    expect(await operations(fixture, { offset: 10n, limit: 50, isDescending: false })).toEqual(
      Array.from({ length: 50 }, (_, place) => `user.op${place + 10}`),
    );
    expect(await sizes({ offset: 1000n, limit: 50 })).toEqual([200, 0]);
    expect(await sizes({ offset: 2n ** 64n - 1n })).toEqual([200, 0]);
    expect(await sizes({ offset: 170n, limit: 50 })).toEqual([200, 30]);
    expect(await sizes({ operation: "user.op7" })).toEqual([1, 1]);
    expect(await sizes({ operation: "user.op" })).toEqual([0, 0]);
    expect(await sizes({ from: FIRST_S + 3600 })).toEqual([0, 0]);
    expect(await sizes({ to: FIRST_S - 3600 })).toEqual([0, 0]);
    expect(await sizes({ from: FIRST_S, to: FIRST_S + 199, limit: 100 })).toEqual([200, 100]);
    expect(await sizes({ from: FIRST_S + 1, to: FIRST_S + 198 })).toEqual([198, 10]);
    expect(await sizes({ from: -(2 ** 60), to: 2 ** 31 - 1 })).toEqual([200, 10]);
    expect(await sizes({ to: -(2 ** 60) })).toEqual([0, 0]);
    expect(await sizes({ id: "unknown" })).toEqual([0, 0]);
  });

  test("the newest are first, or the oldest", async () => {
    const fixture = await mixed();
    expect(await operations(fixture, { limit: 2 })).toEqual(["user.op199", "user.op198"]);
    expect(await operations(fixture, { limit: 2, isDescending: false })).toEqual(["user.op0", "user.op1"]);
  });
});

test("each entity has the journals that are about it", async () => {
  const fixture = await open();
  await fixture.apply(
    ["user.create", { id: "u" }],
    ["group.create", { id: "g", user_id: "u", domain: "d" }],
    ["group.role.add", { role_id: "r", entity_id: "g" }],
    ["channel.create", { id: "ch", domain: "d" }],
    ["client.create", { id: "c", domain: "d", user_id: "u" }],
    ["channel.connect", { client_ids: ["c", "c2"], channel_ids: ["ch"], domain: "d" }],
  );
  const ascending = { isDescending: false, domain: "d" };
  expect(await operations(fixture, { kind: "user", id: "u", isDescending: false })).toEqual([
    "user.create",
    "group.create",
    "client.create",
  ]);
  expect(await operations(fixture, { kind: "group", id: "g", ...ascending })).toEqual([
    "group.create",
    "group.role.add",
  ]);
  expect(await operations(fixture, { kind: "channel", id: "ch", ...ascending })).toEqual([
    "channel.create",
    "channel.connect",
  ]);
  expect(await operations(fixture, { kind: "client", id: "c", ...ascending })).toEqual([
    "client.create",
    "channel.connect",
  ]);
  expect(await operations(fixture, { kind: "client", id: "c2", ...ascending })).toEqual(["channel.connect"]);
  expect(await operations(fixture, { kind: "channel", id: "c", ...ascending })).toEqual([]);
});

test("a domain sees its own journals, and roles of entities that it was known to have by then", async () => {
  const fixture = await open();
  await fixture.apply(
    ["client.role.remove", { entity_id: "c" }],
    ["client.create", { id: "c", domain: "d" }],
    ["client.role.add", { entity_id: "c" }],
    ["client.update", { id: "c" }],
    ["client.create", { id: "c", domain: "another" }],
    ["client.role.add", { entity_id: "c", domain: "another" }],
  );
  const client = { kind: "client", id: "c", isDescending: false } as const;
  expect(await operations(fixture, { ...client, domain: "d" })).toEqual(["client.create", "client.role.add"]);
  expect((await list(fixture, { ...client, domain: "d" })).total).toBe(2);
  expect(await operations(fixture, { ...client, domain: "another" })).toEqual([
    "client.create",
    "client.role.add",
  ]);
  expect(await operations(fixture, { ...client, domain: "a third" })).toEqual([]);
});

test("what a user did about roles is in no domain, and a list of ids makes no entity a domain's", async () => {
  const fixture = await open();
  await fixture.apply(
    ["user.update", { id: "actor", domain: "d2" }],
    ["group.create", { id: "g", domain: "d1" }],
    ["channel.connect", { client_ids: ["c"], channel_ids: ["ch"], domain: "d2" }],
    ["group.role.add", { entity_id: "g", user_id: "actor" }],
    ["client.role.add", { entity_id: "c" }],
    ["channel.role.add", { entity_id: "ch" }],
  );
  expect(await operations(fixture, { domain: "d2" })).toEqual(["user.update"]);
  expect(await operations(fixture, { domain: "d1" })).toEqual([]);
  expect(await operations(fixture, {})).toEqual(["group.role.add", "user.update"]);
  const connected = ["channel.connect"];
  expect(await operations(fixture, { kind: "client", id: "c", domain: "d2" })).toEqual(connected);
  expect(await operations(fixture, { kind: "channel", id: "ch", domain: "d2" })).toEqual(connected);
});

test("equal events are as many rows, in the order of the log, on every page", async () => {
  const fixture = await open();
  const same = eventText("user.view", { user_id: "actor" }, nanosAt(FIRST_MS));
  const other = (n: number): string => eventText(`user.op${n}`, { user_id: "actor" }, nanosAt(FIRST_MS));
  await fixture.apply(same, same, ...[1, 2, 3, 4].map(other));
  const pages = [0n, 2n, 4n].map((offset) => operations(fixture, { offset, limit: 2, isDescending: false }));
  expect((await Promise.all(pages)).flat()).toEqual([
    "user.view",
    "user.view",
    "user.op1",
    "user.op2",
    "user.op3",
    "user.op4",
  ]);
  expect(await operations(fixture, { limit: 3 })).toEqual(["user.op4", "user.op3", "user.op2"]);
});

test("a page of events that are too large together is refused, where it asks for what they hold", async () => {
  const fixture = await open();
  const text = "x".repeat(LIMITS.eventBytes - 1000);
  for (let count = 0; count < 5; count += 1) await fixture.apply(["user.large", { user_id: "actor", text }]);
  await fixture.apply(["user.small", { user_id: "actor" }]);
  const asked = { withAttributes: true, limit: 10 };
  expect(await rejection(list(fixture, asked))).toBeInstanceOf(PageTooLarge);
  expect(await rejection(list(fixture, { withMetadata: true }))).toBeInstanceOf(PageTooLarge);
  expect((await list(fixture, {})).journals).toHaveLength(6);
  const five = await list(fixture, { ...asked, limit: 5 });
  const lengths = five.journals.map(({ attributes }) => attributes.length > text.length);
  expect([five.total, lengths]).toEqual([6, [false, true, true, true, true]]);
});

test("a message at an offset that a power cut took back takes the place of the lost one", async () => {
  const fixture = await open();
  await fixture.apply(["user.lost", { user_id: "actor" }], ["user.kept", { user_id: "actor" }]);
  const again = await open();
  await again.apply(["user.other", { user_id: "another" }]);
  expect(await operations(fixture, {})).toEqual(["user.kept"]);
  expect(await operations(fixture, { id: "another" })).toEqual(["user.other"]);
  expect(await fixture.view.countRows(fixture.reads)).toBe(2);
});

test("telemetry counts each offset once, however often the message comes", async () => {
  const publish = { client_id: "c", domain_id: "d", channel_id: "ch", subtopic: "" };
  const event = ["messaging.client_publish", publish] as const;
  await (await open()).apply(event, event);
  const again = await open();
  await again.apply(event, event, event);
  expect(await again.reads.query("SELECT inbound_messages AS n FROM clients_telemetry")).toEqual([{ n: 3 }]);
  expect(await again.view.countRows(again.reads)).toBe(3);
});

test("an id is the UUID of version 5 of the topic's id and the offset", async () => {
  const fixture = await open();
  await fixture.apply(["user.view", { user_id: "actor" }]);
  expect(await fixture.reads.query("SELECT id FROM journal")).toEqual([
    { id: "69677072-8cb0-54d7-810a-d4ff1860100b" },
  ]);
});

test("retention takes journals by the log's time, with their entities, in chunks; telemetry stays", async () => {
  const fixture = await open({ retentionDays: 1 });
  const old = eventText(
    "client.create",
    { id: "c", domain: "d", user_id: "actor" },
    nanosAt(FIRST_MS + 9_999_000),
  );
  await fixture.apply(...Array.from({ length: 25 }, () => old));
  expect(await fixture.deleteBefore(FIRST_MS + 24_000, 10)).toBe(24);
  expect(await fixture.view.countRows(fixture.reads)).toBe(1);
  expect((await list(fixture, {})).total).toBe(1);
  expect(await fixture.reads.query("SELECT count(*) AS n FROM journal_entities")).toEqual([{ n: 2 }]);
  expect(await fixture.reads.query("SELECT client_id FROM clients_telemetry")).toEqual([{ client_id: "c" }]);
});

test("retention takes hours that are over, behind the journals", async () => {
  const hour = 3600;
  const fixture = await open({ retentionDays: 1, firstOffset: hour - 2 });
  const publish = { client_id: "c", domain_id: "d", channel_id: "ch", subtopic: "" };
  await fixture.apply(...Array.from({ length: 4 }, () => ["messaging.client_publish", publish] as const));
  const hours = (): Promise<object[]> =>
    fixture.reads.query("SELECT inbound_messages AS n FROM client_hours");
  expect(await hours()).toEqual([{ n: 2 }, { n: 2 }]);
  expect(await fixture.deleteBefore(FIRST_MS + (hour - 1) * 1000)).toBe(1);
  expect(await hours()).toHaveLength(2);
  expect(await fixture.deleteBefore(FIRST_MS + (hour + 1) * 1000, 1)).toBe(3);
  expect(await hours()).toEqual([{ n: 2 }]);
});

test("says how many rows a rebuild would lose: journals, or telemetry where retention took its journals", async () => {
  const fixture = await open({ retentionDays: 1 });
  await fixture.apply(
    ["client.create", { id: "c", domain: "d" }],
    ...Array.from({ length: 4 }, () => ["user.view", { user_id: "actor" }] as const),
  );
  const { view, reads } = fixture;
  const kept = (start: number): readonly { topicId: string; start: number }[] => [
    { topicId: TOPIC_ID, start },
  ];
  expect(await view.countLost(reads, kept(0))).toBe(0);
  expect(await view.countLost(reads, kept(3))).toBe(3);
  expect(await view.countLost(reads, [{ topicId: "another", start: 0 }])).toBe(5);
  expect(await view.countLost(reads, [])).toBe(5);
  await fixture.deleteBefore(FIRST_MS + 3000);
  expect(await view.countLost(reads, kept(3))).toBe(1);
  expect(await view.countLost(reads, kept(0))).toBe(0);
});

test("with 0 days rows stay for good", async () => {
  const { view } = await open({ retentionDays: 0 });
  expect(view.retention).toBeUndefined();
});
