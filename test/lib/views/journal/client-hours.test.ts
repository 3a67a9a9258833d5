/** The messages of clients by the hour: how they are counted, and what is answered. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { findHours } from "../../../../lib/views/journal/client-hours.ts";
import { LIMITS } from "../../../../lib/views/journal/limits.ts";
import { EITHER_DATABASE, type TestDatabase } from "../../../support/views/databases.ts";
import {
  FIRST_MS,
  type FixtureOptions,
  type JournalFixture,
  openJournal,
} from "../../../support/views/journal.ts";
import {
  create,
  disconnect,
  inEitherWay,
  publish,
  remove,
  subscribe,
} from "../../../support/views/telemetry-events.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await EITHER_DATABASE.open();
});
afterEach(() => database.clear());
afterAll(() => database.close());

const open = (options?: FixtureOptions): Promise<JournalFixture> => openJournal(database.database, options);

/** The hours of the log begin with 12:00 and 13:00. */
const BEFORE_ONE_OCLOCK: FixtureOptions = { firstOffset: 3600 - 4 };
const hoursOf = async (
  { reads }: JournalFixture,
  clientId: string,
  range: { readonly from?: number; readonly to?: number } = {},
): Promise<unknown> => {
  const request = { clientId, domainId: "d", from: undefined, to: undefined, ...range };
  const hours = await findHours(reads, request);
  return hours?.map(({ start, inboundMessages: i, outboundMessages: o }) => [start.slice(11), i, o]);
};

test("messages are counted in the hour of the log's time, whatever batches they come in", async () => {
  const events = [
    create("a"),
    subscribe("a", "m/d/c/ch/#"),
    publish("p"),
    publish("p"),
    publish("p"),
    disconnect("s-a"),
    publish("p"),
  ];
  await inEitherWay(
    database,
    events,
    async (fixture) => {
      expect(await hoursOf(fixture, "p")).toEqual([
        ["12:00:00Z", 2, 0],
        ["13:00:00Z", 2, 0],
      ]);
      expect(await hoursOf(fixture, "a")).toEqual([
        ["12:00:00Z", 0, 2],
        ["13:00:00Z", 0, 1],
      ]);
    },
    BEFORE_ONE_OCLOCK,
  );
});

test("hours are asked for by time, and are those of a client in its domain", async () => {
  const fixture = await open(BEFORE_ONE_OCLOCK);
  await fixture.apply(create("quiet"), ...Array.from({ length: 4 }, () => publish("p")));
  const oneOClock = FIRST_MS / 1000 + 3600;
  expect(await hoursOf(fixture, "p", { from: oneOClock })).toEqual([["13:00:00Z", 1, 0]]);
  expect(await hoursOf(fixture, "p", { from: oneOClock - 1, to: oneOClock - 1 })).toEqual([
    ["12:00:00Z", 3, 0],
  ]);
  expect(await hoursOf(fixture, "p", { from: -(2 ** 60), to: 2 ** 31 - 1 })).toHaveLength(2);
  expect(await hoursOf(fixture, "quiet")).toEqual([]);
  expect(await hoursOf(fixture, "unknown")).toBeUndefined();
  const elsewhere = { clientId: "p", domainId: "another", from: undefined, to: undefined };
  expect(await findHours(fixture.reads, elsewhere)).toBeUndefined();
});

test("one answer has the latest hours", async () => {
  const fixture = await open();
  await fixture.apply(publish("p"));
  await fixture.write(
    "INSERT INTO client_hours SELECT 'p', n, 1, 1 FROM generate_series(1, $1::int) AS n",
    LIMITS.hours,
  );
  const hours = (await hoursOf(fixture, "p")) as [string, number, number][];
  expect([hours.length, hours[0], hours.at(-1)]).toEqual([
    LIMITS.hours,
    ["02:00:00Z", 1, 1],
    ["12:00:00Z", 1, 0],
  ]);
});

test("a removed client takes its hours along", async () => {
  await inEitherWay(database, [publish("c"), publish("c"), remove("c"), publish("c")], async (fixture) =>
    expect(await hoursOf(fixture, "c")).toEqual([["12:00:00Z", 1, 0]]),
  );
});
