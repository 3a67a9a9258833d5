/**
 * Valid batches with fields, changed at random, with their checksums made right again or not: what a topic takes of
 * them, a check finds sound. MUTATIONS tries more of them than the default, PROPERTY_SEED others.
 */
import { expect, test } from "vitest";
import { crc32 } from "../../../lib/base/checksum.ts";
import { isNetlogError } from "../../../lib/base/errors.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { refusalOfFields } from "../../../lib/message/field-rules.ts";
import { decodeFields, type EntryFields, encodeFields } from "../../../lib/message/fields.ts";
import { encodeMessage } from "../../../lib/message/message.ts";
import { encodeSet, unpackEntry } from "../../../lib/message/message-set.ts";
import { openNetlog } from "../../support/netlog-fixture.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const MUTATIONS = Number(process.env.MUTATIONS ?? 2000);
const random = seededRandom(Number(process.env.PROPERTY_SEED ?? 1));

const below = (end: number): number => Math.floor(random() * end);

const FIELDS: readonly (EntryFields | undefined)[] = [
  undefined,
  { key: "order-7" },
  { contentType: "application/json", headers: [["traceparent", "00-1"]] },
  {
    key: "k",
    headers: [
      ["x-meta-a", "1"],
      ["ce-id", ""],
    ],
  },
];

function validBatch(): Buffer[] {
  return Array.from({ length: 1 + below(4) }, () => {
    const fields = FIELDS[below(FIELDS.length)];
    return encodeMessage(Buffer.alloc(1 + below(30), "payload"), fields && encodeFields(fields));
  });
}

/** Any change to the bytes behind the header, or to the first byte, which says how to read them. */
function mutate(message: Buffer): Buffer {
  const place = random() < 0.2 ? 0 : 9 + below(message.length - 9);
  switch (below(5)) {
    case 0:
      message[place] = below(256);
      return message;
    case 1:
      message[place]! ^= 1 << below(8);
      return message;
    case 2:
      return message.subarray(0, Math.max(9, place));
    case 3:
      return Buffer.concat([message.subarray(0, 9), message.subarray(place)]);
    default:
      message.writeUInt16BE(below(40), Math.min(9 + below(30), message.length - 2));
      return message;
  }
}

/** Length and checksum are right again. */
function seal(message: Buffer): Buffer {
  message.writeUInt32BE(message.length - 9, 5);
  message.writeUInt32BE(crc32(message.subarray(9)), 1);
  return message;
}

function mutatedBatch(): Buffer {
  const messages = validBatch();
  const index = below(messages.length);
  let changed = messages[index]!;
  for (let count = 1 + below(2); count > 0; count--) changed = mutate(Buffer.from(changed));
  messages[index] = random() < 0.9 ? seal(Buffer.from(changed)) : changed;
  const bytes = Buffer.concat(messages);
  if (random() < 0.5) return bytes;
  const set = encodeSet(bytes, ([1, 2, 3] as const)[below(3)]!, inlineOffload, LIMITS) as Buffer;
  return random() < 0.8 ? set : seal(mutate(Buffer.from(set)));
}

test(`what is stored of ${MUTATIONS} mutated batches is sound, and within the rules`, async () => {
  const { netlog } = await openNetlog();
  const topic = await netlog.createTopic("t");
  let refusedCount = 0;
  let takenCount = 0;
  for (let i = 0; i < MUTATIONS; i++) {
    try {
      const batch = await topic.batches.parseMessages(mutatedBatch());
      const unpacked = await unpackEntry(batch.entry, batch.count, inlineOffload, LIMITS);
      for (let each = 0; each < batch.count; each++) {
        const { key, contentType, headers, ...others } = decodeFields(
          unpacked.fieldBytes(each) ?? Buffer.alloc(0),
        );
        expect(others).toEqual({});
        const fields = {
          ...(key && { key }),
          ...(contentType && { contentType }),
          ...(headers && { headers }),
        };
        expect(refusalOfFields(fields, LIMITS)).toBeUndefined();
        expect(unpacked.payload(each).length).toBeGreaterThan(0);
      }
      await topic.publishBatch(batch);
      takenCount += 1;
    } catch (error) {
      if (!isNetlogError(error, "bad_request")) throw error;
      expect(error.reason).toMatch(/^(in the set as unpacked, )?message \d+ at byte \d+/);
      refusedCount += 1;
    }
  }
  expect(await topic.check(0)).toEqual([]);
  // Both happen often: neither all that is changed is refused, nor little of it.
  expect(Math.min(refusedCount, takenCount)).toBeGreaterThan(MUTATIONS / 20);
  await netlog.close();
});
