/** The vocabulary of a platform: its flat form, there and back, and what publishers and subscribers make of it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventPublisher } from "../../../../lib/client/events/index.ts";
import {
  decodePlatformEvent,
  encodePlatformEvent,
  type PlatformEvent,
  platformEvents,
  UnknownOperationError,
} from "../../../../lib/client/events/platform.ts";
import { FakeLog } from "./fake-log.ts";
import { anyPlatformEvent, thingRemoved } from "./platform-events-fixture.ts";

describe("the flat form of a platform's event", () => {
  it("comes back as the event that it was made of, through JSON as well", () => {
    fc.assert(
      fc.property(anyPlatformEvent(), (event) => {
        const fields = encodePlatformEvent(event);
        for (const value of Object.values(fields)) expect(value).toBeTypeOf("string");
        expect(decodePlatformEvent(fields)).toEqual(event);
        expect(decodePlatformEvent(JSON.parse(JSON.stringify(fields)))).toEqual(event);
      }),
      { numRuns: 500 },
    );
  });

  it.each<[PlatformEvent, Record<string, string>]>([
    [
      { operation: "org.create", action: { id: "o-1" }, orgId: "o-1" },
      { operation: "org.create", id: "o-1", evt_org_id: "o-1", evt_group_id: "" },
    ],
    [
      {
        operation: "thing.create",
        action: { id: "t", groupId: "g", profileId: "p", name: "a", metadata: { test: "test" } },
        orgId: "o",
        groupId: "g",
        identity: { id: "", email: "nobody@example.com" },
      },
      {
        operation: "thing.create",
        id: "t",
        name: "a",
        group_id: "g",
        profile_id: "p",
        metadata: '{"test":"test"}',
        evt_org_id: "o",
        evt_group_id: "g",
      },
    ],
    [
      {
        operation: "thing.update_group_and_profile",
        action: { id: "t", profileId: "p" },
        orgId: "",
        groupId: "g-1",
        identity: { id: "u", email: "" },
      },
      {
        operation: "thing.update_group_and_profile",
        id: "t",
        profile_id: "p",
        evt_org_id: "",
        evt_group_id: "g-1",
        jwt_identity_user_id: "u",
        jwt_identity_user_email: "",
      },
    ],
    [
      {
        operation: "group.remove",
        action: { id: "g", thingIds: ["t-1", "t-2"] },
        orgId: "o",
        occurredAt: "2026-01-01T01:30:00.123456789+02:00",
      },
      {
        operation: "group.remove",
        id: "g",
        thing_ids: "t-1,t-2",
        evt_org_id: "o",
        evt_group_id: "",
        occurred_at: "2025-12-31T23:30:00.123456789Z",
      },
    ],
    [
      {
        operation: "profile.update",
        action: { id: "p", name: "", config: { transformer: { data_filters: null } }, metadata: {} },
        orgId: "o",
      },
      {
        operation: "profile.update",
        id: "p",
        config: '{"transformer":{"data_filters":null}}',
        metadata: "{}",
        evt_org_id: "o",
        evt_group_id: "",
      },
    ],
  ])("has the keys that Mainflux writes, and no others: %#", (event, fields) => {
    expect(encodePlatformEvent(event)).toEqual(fields);
  });

  it.each([
    ["thing.create: profileId is no text", { operation: "thing.create", action: { id: "t", groupId: "g" } }],
    [
      "thing.update: metadata is no object",
      { operation: "thing.update", action: { id: "t", profileId: "p", metadata: [] } },
    ],
    [
      "group.remove: thingIds has an id",
      { operation: "group.remove", action: { id: "g", thingIds: ["a,b"] } },
    ],
    [
      "org.create: occurredAt is no time",
      { operation: "org.create", action: { id: "o" }, occurredAt: "today" },
    ],
    ["org.create: orgId is no text", { operation: "org.create", action: { id: "o" }, orgId: 7 }],
    ["unknown event operation constructor", { operation: "constructor", action: {} }],
  ])("is not made of what would come back as something else: %s", (message, event) => {
    expect(() => encodePlatformEvent({ orgId: "o", ...event } as never)).toThrow(message);
  });

  it("is read leniently: what is missing is empty, and what is unreadable absent", () => {
    const read = (fields: Record<string, unknown>): PlatformEvent =>
      decodePlatformEvent({ operation: "profile.update", ...fields });
    const nothing = { operation: "profile.update", action: { id: "" }, orgId: "" };
    expect(read({})).toStrictEqual(nothing);
    expect(read({ id: 7, evt_org_id: null, name: ["a"], jwt_identity_user_email: "a@b" })).toStrictEqual(
      nothing,
    );
    for (const metadata of ["", "{", "null", "[]", "7", {}]) {
      expect(read({ metadata }), String(metadata)).toStrictEqual(nothing);
    }
    for (const config of [
      '{"write_enabled":"yes"}',
      '{"transformer":[]}',
      '{"transformer":{"data_filters":[1]}}',
    ]) {
      expect(read({ config }), config).toStrictEqual(nothing);
    }
    for (const occurred_at of ["yesterday", "2026-02-30T00:00:00Z", "2026-01-01T00:00:60Z", "1767225600"]) {
      expect(read({ occurred_at }), occurred_at).toStrictEqual(nothing);
    }
    expect(read({ more: "keys", occurred_at: "2026-01-01T00:00:00.1234567891Z" })).toStrictEqual({
      ...nothing,
      occurredAt: "2026-01-01T00:00:00.123456789Z",
    });
  });

  it.each(["thing.bogus", "", "constructor", undefined])("is none with the operation %s", (operation) => {
    expect(() => decodePlatformEvent({ operation })).toThrow(UnknownOperationError);
    expect(() => decodePlatformEvent({ operation })).toThrow(`unknown event operation ${operation ?? ""}`);
  });
});

describe("a publisher of a platform's events", () => {
  it("stamps them with the time and an id of their own, beside Mainflux's keys", async () => {
    const log = new FakeLog();
    const events = new EventPublisher(log.client(), "t", {
      format: platformEvents(),
      runtime: log.script.runtime,
      randomId: () => "id-0",
    });
    events.publish({ operation: "org.create", action: { id: "o-1" }, orgId: "o-1" });
    events.publish({ ...thingRemoved("t-1"), occurredAt: "2020-02-29T12:00:00+01:00" });
    await log.script.settle(events.close());
    const key = log.script.asked[0]?.headers.get("Idempotency-Key");
    expect(log.events[0]).toEqual({
      operation: "org.create",
      id: "o-1",
      evt_org_id: "o-1",
      evt_group_id: "",
      evt_id: key,
      occurred_at: "2026-01-01T00:00:00.000Z",
    });
    expect(key).toBe("id-0");
  });

  it("writes an event when it is published: what changes later has no effect", async () => {
    const log = new FakeLog();
    const metadata = { colour: "red" };
    const events = new EventPublisher(log.client(), "t", {
      format: platformEvents(),
      runtime: log.script.runtime,
    });
    const action = { id: "t", profileId: "p", metadata };
    events.publish({ operation: "thing.update", action, orgId: "o" });
    metadata.colour = "blue";
    await log.script.settle(events.close());
    expect(log.events).toMatchObject([{ metadata: '{"colour":"red"}' }]);
  });

  it("counts what is no event, and says what is wrong with it", () => {
    const log = new FakeLog();
    const events = new EventPublisher(log.client(), "t", {
      format: platformEvents(),
      runtime: log.script.runtime,
      onWarning: (warning) => log.warnings.push(warning),
    });
    events.publish({ operation: "thing.bogus", action: { id: "t" }, orgId: "o" } as never);
    expect(events.stats()).toMatchObject({ dropped: 1, queued: 0 });
    expect(log.warnings).toMatchObject([
      { code: "invalid", error: { message: "unknown event operation thing.bogus" } },
    ]);
  });
});
