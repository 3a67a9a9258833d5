/** What the client library says of a platform, the journal understands: both read the same from the same bytes. */
import "../../../support/fixed-seed.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  encodePlatformEvent,
  type PlatformEvent,
  platformEvents,
} from "../../../../lib/client/events/platform.ts";
import { Malformed } from "../../../../lib/views/index.ts";
import { decodeEvent, type JournalEvent } from "../../../../lib/views/journal/decode.ts";
import { anyPlatformEvent } from "../../client/events/platform-events-fixture.ts";

const ID = "6f1d2a64-0000-4000-8000-000000000000";
const NOW_MS = Date.parse("2026-01-01T00:00:00.001Z");

function journalOf(event: PlatformEvent): JournalEvent | Malformed {
  return decodeEvent(platformEvents().encode(event, ID, NOW_MS));
}

/** UTC, to the nanosecond at most. */
function timeWithin(first: string, last: string): fc.Arbitrary<string> {
  const [min, max] = [new Date(first), new Date(last)];
  return fc
    .tuple(fc.date({ min, max, noInvalidDate: true }), fc.stringMatching(/^(\.\d{1,9})?$/))
    .map(([date, fraction]) => `${date.toISOString().slice(0, 19)}${fraction}Z`);
}

/** Floored: before 1970 the digits count upwards, too. */
function microsOf(time: string): number {
  const [, digits = ""] = /\.(\d+)/.exec(time) ?? [];
  return Date.parse(`${time.slice(0, 19)}Z`) * 1000 + Number(digits.slice(0, 6).padEnd(6, "0"));
}

const KINDS: Readonly<Record<string, string>> = { thing: "client", profile: "channel", group: "group" };

function entitiesOf({ operation, action, identity }: PlatformEvent): ReadonlySet<string> {
  const kind = KINDS[operation.split(".")[0] ?? ""];
  const subject = kind === undefined || action.id === "" ? [] : [`${kind}:${action.id}`];
  return new Set([...subject, ...(identity === undefined ? [] : [`user:${identity.id}`])]);
}

test("an event of the client's vocabulary has the same operation, place, time, entities and attributes in the journal", () => {
  const counts = { taken: 0, refused: 0 };
  fc.assert(
    fc.property(
      anyPlatformEvent(),
      fc.option(timeWithin("1685-01-01T00:00:00Z", "2254-12-31T23:59:59Z"), { nil: undefined }),
      (given, occurredAt) => {
        const event = { ...given, occurredAt };
        const journal = journalOf(event);
        const fields = encodePlatformEvent(event);
        if (Object.values(fields).some((value) => value.includes("\0"))) {
          counts.refused += 1;
          expect(journal).toEqual(new Malformed("the event holds a NUL, which PostgreSQL does not take"));
          return;
        }
        counts.taken += 1;
        if (journal instanceof Malformed) throw new Error(journal.why);
        const { text, metadata, entities, ...rest } = journal;
        expect(rest).toEqual({
          operation: event.operation,
          domain: event.orgId,
          occurredAt: occurredAt === undefined ? NOW_MS * 1000 : microsOf(occurredAt),
          telemetry: undefined,
        });
        expect(new Set(entities.keys)).toEqual(entitiesOf(event));
        expect(JSON.parse(text)).toEqual({ occurred_at: "2026-01-01T00:00:00.001Z", ...fields, evt_id: ID });
        const own = "metadata" in event.action ? event.action.metadata : undefined;
        expect(metadata === undefined ? undefined : JSON.parse(metadata)).toEqual(own);
      },
    ),
    { numRuns: 500 },
  );
  expect(Math.min(counts.taken, counts.refused)).toBeGreaterThan(20);
});

test("a time that the journal cannot keep is refused, and the reason says which it can", () => {
  const early = timeWithin("0001-01-01T00:00:00Z", "1684-01-01T00:00:00Z");
  const late = timeWithin("2256-01-01T00:00:00Z", "9999-12-31T00:00:00Z");
  fc.assert(
    fc.property(fc.oneof(early, late), (occurredAt) => {
      expect(journalOf({ operation: "org.create", action: { id: "o" }, orgId: "o", occurredAt })).toEqual(
        new Malformed("occurred_at: is a text, and no time of RFC 3339 of the years 1685 to 2254"),
      );
    }),
    { numRuns: 200 },
  );
});
