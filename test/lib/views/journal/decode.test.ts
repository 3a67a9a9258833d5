/** What is an event, in both envelopes, and why the journal refuses anything else. */
import { describe, expect, test } from "vitest";
import { Malformed } from "../../../../lib/views/index.ts";
import { decodeEvent, type JournalEvent } from "../../../../lib/views/journal/decode.ts";
import { Uncounted } from "../../../../lib/views/journal/telemetry-event.ts";

const NANOS = "1714564800123456789";
const MICROS = 1_714_564_800_123_456;

function decode(text: string): JournalEvent {
  const event = decodeEvent(Buffer.from(text));
  if (event instanceof Malformed) throw new Error(event.why);
  return event;
}

function refusal(text: string | Buffer): string {
  const event = decodeEvent(Buffer.from(text));
  return event instanceof Malformed ? event.why : "it is taken";
}

const event = (fields: object): string =>
  JSON.stringify({ operation: "user.create", id: "1", ...fields }).replace("}", `,"occurred_at":${NANOS}}`);

test("an event of the platform gives its operation, its domain, its time and its entities", () => {
  const text = `{"operation":"client.update","occurred_at":${NANOS},"id":"c","domain":"d","user_id":"u"}`;
  expect(decode(text)).toEqual({
    operation: "client.update",
    domain: "d",
    occurredAt: MICROS,
    text,
    metadata: undefined,
    entities: { keys: ["client:c", "user:u"], unlistedCount: 0 },
    telemetry: undefined,
  });
});

describe("the time", () => {
  test.each([
    [NANOS, MICROS],
    // As doubles these two are the same number, and a microsecond later.
    ["1714564800123456999", MICROS],
    ["1714564800123456000", MICROS],
    ["1714564800123457000", MICROS + 1],
    ["1.714564800123456789e18", 1_714_564_800_123_456],
    ["1", 0],
    ["-1", -1],
    ["-1000", -1],
    ["9007199254740991999", Number.MAX_SAFE_INTEGER],
  ])("of %s nanoseconds is floored to %s microseconds", (nanos, micros) => {
    expect(decode(`{"operation":"a","id":"1","occurred_at":${nanos}}`).occurredAt).toBe(micros);
  });

  test("is the event's own, not one of its metadata, whatever the keys' spelling and the last one counts", () => {
    const text = `{"metadata":{"occurred_at":5000},"a":"\\"occurred_at\\": 6000","occurred_at":1000,
      "occurred\\u005fat" : ${NANOS}, "z":[{"occurred_at":7000}],"operation":"a"}`;
    expect(decode(text).occurredAt).toBe(MICROS);
  });
});

describe("the domain", () => {
  test.each<[string, object, string]>([
    ["user.create", { domain: "a", domain_id: "b", domainID: "c" }, "a"],
    ["user.create", { domain_id: "b", domainID: "c" }, "b"],
    ["mqtt.client_subscribe", { domain: "", domainID: "c" }, "c"],
    ["user.create", { domain: 5 }, ""],
    ["user.create", {}, ""],
    ["domain.create", { id: "i", domain: "a" }, "i"],
    ["domain.create", { id: 5, domain: "a" }, "a"],
    ["domains.create", { id: "i", domain: "a" }, "a"],
  ])("of %s with %o is %j", (operation, fields, domain) => {
    expect(decode(event({ id: "1", operation, ...fields })).domain).toBe(domain);
  });
});

describe("entities", () => {
  test.each<[string, object, readonly string[]]>([
    ["user.create", { id: "u" }, ["user:u"]],
    ["user.update", { id: "u", user_id: "u" }, ["user:u"]],
    ["user.update", { id: "u", user_id: "admin" }, ["user:u", "user:admin"]],
    ["group.create", { id: "g", user_id: "u" }, ["group:g", "user:u"]],
    ["group.role.add", { id: "r", entity_id: "g" }, ["group:r", "group:g"]],
    ["channel.create", { id: "c" }, ["channel:c"]],
    [
      "channel.connect",
      { client_ids: ["a", "b"], channel_ids: ["c", 5, ""] },
      ["channel:c", "client:a", "client:b"],
    ],
    ["client.create", { id: "c" }, ["client:c"]],
    ["invitation.send", { id: "i", user_id: "u" }, ["user:u"]],
    ["clients.create", { id: "c" }, []],
    ["client", { id: "c", user_id: "u" }, ["user:u"]],
    ["client.create", { id: 5, user_id: null, channel_ids: "c" }, []],
    ["client.create", { id: "x".repeat(1025) }, []],
  ])("of %s with %o are %o", (operation, fields, entities) => {
    const found = decode(event({ id: "", operation, ...fields })).entities;
    expect(found).toEqual({ keys: entities, unlistedCount: 0 });
  });
});

test("an event is found under its first 1,000 entities, and counts the others", () => {
  const client_ids = [...Array.from({ length: 1500 }, (_, number) => `c${number}`), "c0", 5, ""];
  const { entities } = decode(event({ operation: "channel.connect", client_ids, user_id: "u" }));
  const { keys, unlistedCount } = entities;
  expect([keys.length, keys[0], keys[999], unlistedCount]).toEqual([1000, "channel:1", "client:c997", 502]);
});

describe("Mainflux's envelope", () => {
  const thing = {
    operation: "thing.create",
    occurred_at: "2024-05-01T12:00:00.123456789Z",
    id: "t",
    profile_id: "p",
    evt_org_id: "org",
    evt_group_id: "g",
    jwt_identity_user_id: "u",
    metadata: '{"test":"test"}',
  };

  test("has its own words for the same", () => {
    expect(decode(JSON.stringify(thing))).toMatchObject({
      operation: "thing.create",
      domain: "org",
      occurredAt: MICROS,
      metadata: '{"test":"test"}',
      entities: { keys: ["client:t", "user:u"] },
      telemetry: undefined,
    });
    const profile = { ...thing, operation: "profile.update", id: "p" };
    const keysOf = (fields: object): readonly string[] => decode(JSON.stringify(fields)).entities.keys;
    expect(keysOf(profile)).toEqual(["channel:p", "user:u"]);
    expect(keysOf({ ...thing, operation: "group.remove" })).toEqual(["group:t", "user:u"]);
    expect(keysOf({ ...thing, operation: "org.create" })).toEqual(["user:u"]);
  });

  test.each(["no JSON", "[1]", '{"a":"\\u0000"}'])("metadata of %s is none", (metadata) => {
    expect(decode(JSON.stringify({ ...thing, metadata })).metadata).toBeUndefined();
  });

  test.each(["yesterday", "", "2024-05-01T12:00:00", "2300-01-01T00:00:00Z", "1684-01-01T00:00:00Z"])(
    "a time of %j is refused",
    (occurred_at) => {
      expect(refusal(JSON.stringify({ ...thing, occurred_at }))).toBe(
        "occurred_at: is a text, and no time of RFC 3339 of the years 1685 to 2254",
      );
    },
  );
});

describe("is refused", () => {
  const at = `"occurred_at":${NANOS}`;
  test.each([
    ["missing operation", `{"id":"1",${at}}`, "operation: is missing"],
    ["empty operation", `{"operation":"","id":"1",${at}}`, "operation: is empty"],
    ["integer operation", `{"operation":5,"id":"1",${at}}`, "operation: is no text"],
    ["missing occurred_at", '{"operation":"a","id":"1"}', "occurred_at: is missing"],
    ["0 occurred_at", '{"operation":"a","id":"1","occurred_at":0}', "occurred_at: is 0"],
    ["-0 occurred_at", '{"operation":"a","id":"1","occurred_at":-0}', "occurred_at: is 0"],
    [
      "string occurred_at",
      '{"operation":"a","id":"1","occurred_at":"now"}',
      "occurred_at: is a text, and no time of RFC 3339 of the years 1685 to 2254",
    ],
    [
      "an array as occurred_at",
      '{"operation":"a","id":"1","occurred_at":[1]}',
      "occurred_at: is neither a number nor a text",
    ],
    [
      "too early an occurred_at",
      '{"operation":"a","id":"1","occurred_at":-9007199254740992000}',
      "occurred_at: is no time of the years 1685 to 2254 in nanoseconds",
    ],
    [
      "too late an occurred_at",
      '{"operation":"a","id":"1","occurred_at":9007199254740992000}',
      "occurred_at: is no time of the years 1685 to 2254 in nanoseconds",
    ],
    [
      "missing attributes",
      `{"operation":"a","metadata":{"b":1},${at}}`,
      "attributes: there are none; an event has at least one key beside the reserved ones",
    ],
    [
      "an operation that is too long",
      `{"operation":"${"x".repeat(1025)}","id":"1",${at}}`,
      "operation: has 1025 bytes, and may have 1024",
    ],
    [
      "a domain that is too long",
      `{"operation":"a","domain":"${"é".repeat(513)}",${at}}`,
      "domain: has 1026 bytes, and may have 1024",
    ],
    ["an array", "[]", "the event is no JSON object"],
    ["no JSON", "{", "the event is not JSON"],
    [
      "a NUL",
      `{"operation":"a","b":["\\u0000"],${at}}`,
      "the event holds a NUL, which PostgreSQL does not take",
    ],
    [
      "a NUL in a key",
      `{"operation":"a","b":{"\\u0000":1},${at}}`,
      "the event holds a NUL, which PostgreSQL does not take",
    ],
    [
      "half of a surrogate pair",
      `{"operation":"a","metadata":{"b":"\\ud83d"},${at}}`,
      "the event holds half of a surrogate pair, which PostgreSQL does not take",
    ],
    [
      "65 levels",
      `{"operation":"a","b":${"[".repeat(64)}${"]".repeat(64)},${at}}`,
      "the event is nested too deep: it may have 64 levels of arrays and objects",
    ],
    [
      "1e401",
      `{"operation":"a","b":1e401,${at}}`,
      "the event has a number that is too long: it may have 400 digits",
    ],
    [
      "401 digits",
      `{"operation":"a","b":${"1".repeat(401)},${at}}`,
      "the event has a number that is too long: it may have 400 digits",
    ],
    [
      "more than 4 MiB",
      `{"operation":"a","b":"${"x".repeat(2 ** 22)}",${at}}`,
      `the event has ${2 ** 22 + 58} bytes, and may have 4194304`,
    ],
    [
      "more than 100,000 values",
      `{"operation":"a","b":[${Array(99_997).fill("{}").join()}],${at}}`,
      "the event has more than 100000 values, which are too many",
    ],
    [
      "exponents that SQL would write out as too many zeros",
      `{"operation":"a","b":[${Array(2501).fill("1e-400").join()}],${at}}`,
      "the event has numbers that are too long together: their exponents may stand for 1000000 digits",
    ],
  ])("%s", (_, text, why) => {
    expect(refusal(text)).toContain(why);
  });

  test("what is not UTF-8", () => {
    expect(refusal(Buffer.from([0x22, 0xff, 0x22]))).toBe("the event is not UTF-8");
  });
});

test.each([
  ["missing metadata", ""],
  ["empty metadata", ',"metadata":{}'],
  ["integer metadata", ',"metadata":5'],
  ["attributes with empty values", ',"tags":[],"n":0,"o":{},"z":null'],
  ["deep nesting", `,"deep":${"[".repeat(63)}${"]".repeat(63)}`],
  ["a whole surrogate pair, and escaped backslashes", ',"a":"\\ud83d\\ude00 \\\\u0000"'],
  [
    "100,000 values, and 3 MiB",
    `,"a":[${Array(99_994).fill('"x"').join()}],"b":"${"x".repeat(3 * 2 ** 20)}"`,
  ],
  ["an exponent", ',"a":-1.5E+30,"b":1e-300'],
])("%s is taken", (_, more) => {
  expect(decode(`{"operation":"a","id":"",  "occurred_at":${NANOS}${more}}`).occurredAt).toBe(MICROS);
});

test("a byte order mark before it is left out", () => {
  expect(decode(`\uFEFF{"operation":"a","id":"1","occurred_at":${NANOS}}`).text).toMatch(/^\{/);
});

describe("telemetry", () => {
  const to = { channelId: "ch", subtopic: "a/b" };
  const publish = { client_id: "c", channel_id: "ch", domain_id: "d", subtopic: "a.b" };
  test.each<[string, object, unknown]>([
    [
      "client.create",
      { id: "c", domain: "d", created_at: "2024-05-01T12:00:00.000001Z" },
      { kind: "create", clientId: "c", domainId: "d", createdAt: 1_714_564_800_000_001 },
    ],
    ["client.create", { id: "c", domain: "d", created_at: "" }, { createdAt: MICROS }],
    ["client.create", { id: "c", domain: "d" }, { createdAt: MICROS }],
    ["client.create", { id: "c", domain: "d", created_at: 5 }, { createdAt: MICROS }],
    ["client.remove", { id: "c", domain: "d" }, { kind: "remove", clientId: "c", domainId: "d" }],
    [
      "messaging.client_publish",
      publish,
      { kind: "publish", clientId: "c", domainId: "d", to, occurredAt: MICROS },
    ],
    [
      "messaging.client_publish",
      { ...publish, subtopic: "", client_id: "" },
      { clientId: "", to: { channelId: "ch", subtopic: "" } },
    ],
    [
      "messaging.client_subscribe",
      { subscriber_id: "s", client_id: "c", topic: "m/d/c/ch/a/b" },
      { kind: "subscribe", subscriberId: "s", clientId: "c", to },
    ],
    ["messaging.client_subscribe", { subscriber_id: "s", topic: "/m/d/c/ch/a/b/" }, { clientId: "", to }],
    [
      "mqtt.client_subscribe",
      { subscriber_id: "s", client_id: "c", domainID: "d", channel_id: "ch", subtopic: "a/b" },
      { kind: "subscribe", subscriberId: "s", clientId: "c", to },
    ],
    [
      "messaging.client_unsubscribe",
      { subscriber_id: "s", topic: "m.d.c.ch.a.b" },
      { kind: "unsubscribe", subscriberId: "s", from: to },
    ],
    ["messaging.client_unsubscribe", { subscriber_id: "s" }, { from: undefined }],
    [
      "mqtt.client_disconnect",
      { subscriber_id: "s", client_id: "c" },
      { kind: "unsubscribe", subscriberId: "s", from: undefined },
    ],
  ])("of %s with %o", (operation, fields, expected) => {
    expect(decode(event({ operation, ...fields })).telemetry).toMatchObject(expected as object);
  });

  test.each<[string, object, string]>([
    ["client.create", { id: "", domain: "d" }, "id is empty"],
    ["client.remove", { domain: 5 }, "domain is no text"],
    ["messaging.client_publish", { ...publish, channel_id: undefined }, "channel_id is no text"],
    ["messaging.client_publish", { ...publish, client_id: "x".repeat(1025) }, "client_id is too long"],
    ["messaging.client_publish", { ...publish, subtopic: "a//b" }, "subtopic is none"],
    ["messaging.client_subscribe", { subscriber_id: "s", topic: "hc/d" }, "topic is none"],
    ["messaging.client_unsubscribe", { subscriber_id: "s", topic: "nothing" }, "topic is none"],
    ["mqtt.client_disconnect", { subscriber_id: "s" }, "client_id is no text"],
  ])("of %s with %o does not count: %s", (operation, fields, why) => {
    const { telemetry } = decode(event({ operation, ...fields }));
    expect(telemetry).toEqual(new Uncounted(`${operation}: ${why}`));
  });
});
