/** What the URL of the journal says, what the API is asked for it, and what its answer is read as. */
import { describe, expect, it } from "vitest";
import {
  actorOf,
  entitiesOf,
  entityChange,
  entityIn,
  journalPath,
  troubleOf,
} from "../../../../../server/views/journal/app/entity.ts";
import { parseJournals } from "../../../../../server/views/journal/app/journals.ts";
import { apiParameters, readListQuery } from "../../../../../server/views/journal/app/list-query.ts";
import { linkTo, parseRoute } from "../../../../../server/views/journal/app/route.ts";
import {
  rangeChange,
  rangeIn,
  secondsOfTime,
  timeOfSeconds,
} from "../../../../../server/views/journal/app/time-range.ts";

const NOW_MS = Date.parse("2026-11-29T12:00:00.500Z");
const CLIENT = { kind: "client", domain: "d", id: "c" } as const;

describe("routes", () => {
  it.each(["#/journal", "#/journal?type=user&id=a%26b", "#/telemetry?domain=d&id=%23%2F"])(
    "reads %s as it writes it",
    (hash) => {
      const { page, query } = parseRoute(hash);
      expect(linkTo(page, query)).toBe(hash);
    },
  );

  it("shows the journal for what is no page", () => {
    for (const hash of ["", "#", "#/", "#/nowhere", "#/toString"]) {
      expect(parseRoute(hash).page).toBe("journal");
    }
  });
});

describe("an entity", () => {
  it("stands in the URL as it was chosen", () => {
    expect(entityIn(entityChange(CLIENT))).toEqual(CLIENT);
    expect(entityIn({})).toEqual({ kind: "user", domain: "", id: "" });
    expect(entityIn({ type: "domain", id: "x" }).kind).toBe("user");
  });

  it("has its path, whatever characters it has, and a user one across domains", () => {
    expect(journalPath({ kind: "channel", domain: "a/b", id: "%?#" })).toBe(
      "/a%2Fb/journal/channel/%25%3F%23",
    );
    expect(journalPath({ kind: "user", domain: "", id: "ana" })).toBe("/journal/user/ana");
    expect(journalPath({ kind: "user", domain: "d", id: "ana" })).toBe("/d/journal/user/ana");
  });

  it("is not asked for while a part is missing, or where a browser would change the path", () => {
    expect(troubleOf(CLIENT)).toBeUndefined();
    expect(troubleOf({ ...CLIENT, id: "" })).toBe("Type the id of a client.");
    expect(troubleOf({ ...CLIENT, domain: "" })).toBe("Type the domain of the client.");
    expect(troubleOf({ kind: "user", domain: "", id: "ana" })).toBeUndefined();
    for (const id of [".", ".."]) expect(troubleOf({ ...CLIENT, id })).toContain("No browser can ask for");
  });
});

describe("the entities that an event names", () => {
  it("are its subject, its actor, and what it lists, but for the one that is shown", () => {
    const attributes = { id: "c", user_id: "ana", channel_ids: ["t", "u", 7, ""], group_id: "g" };
    expect(entitiesOf("client.update", attributes, "d", CLIENT)).toEqual([
      { kind: "user", id: "ana", domain: "" },
      { kind: "group", id: "g", domain: "d" },
      { kind: "channel", id: "t", domain: "d" },
      { kind: "channel", id: "u", domain: "d" },
    ]);
    expect(entitiesOf("group.role.add", { entity_id: "g" }, "d", CLIENT)).toEqual([
      { kind: "group", id: "g", domain: "d" },
    ]);
  });

  it("are no more than twenty, and none without a domain but users", () => {
    const many = { client_ids: Array.from({ length: 1000 }, (_, number) => `c${number}`) };
    expect(entitiesOf("channel.connect", many, "d", CLIENT)).toHaveLength(20);
    expect(entitiesOf("channel.connect", { ...many, user_id: "ana" }, "", CLIENT)).toEqual([
      { kind: "user", id: "ana", domain: "" },
    ]);
  });

  it("have an actor in the words of Mainflux as well, and none that is no text", () => {
    expect(actorOf({ jwt_identity_user_id: "bo" })).toBe("bo");
    expect(actorOf({ user_id: { toString: "x" } })).toBe("");
  });
});

describe("the list's URL", () => {
  it("without anything is the newest page of all time, with attributes", () => {
    expect(apiParameters(readListQuery({}), NOW_MS)).toEqual({
      offset: "0",
      limit: "10",
      with_attributes: "true",
      dir: "desc",
    });
  });

  it("counts pages, and the API journals", () => {
    expect(apiParameters(readListQuery({ page: "3", limit: "50" }), NOW_MS)).toMatchObject({
      offset: "100",
      limit: "50",
    });
    for (const page of ["0", "-1", "x", "1.5", ""]) expect(readListQuery({ page }).page).toBe(1);
    expect(readListQuery({ limit: "7" }).pageSize).toBe(10);
  });

  it("says what is shown of each, and in which order", () => {
    const query = { with_attributes: "false", with_metadata: "true", dir: "asc", operation: "user.create" };
    expect(apiParameters(readListQuery(query), NOW_MS)).toEqual({
      offset: "0",
      limit: "10",
      operation: "user.create",
      with_metadata: "true",
      dir: "asc",
    });
  });

  it("has a range in whole seconds, as the API takes it", () => {
    expect(apiParameters(readListQuery({ recent: "1h" }), NOW_MS).from).toBe(String(1_795_953_600 - 3600));
    expect(apiParameters(readListQuery({ from: "1", to: "wrong" }), NOW_MS)).toMatchObject({
      from: "1",
      to: "wrong",
    });
    expect(rangeIn({ recent: "9y" })).toEqual({ recent: "all" });
  });

  it("has a range that leaves nothing of the one before", () => {
    const ranges = [
      { recent: "all" },
      { recent: "7d" },
      { recent: undefined, from: "5", to: undefined },
      { recent: undefined, from: undefined, to: "9" },
    ];
    for (const before of ranges) {
      for (const range of ranges) {
        expect(rangeIn({ ...rangeChange(before), ...rangeChange(range) })).toEqual(range);
      }
    }
  });

  it("has times that a field of a form can hold, and leaves out what is none", () => {
    expect(timeOfSeconds("1714564800")).toBe("2024-05-01T12:00:00.000Z");
    expect(secondsOfTime(timeOfSeconds("1714564800"))).toBe("1714564800");
    for (const wrong of [undefined, "", "ten", "99999999999999"]) expect(timeOfSeconds(wrong)).toBe("");
    expect(secondsOfTime(undefined)).toBeUndefined();
  });
});

describe("a page of journals", () => {
  it("keeps the text of attributes and metadata: no number loses a digit", () => {
    const attributes = String.raw`{"n":1234567890123456789,"journals":[{"attributes":"\"]}"}],"a":1e400}`;
    const text = `{"total":2,"offset":0,"limit":10,"journals":[
      {"operation":"client.create","occurred_at":"2024-05-01T12:00:00.123456Z","domain":"d","attributes":${attributes},"metadata":{}},
      {"operation":"x","occurred_at":"2024-05-01T12:00:01Z"}]}\n`;
    expect(parseJournals(text)).toEqual({
      total: 2,
      journals: [
        {
          operation: "client.create",
          occurredAt: "2024-05-01T12:00:00.123456Z",
          domain: "d",
          attributes,
          metadata: "{}",
        },
        { operation: "x", occurredAt: "2024-05-01T12:00:01Z", domain: "", attributes: "", metadata: "" },
      ],
    });
  });

  it("may be empty", () => {
    expect(parseJournals('{"total":0,"offset":0,"limit":10,"journals":[]}\n')).toEqual({
      total: 0,
      journals: [],
    });
  });
});
