import { expect, test } from "vitest";
import { crc32 } from "../../../lib/base/checksum.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { parseBinaryBatch } from "../../../lib/message/batch-binary.ts";
import { inlineOffload, type Offload } from "../../../lib/message/compression.ts";
import { DamagedEntryError } from "../../../lib/message/flaw.ts";
import { COMPRESSION_NONE, encodeMessage, MESSAGE_HEADER_BYTES } from "../../../lib/message/message.ts";
import { encodeEntry, encodeSet, unpackEntry } from "../../../lib/message/message-set.ts";

const MESSAGES = Array.from({ length: 4000 }, (_, i) => ({ payload: Buffer.alloc(1000, `message ${i}`) }));

/** An entry that takes long to verify, and what counts how often others had their turn meanwhile. */
async function longSet(): Promise<{ entry: Buffer; offload: Offload; pauses: () => number }> {
  let pauseCount = 0;
  const entry = await encodeEntry(MESSAGES, 0, MESSAGES.length, 1, inlineOffload, LIMITS);
  const pause = (): Promise<void> => {
    pauseCount += 1;
    return Promise.resolve();
  };
  return { entry, offload: { ...inlineOffload, pause }, pauses: () => pauseCount };
}

test("a long set is taken apart with the event loop given back in between", async () => {
  const { entry, offload, pauses } = await longSet();
  const unpacked = await unpackEntry(entry, MESSAGES.length, offload, LIMITS);
  expect(unpacked.count).toBe(MESSAGES.length);
  expect(MESSAGES.every(({ payload }, i) => unpacked.payload(i).equals(payload))).toBe(true);
  expect(pauses()).toBeGreaterThan(10);
});

test.each([
  ["one more", 1],
  ["one fewer", -1],
])("a long set that has %s than it says is damaged", async (_name, difference) => {
  const { entry, offload } = await longSet();
  const unpacked = unpackEntry(entry, MESSAGES.length - difference, offload, LIMITS);
  await expect(unpacked).rejects.toMatchObject({ flaw: { type: "length" } });
});

test("a flaw at the end of a long set is found", async () => {
  const { entry, offload } = await longSet();
  entry[entry.length - 1]! ^= 1;
  // As if the set as a whole had been found sound.
  entry.writeUInt32BE(crc32(entry.subarray(MESSAGE_HEADER_BYTES)), 1);
  const position = 3999 * (MESSAGE_HEADER_BYTES + 1000);
  const unpacked = unpackEntry(entry, MESSAGES.length, offload, LIMITS);
  await expect(unpacked).rejects.toMatchObject({ flaw: { type: "checksum", index: 3999, position } });
});

test("the verified sum of a large entry vouches for its payload, and for nothing else", async () => {
  const payload = Buffer.alloc(100_000, "x");
  const entry = encodeMessage(payload);
  const sum = crc32(entry);
  const unpacked = await unpackEntry(entry, 1, inlineOffload, LIMITS, sum);
  expect(unpacked.payload(0).equals(payload)).toBe(true);
  const flawOf = (bytes: Buffer, count = 1): unknown => {
    try {
      return unpackEntry(bytes, count, inlineOffload, LIMITS, crc32(bytes));
    } catch (error) {
      return error instanceof DamagedEntryError ? error.flaw.type : error;
    }
  };
  const changed = (position: number): Buffer => {
    const copy = Buffer.from(entry);
    copy[position]! ^= 0x40;
    return copy;
  };
  expect(flawOf(changed(0))).toBe("unknown");
  expect(flawOf(changed(1))).toBe("checksum");
  expect(flawOf(changed(5))).toBe("length");
  expect(flawOf(changed(50_000))).toBe("checksum");
  expect(flawOf(entry, 2)).toBe("length");
  expect(flawOf(Buffer.concat([entry, Buffer.from("x")]))).toBe("length");
});

test("a batch of many messages is verified in pieces, singles and sets, and so is a set of small messages", async () => {
  const messages = Buffer.concat(Array.from({ length: 20_000 }, () => encodeMessage(Buffer.from("m"))));
  const set = await encodeSet(messages, COMPRESSION_NONE, inlineOffload, LIMITS);
  let pauseCount = 0;
  const offload: Offload = { ...inlineOffload, pause: () => Promise.resolve(void pauseCount++) };
  for (const body of [messages, set]) {
    pauseCount = 0;
    expect(await parseBinaryBatch(body, offload, LIMITS)).toMatchObject({ count: 20_000 });
    expect(pauseCount).toBeGreaterThanOrEqual(16);
  }
  pauseCount = 0;
  expect(await parseBinaryBatch(messages.subarray(0, 10_000), offload, LIMITS)).toMatchObject({
    count: 1000,
  });
  expect(pauseCount).toBe(0);
  expect((await unpackEntry(set, 20_000, offload, LIMITS)).count).toBe(20_000);
  expect(pauseCount).toBeGreaterThan(0);
  const damaged = Buffer.from(messages);
  damaged[damaged.length - 1]! ^= 1;
  await expect(parseBinaryBatch(damaged, offload, LIMITS)).rejects.toThrow("message 19999 at byte 199990");
});
