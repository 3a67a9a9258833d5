import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isNetlogError, type NetlogError } from "../../../lib/base/errors.ts";
import { LIMITS, type Limits } from "../../../lib/limits.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { LineCutter } from "../../../lib/message/line-cutter.ts";
import { COMPRESSION_NONE, encodeMessage } from "../../../lib/message/message.ts";
import { MessageCutter } from "../../../lib/message/message-cutter.ts";
import { encodeGroup, type GroupCaps, MessageGroups } from "../../../lib/message/message-groups.ts";
import { encodeSet, unpackEntry } from "../../../lib/message/message-set.ts";
import "../../support/fixed-seed.ts";

const CAPS: GroupCaps = { messages: 1000, bytes: 1_000_000 };

/** `bytes` in pieces that end at `cuts`, wherever those lie. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end));
}

/** Payloads as latin1 text, group by group, as a reader of the log gets them. */
async function groupsOf(groups: MessageGroups): Promise<string[][]> {
  const found: string[][] = [];
  for (let group = groups.take(); group !== undefined; group = groups.take()) {
    const { entry, count } = await encodeGroup(group, COMPRESSION_NONE, inlineOffload, LIMITS);
    const unpacked = await unpackEntry(entry, count, inlineOffload, LIMITS);
    found.push(Array.from({ length: count }, (_, i) => unpacked.payload(i).toString("latin1")));
  }
  return found;
}

async function cutLines(input: readonly Buffer[], caps: GroupCaps = CAPS): Promise<string[][]> {
  const groups = new MessageGroups(caps);
  const cutter = new LineCutter(groups, LIMITS.payloadBytes);
  for (const piece of input) cutter.write(piece);
  cutter.end();
  return await groupsOf(groups);
}

async function cutMessages(input: readonly Buffer[], caps: GroupCaps = CAPS): Promise<string[][]> {
  const groups = new MessageGroups(caps);
  const cutter = new MessageCutter(groups, LIMITS);
  for (const piece of input) cutter.write(piece);
  expect(cutter.end()).toBeUndefined();
  return await groupsOf(groups);
}

function refusalOf(run: () => unknown): NetlogError {
  try {
    run();
  } catch (error) {
    if (isNetlogError(error)) return error;
    throw error;
  }
  return expect.unreachable("was to be refused");
}

describe("lines", () => {
  test.each([
    ["end with LF", "a\nbc\n", ["a", "bc"]],
    ["end with CRLF", "a\r\nbc\r\n", ["a", "bc"]],
    ["need no end where the text ends", "a\nbc", ["a", "bc"]],
    ["keep a CR that no LF follows", "a\rb\nc\r\r\nd\r", ["a\rb", "c\r", "d\r"]],
    ["are skipped where they are empty", "\n\r\n\na\n\n\r\n\nb\n", ["a", "b"]],
    ["may hold any other bytes", "\0\n\xff\xfe \t\n", ["\0", "\xff\xfe \t"]],
  ])("%s", async (_name, text, expected) => {
    expect((await cutLines([Buffer.from(text, "latin1")])).flat()).toEqual(expected);
  });

  test("are none in a text without any", async () => {
    expect(await cutLines([Buffer.from("\r\n\n")])).toEqual([]);
  });

  test("are the same, however the text is cut into pieces and the messages into groups", async () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "é", "\r", "\n", "\r\n", "long ".repeat(30)),
      maxLength: 60,
    });
    const caps = fc.record({
      messages: fc.integer({ min: 1, max: 5 }),
      bytes: fc.integer({ min: 1, max: 300 }),
    });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(), { maxLength: 8 }), caps, async (whole, cuts, given) => {
        const bytes = Buffer.from(whole);
        const expected = bytes
          .toString("latin1")
          .split(/\r?\n/)
          .filter((line) => line !== "");
        const groups = await cutLines(pieces(bytes, cuts), given);
        expect(groups.flat()).toEqual(expected);
        for (const group of groups) {
          expect(group.length).toBeLessThanOrEqual(given.messages);
          const sizeBytes = group.reduce((sum, line) => sum + 9 + line.length, 0);
          if (group.length > 1) expect(sizeBytes).toBeLessThanOrEqual(given.bytes);
        }
      }),
    );
  });

  test("may be as long as a payload, and CRLF does not count", async () => {
    const groups = new MessageGroups(CAPS);
    const cutter = new LineCutter(groups, 3);
    for (const piece of ["abc\r\nde", "f\nghi\r", "\njkl"]) cutter.write(Buffer.from(piece));
    cutter.end();
    expect(await groupsOf(groups)).toEqual([["abc", "def", "ghi", "jkl"]]);
  });

  test.each([
    ["abcd\n", 1],
    ["abcd", 1],
    ["abc\rd", 1],
    ["abcdefgh", 0],
  ])("that are longer are refused, with their place, and those before them kept: %j", async (text, kept) => {
    const groups = new MessageGroups(CAPS);
    const cutter = new LineCutter(groups, 3);
    const error = refusalOf(() => {
      if (kept > 0) cutter.write(Buffer.from("é\n"));
      for (const char of text) cutter.write(Buffer.from(char));
      cutter.end();
    });
    expect(error.code).toBe("payload_too_large");
    expect(error.reason).toBe(`message ${kept} at byte ${kept * 3}: a payload has at most 3 bytes`);
    expect((await groupsOf(groups)).flat()).toHaveLength(kept);
  });
});

describe("messages", () => {
  const payload = fc.uint8Array({ minLength: 1, maxLength: 40 });

  test("are the same, however they are cut into pieces and groups", async () => {
    const caps = fc.record({
      messages: fc.integer({ min: 1, max: 5 }),
      bytes: fc.integer({ min: 1, max: 200 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(payload, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        caps,
        async (payloads, cuts, given) => {
          const bytes = Buffer.concat(payloads.map((payload) => encodeMessage(payload)));
          const groups = await cutMessages(pieces(bytes, cuts), given);
          expect(groups.flat()).toEqual(payloads.map((each) => Buffer.from(each).toString("latin1")));
        },
      ),
    );
  });

  const two = Buffer.concat([encodeMessage(Buffer.from("one")), encodeMessage(Buffer.from("three"))]);

  function refused(bytes: Buffer, limits: Partial<Limits> = {}): string {
    const groups = new MessageGroups(CAPS);
    const cutter = new MessageCutter(groups, { ...LIMITS, ...limits });
    const error = refusalOf(() => {
      for (const byte of bytes) cutter.write(Buffer.of(byte));
      cutter.end();
    });
    return `${groups.totalCount} kept, ${error.code}: ${error.reason}`;
  }

  function changed(position: number, byte: number): Buffer {
    const bytes = Buffer.from(two);
    bytes[position] = byte;
    return bytes;
  }

  test.each([
    ["a wrong checksum", changed(14, 0), "bad_request: message 1 at byte 12, checksum: expected"],
    [
      "a version that is not known",
      changed(12, 0x20),
      "bad_request: message 1 at byte 12, unknown: expected version 0",
    ],
    [
      "a set among messages",
      changed(12, 2),
      "bad_request: message 1 at byte 12, unknown: expected a single message",
    ],
    ["no payload", changed(20, 0), "bad_request: message 1 at byte 12, length: expected at least 1 byte"],
    [
      "a header that is cut",
      two.subarray(0, 20),
      "bad_request: message 1 at byte 12, length: expected 9 bytes of header, found 8",
    ],
    [
      "a payload that is cut",
      two.subarray(0, 25),
      "bad_request: message 1 at byte 12, length: expected 5 bytes of payload, found 4",
    ],
    [
      "a length past the end",
      changed(17, 0xff),
      "bad_request: message 1 at byte 12, length: expected 4278190085 bytes",
    ],
  ])("are refused at the first that has %s", (_name, bytes, expected) => {
    expect(refused(bytes)).toContain(`1 kept, ${expected}`);
  });

  test("are refused when one is larger than a payload may be, whole or not", () => {
    const reason = "1 kept, payload_too_large: message 1 at byte 12: a payload has at most 4 bytes";
    expect(refused(two, { payloadBytes: 4 })).toBe(reason);
    expect(refused(Buffer.concat([changed(17, 1), Buffer.alloc(9)]), { payloadBytes: 4 })).toBe(reason);
    const groups = new MessageGroups(CAPS);
    const cutter = new MessageCutter(groups, { ...LIMITS, payloadBytes: 4 });
    expect(refusalOf(() => cutter.write(two)).code).toBe("payload_too_large");
  });

  test("may be one set instead, which comes back whole at the end, not yet verified", async () => {
    for (const type of [1, 2, 3] as const) {
      const set = await encodeSet(two, type, inlineOffload, LIMITS);
      const groups = new MessageGroups(CAPS);
      const cutter = new MessageCutter(groups, LIMITS);
      for (const byte of set) cutter.write(Buffer.of(byte));
      expect(groups.take()).toBeUndefined();
      expect(cutter.end()).toEqual(set);
    }
    const set = await encodeSet(two, 1, inlineOffload, LIMITS);
    expect(refused(set, { batchBytes: 20 })).toContain(
      "message 0 at byte 0: a message set has at most 20 bytes",
    );
  });
});
