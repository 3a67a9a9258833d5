/** The journal's routes: upstream's acceptance cases, and the bytes of its answers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Reads } from "../../../../lib/views/database/database.ts";
import { DatabaseError } from "../../../../lib/views/database/database-error.ts";
import { PageTooLarge } from "../../../../lib/views/journal/index.ts";
import { EITHER_DATABASE, type TestDatabase } from "../../../support/views/databases.ts";
import { eventText, FIRST_MS, nanosAt } from "../../../support/views/journal.ts";
import {
  type JournalServer,
  journalForTest,
  openJournalServer,
} from "../../../support/views/journal-server.ts";

let opened: TestDatabase;
let server: JournalServer;
beforeAll(async () => {
  opened = await EITHER_DATABASE.open();
  server = await openJournalServer(opened.database);
  const created = { id: "c", domain: "d", user_id: "u", "a b": '"x: y, z"', n: 12_345 };
  await server.apply(
    eventText("client.create", { ...created, metadata: { m: [1, 2] } }, nanosAt(FIRST_MS, 123_456_789)),
    ["client.role.add", { entity_id: "c", role_id: "r" }],
    ["messaging.client_subscribe", { client_id: "c", subscriber_id: "s", topic: "m/d/c/ch/#" }],
    ["messaging.client_publish", { client_id: "c", domain_id: "d", channel_id: "ch", subtopic: "a" }],
    ["group.create", { id: "g", domain: "d" }],
    ["channel.create", { id: "ch", domain: "journal" }],
  );
});
afterAll(async () => {
  await server.stop();
  await opened.close();
});

const seconds = String(FIRST_MS / 1000);
const EMPTY = '{"total":0,"offset":0,"limit":10,"journals":[]}\n';

describe("the user route", () => {
  test.each([
    ["", 200],
    ["?offset=10", 200],
    ["?offset=ten", 400],
    ["?offset=-1", 400],
    ["?offset=18446744073709551615", 200],
    ["?offset=18446744073709551616", 400],
    ["?limit=10", 200],
    ["?limit=ten", 400],
    ["?limit=0", 200],
    ["?limit=100", 200],
    ["?operation=user.create", 200],
    ["?operation=user.create&operation=user.create", 400],
    [`?from=${seconds}`, 200],
    ["?from=ten", 400],
    ["?from=", 400],
    [`?to=${seconds}`, 200],
    ["?to=ten", 400],
    ["?with_attributes=true", 200],
    ["?with_attributes=ten", 400],
    ["?with_metadata=true", 200],
    ["?with_metadata=ten", 400],
    ["?dir=asc", 200],
    ["?dir=desc", 200],
    ["?dir=asc&dir=asc", 400],
    ["?operation=%ff", 400],
    ["?operation=%00", 400],
    ["?unknown=1&unknown=2&ofset=3", 200],
  ])("with %s answers %s", async (query, status) => {
    const answer = await server.get(`/journal/user/u${query}`);
    expect([answer.status, answer.type]).toEqual([status, "application/json"]);
    if (status === 400) expect(answer.text).toBe('{"message":"invalid query parameters"}\n');
  });

  test.each([
    ["?dir=ten", "invalid list direction provided"],
    ["?dir=DESC", "invalid list direction provided"],
    ["?limit=101", "invalid limit size"],
    [`?from=${nanosAt(FIRST_MS)}`, "invalid time format use unix time"],
    [`?to=${nanosAt(FIRST_MS)}`, "invalid time format use unix time"],
    ["?from=2147483648", "invalid time format use unix time"],
  ])("with %s answers 400: %s", async (query, message) => {
    const answer = await server.get(`/journal/user/u${query}`);
    expect([answer.status, answer.text]).toEqual([400, `{"message":"${message}"}\n`]);
  });

  test.each([..."1tT", "TRUE", "true", "True"])("%s is true, and its opposite false", async (word) => {
    const opposite = { "1": "0", t: "f", T: "F", TRUE: "FALSE", true: "false", True: "False" }[word];
    expect((await server.get(`/journal/user/u?with_attributes=${word}`)).text).toContain('"attributes"');
    expect((await server.get(`/journal/user/u?with_attributes=${opposite}`)).text).not.toContain(
      '"attributes"',
    );
  });

  test.each([
    "/journal",
    "/journal/",
    "/journal//123",
    "/journal/user",
    "/journal/user/",
    "/",
    "/d/journal/client/",
    "/nothing",
  ])("%s is a plain 404", async (path) => {
    const answer = await server.get(path);
    expect([answer.status, answer.text]).toEqual([404, "404 page not found\n"]);
    expect(answer.type).toMatch(/^text\/plain/);
  });
});

describe("a page", () => {
  test("that is empty has these bytes", async () => {
    expect((await server.get("/journal/user/unknown")).text).toBe(EMPTY);
    expect((await server.get("/journal/user/u?limit=0&offset=007")).text).toBe(
      '{"total":1,"offset":7,"limit":0,"journals":[]}\n',
    );
  });

  test("has these bytes, in this order, without spaces, and leaves out what is empty", async () => {
    expect((await server.get("/d/journal/client/c?dir=asc")).text).toBe(
      '{"total":2,"offset":0,"limit":10,"journals":[' +
        '{"operation":"client.create","occurred_at":"2024-05-01T12:00:00.123456Z","domain":"d"},' +
        '{"operation":"client.role.add","occurred_at":"2024-05-01T12:00:01Z"}]}\n',
    );
    const whole = await server.get("/d/journal/client/c?dir=asc&with_attributes=true&with_metadata=true");
    expect(whole.text).toBe(
      '{"total":2,"offset":0,"limit":10,"journals":[' +
        '{"operation":"client.create","occurred_at":"2024-05-01T12:00:00.123456Z","domain":"d",' +
        '"attributes":{"n":12345,"id":"c","a b":"\\"x: y, z\\"","domain":"d","user_id":"u"},"metadata":{"m":[1,2]}},' +
        '{"operation":"client.role.add","occurred_at":"2024-05-01T12:00:01Z",' +
        '"attributes":{"role_id":"r","entity_id":"c"}}]}\n',
    );
  });
});

describe("the entity route", () => {
  test.each([
    ["group", "g", 1],
    ["channel", "ch", 0],
    ["client", "c", 2],
    ["user", "u", 1],
  ])("of a %s answers 200, with offset 0, limit 10 and the newest first", async (kind, id, total) => {
    const answer = await server.get(`/d/journal/${kind}/${id}`);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ total, offset: 0, limit: 10 });
  });

  test("takes all parameters together: from is unset, to is 10 s behind 1970", async () => {
    const query =
      "offset=10&limit=10&operation=group.create&from=0&to=10&with_attributes=true&with_metadata=true&dir=asc";
    const answer = await server.get(`/d/journal/group/g?${query}`);
    expect([answer.status, answer.text]).toEqual([200, '{"total":0,"offset":10,"limit":10,"journals":[]}\n']);
  });

  test.each([
    ["/d/journal/invalid/g", "invalid entity type"],
    ["/d/journal/Client/g", "invalid entity type"],
    ["/d/journal//g", "invalid entity type"],
    ["//journal/client/c", "missing domainID"],
    ["//journal/client/c/telemetry", "missing domainID"],
    ["/%00/journal/client/c", "missing domainID"],
    ["/d/journal/client/%00", "missing entity id"],
  ])("%s answers 400: %s", async (path, message) => {
    const answer = await server.get(path);
    expect([answer.status, answer.text]).toEqual([400, `{"message":"${message}"}\n`]);
  });

  test("a domain may have a name that other routes have", async () => {
    expect(JSON.parse((await server.get("/journal/journal/channel/ch")).text)).toMatchObject({ total: 1 });
    expect((await server.get("/health/journal/channel/ch")).text).toBe(EMPTY);
    expect((await server.get("/-/journal/channel/ch")).text).toBe(EMPTY);
    expect((await server.get("/-/journal/client/")).status).toBe(404);
  });
});

describe("below /-/ the port", () => {
  test("has its pages, and says what to do where they are not built", async () => {
    const place = await fetch(`${server.url}/-/console`, { redirect: "manual" });
    expect([place.status, place.headers.get("location")]).toEqual([303, "console/"]);
    const page = await server.get("/-/console/");
    expect([page.status, JSON.parse(page.text)]).toEqual([
      404,
      { message: "the journal's console is not built; run npm run build, and start the server again" },
    ]);
    expect((await server.get("/-/console/nothing.js")).status).toBe(404);
  });

  test("describes the API", async () => {
    const { text } = await server.get("/-/openapi.json");
    expect(JSON.parse(text)).toMatchObject({ openapi: "3.1.0", info: { version: "1.2.3" } });
  });

  test("has nothing else", async () => {
    for (const path of ["/-", "/-/", "/-/nothing"]) {
      expect((await server.get(path)).text, path).toBe("404 page not found\n");
    }
  });
});

describe("telemetry", () => {
  test("has these bytes", async () => {
    const answer = await server.get("/d/journal/client/c/telemetry");
    expect([answer.status, answer.type, answer.text]).toEqual([
      200,
      "application/json",
      '{"client_id":"c","domain_id":"d","subscriptions":1,"inbound_messages":1,"outbound_messages":1,' +
        '"first_seen":"2024-05-01T12:00:00.123456Z","last_seen":"2024-05-01T12:00:03Z"}\n',
    ]);
  });

  test("of each hour has these bytes", async () => {
    const noon = '{"start":"2024-05-01T12:00:00Z","inbound_messages":1,"outbound_messages":1}';
    const answer = (hours: string): string => `{"client_id":"c","domain_id":"d","hours":[${hours}]}\n`;
    const path = "/d/journal/client/c/telemetry/hours";
    expect((await server.get(path)).text).toBe(answer(noon));
    expect((await server.get(`${path}?from=${Number(seconds) + 3599}&to=0&other=1`)).text).toBe(answer(noon));
    expect((await server.get(`${path}?from=${Number(seconds) + 3600}`)).text).toBe(answer(""));
    expect((await server.get(`${path}?to=ten`)).status).toBe(400);
  });

  test.each([
    "/d/journal/client/unknown/telemetry",
    "/another/journal/client/c/telemetry",
    "/d/journal/client/unknown/telemetry/hours",
    "/another/journal/client/c/telemetry/hours",
  ])("%s answers 404", async (path) => {
    const answer = await server.get(path);
    expect([answer.status, answer.text]).toEqual([404, '{"message":"entity not found"}\n']);
  });
});

describe("health", () => {
  test("passes in upstream's shape, whatever the database says; readiness is beside it", async () => {
    const { status, type, text } = await server.get("/health");
    expect([status, type]).toEqual([200, "application/health+json"]);
    const { instance_id } = JSON.parse(text) as { instance_id: string };
    expect(text).toBe(
      '{"status":"pass","version":"1.2.3","commit":"ffffffff","description":"journal service",' +
        `"build_time":"1970-01-01_00:00:00","instance_id":"${instance_id}"}\n`,
    );
    expect(instance_id).toMatch(/^[\da-f-]{36}$/);
    server.running.trouble = "the view is 20000 messages behind";
    server.running.isLive = false;
    expect((await server.get("/ready")).text).toBe("the view is 20000 messages behind");
    expect((await server.get("/live")).status).toBe(500);
    expect((await server.get("/health")).status).toBe(200);
    server.running.trouble = undefined;
    server.running.isLive = true;
    expect([(await server.get("/ready")).text, (await server.get("/live")).text]).toEqual(["OK", "OK"]);
  });
});

test("metrics have upstream's names, and seconds", async () => {
  server.running.figures = { lagMessages: 7, malformedCount: 2, refusedCount: 1 };
  await server.get("/d/journal/client/c/telemetry");
  const { text, type } = await server.get("/metrics");
  expect(type).toBe("text/plain; version=0.0.4; charset=utf-8");
  const count = (name: string): number => Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
  expect(count('journal_journal_writer_request_count{method="save"}')).toBe(6);
  expect(count('journal_journal_writer_request_count{method="retrieve_all"}')).toBeGreaterThan(10);
  const latency = "journal_journal_writer_request_latency_microseconds";
  const method = 'method="retrieve_client_telemetry"';
  expect(count(`${latency}_count{${method}}`)).toBeGreaterThan(0);
  for (const quantile of ["0.5", "0.9", "0.99"]) {
    const seconds = count(`${latency}{quantile="${quantile}",${method}}`);
    expect(seconds, quantile).toBeGreaterThan(0);
    expect(seconds, quantile).toBeLessThan(60);
  }
  expect(count("journal_lag_messages")).toBe(7);
  expect(count("journal_malformed_events_total")).toBe(3);
});

test("an event that names too many entities is warned of, and its other ids are counted", async () => {
  const client_ids = Array.from({ length: 1002 }, (_, number) => `c${number}`);
  await server.apply(["user.view", { user_id: "u2" }], ["channel.connect", { client_ids }]);
  expect(server.logger.messages("warn")).toEqual([
    "events name more than 1000 entities: they are not found under the others",
  ]);
  expect((await server.get("/metrics")).text).toContain("journal_unlisted_entities_total 2\n");
});

test("what counts for nothing is in the metrics, and in the log at debug", async () => {
  await server.apply(["client.remove", { id: "nobody", domain: "d" }]);
  const why = "client.remove: there is no such client there";
  expect(server.logger.lines).toContainEqual(
    expect.objectContaining({ level: "debug", fields: { uncounted: { [why]: 1 } } }),
  );
  expect((await server.get("/metrics")).text).toContain(
    `journal_telemetry_uncounted_events_total{reason="${why}"} 1\n`,
  );
});

test("another method is refused, without a body", async () => {
  const answer = await fetch(`${server.url}/journal/user/u`, { method: "POST" });
  expect([answer.status, await answer.text(), answer.headers.get("allow")]).toEqual([
    405,
    "",
    "GET, HEAD, OPTIONS",
  ]);
});

test("a page of another site is refused", async () => {
  const answer = await server.get("/journal/user/u", { Origin: "https://evil.example" });
  expect(answer.status).toBe(403);
  expect(JSON.parse(answer.text)).toMatchObject({ message: expect.stringContaining("evil.example") });
});

/** Reads that fail with `error`. */
function failing(error: Error): Reads {
  const fail = (): Promise<never> => Promise.reject(error);
  return { query: fail, snapshot: fail };
}

test("trouble with the database is 422, and tells nothing of what is inside", async () => {
  const reads = failing(new DatabaseError("57P01", "secret"));
  const broken = await journalForTest(opened.database, { reads });
  for (const path of ["/journal/user/u", "/d/journal/client/c/telemetry"]) {
    const { status, text } = await broken.get(path);
    expect([status, text]).toEqual([422, '{"message":"view entity failed"}\n']);
  }
  expect(broken.logger.messages("error")).toContain("request failed");
});

test("a page that is too large is 400, and says what to ask for", async () => {
  const large = await journalForTest(opened.database, { reads: failing(new PageTooLarge()) });
  const { status, text } = await large.get("/journal/user/u?with_attributes=1");
  const told =
    "invalid limit size: the events of this page have more than 16 MiB; ask for fewer, or without attributes and metadata";
  expect([status, text]).toEqual([400, `{"message":"${told}"}\n`]);
});

test("what nobody foresaw is 500, with an empty body", async () => {
  const broken = await journalForTest(opened.database, { reads: failing(new TypeError("secret")) });
  const { status, text } = await broken.get("/journal/user/u");
  expect([status, text]).toEqual([500, ""]);
});
