/** Whatever the journal's decoding takes, both databases take as well and give back: no event stops the view. */
import "../../../support/fixed-seed.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Malformed } from "../../../../lib/views/index.ts";
import { decodeEvent, RESERVED } from "../../../../lib/views/journal/decode.ts";
import { DATABASES } from "../../../support/views/databases.ts";
import { FIRST_MS, nanosAt, openJournal } from "../../../support/views/journal.ts";

const OPERATIONS = [
  "client.create",
  "client.remove",
  "messaging.client_publish",
  "messaging.client_subscribe",
  "messaging.client_unsubscribe",
  "mqtt.client_subscribe",
  "mqtt.client_disconnect",
  "channel.connect",
  "domain.create",
  "user.view",
];
const OTHER_KEYS = [
  "domain_id",
  "user_id",
  "entity_id",
  "client_ids",
  "channel_ids",
  "created_at",
  "metadata",
];

/** Few ids, so that events meet; and texts that a database, a topic or an index may not bear. */
const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("c", "d", "ch", "a/b", "+/#", "m/d/c/ch/+", "m.d.c.ch.>") },
  fc.constantFrom(
    "",
    "m/d/c/ch/%00",
    "m/d/c/ch/a%00/+",
    "m/d/c/ch/%F0%9F",
    "\0",
    "\ud83d",
    "\\u0000",
    '"{},',
  ),
  fc.constantFrom("x".repeat(1024), "é".repeat(512), "x".repeat(1025), "2024-05-01T12:00:00Z", "0001-01-01"),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.string({ unit: "binary", maxLength: 8 }).map((each) => `m/d/c/ch/${encodeURIComponent(each)}`),
);
const value = fc.oneof(
  { weight: 4, arbitrary: text },
  fc.constantFrom(null, true, 0, -1.5, 1e300, 5e-324, Number.MAX_SAFE_INTEGER),
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(text, text, { maxKeys: 2 }),
  fc.jsonValue({ maxDepth: 3 }),
);
const id = fc.constantFrom("a", "b");
/** What telemetry needs is there, mostly. */
const event = fc
  .record({
    operation: fc.constantFrom(...OPERATIONS),
    id,
    domain: fc.constantFrom("d", "é".repeat(512)),
    client_id: id,
    subscriber_id: id,
    channel_id: fc.constantFrom("ch", "x".repeat(1024)),
    topic: text,
    subtopic: text,
  })
  .chain((fields) =>
    fc
      .dictionary(fc.constantFrom(...Object.keys(fields), ...OTHER_KEYS), value, { maxKeys: 3 })
      .map((others) => JSON.stringify({ ...fields, ...others, operation: fields.operation })),
  );
const events = fc.array(event, { minLength: 40, maxLength: 60 });

describe.each(DATABASES)("$name", (target) => {
  test.skipIf(target.isMissing)(
    "takes every event that is no dead letter, and has its attributes",
    async () => {
      const opened = await target.open();
      const counts = { taken: 0, refused: 0 };
      const fixture = await openJournal(opened.database);
      const property = fc.asyncProperty(events, async (given) => {
        const texts = given.map((each) => `${each.slice(0, -1)},"occurred_at":${nanosAt(FIRST_MS)}}`);
        const taken = texts.filter((each) => !(decodeEvent(Buffer.from(each)) instanceof Malformed));
        await fixture.apply(...taken);
        const rows = await fixture.reads.query(
          "SELECT attributes FROM journal WHERE log_offset >= $1 ORDER BY log_offset",
          [counts.taken],
        );
        counts.taken += taken.length;
        counts.refused += texts.length - taken.length;
        const attributes = taken.map((each) => {
          const fields = JSON.parse(each) as Record<string, unknown>;
          return Object.fromEntries(
            Object.entries(fields).filter(([key]) => !(RESERVED as readonly string[]).includes(key)),
          );
        });
        expect(rows.map((row) => JSON.parse(String(row.attributes)) as object)).toEqual(attributes);
      });
      await fc.assert(property, { numRuns: 5, endOnFailure: true });
      expect(Math.min(counts.taken, counts.refused)).toBeGreaterThan(20);
      await opened.close();
    },
  );
});
