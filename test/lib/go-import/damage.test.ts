import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../lib/limits.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { encodeMessage } from "../../../lib/message/message.ts";
import { encodeSet } from "../../../lib/message/message-set.ts";
import {
  type GoFiles,
  type GoSegment,
  type GoWrite,
  goTopic,
  singleWrites,
} from "../../support/go-folder.ts";
import {
  type Imported,
  openTopic,
  readMessages,
  readTexts,
  runImport,
} from "../../support/go-import-fixture.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const SECONDS = 1_795_250_000;
const FIRST = "t/00000000000000000000";
const SECOND = "t/00000000000000000008";
const HEADER_BYTES = 16;

function set(texts: readonly string[], type: 1 | 2 | 3, seconds: number): GoWrite {
  const messages = Buffer.concat(texts.map((text) => encodeMessage(Buffer.from(text))));
  return { seconds, bytes: encodeSet(messages, type, inlineOffload, LIMITS) as Buffer, count: texts.length };
}

/** Singles and sets; the second segment is the one that was written to. */
const SEGMENTS: readonly GoSegment[] = [
  {
    baseOffset: 0,
    writes: [
      ...singleWrites(["m0", "m1"], SECONDS),
      set(["m2", "m3", "m4"], 1, SECONDS + 5),
      ...singleWrites(["m5"], SECONDS + 6),
      set(["m6", "m7"], 2, SECONDS + 7),
    ],
  },
  {
    baseOffset: 8,
    writes: [
      ...singleWrites(["m8"], SECONDS + 8),
      set(["m9", "m10"], 3, SECONDS + 9),
      ...singleWrites(["m11"], SECONDS + 10),
    ],
  },
];
const COUNT = 12;
const WHOLE: readonly (readonly [number, string | undefined])[] = Array.from({ length: COUNT }, (_, i) => [
  i,
  `m${i}`,
]);

function topicFiles(): GoFiles {
  return goTopic("t", SEGMENTS);
}

/** The files with another content at one path; without it where there is none. */
function changed(path: string, change: (bytes: Buffer) => Buffer | undefined): GoFiles {
  const files = topicFiles();
  const bytes = change(Buffer.from(files.get(path)!));
  if (bytes === undefined) files.delete(path);
  else files.set(path, bytes);
  return files;
}

function flipped(path: string, position: number, mask: number): GoFiles {
  return changed(path, (bytes) => {
    bytes[position]! ^= mask;
    return bytes;
  });
}

/** What is expected when these offsets are lost. */
function without(lost: readonly number[]): (readonly [number, string | undefined])[] {
  return WHOLE.map(([offset, text]) => [offset, lost.includes(offset) ? undefined : text]);
}

/** Offsets of the write whose bytes hold `position` of a segment's data. */
function offsetsAt({ baseOffset, writes }: GoSegment, position: number): number[] {
  let start = HEADER_BYTES;
  let offset = baseOffset;
  for (const { bytes, count } of writes) {
    if (position < start + bytes.length) return Array.from({ length: count }, (_, i) => offset + i);
    start += bytes.length;
    offset += count;
  }
  throw new RangeError(`nothing is at ${position}`);
}

async function textsOf(imported: Imported): Promise<(readonly [number, string | undefined])[]> {
  return await readTexts(await openTopic(imported, "t"));
}

const PLACES = SEGMENTS.flatMap((segment, i) => {
  const path = [FIRST, SECOND][i]!;
  const dataBytes = segment.writes.reduce((sum, { bytes }) => sum + bytes.length, HEADER_BYTES);
  return {
    segment,
    data: `${path}.data`,
    index: `${path}.index`,
    dataBytes,
    indexBytes: (segment.writes.length + 1) * 16,
  };
});

it("a topic that is whole has no finding", async () => {
  const imported = await runImport(topicFiles());
  expect(imported.findings).toEqual([]);
  expect(await textsOf(imported)).toEqual(WHOLE);
});

describe.each(PLACES)("of $data", ({ segment, data, index, dataBytes, indexBytes }) => {
  it("any flipped bit of a message costs the messages written with it, and is named with its place", async () => {
    for (let position = HEADER_BYTES; position < dataBytes; position++) {
      const imported = await runImport(flipped(data, position, 1 << (position % 8)));
      const lost = offsetsAt(segment, position);
      expect(await textsOf(imported), `byte ${position}`).toEqual(without(lost));
      expect(imported.findings, `byte ${position}`).toEqual([
        expect.objectContaining({
          kind: "damage",
          topic: "t",
          file: `/go/${data}`,
          offset: lost[0],
          nextOffset: lost.at(-1)! + 1,
          message: expect.stringMatching(/lost$/),
        }),
      ]);
      const { position: told = -1 } = imported.findings[0]!;
      expect(told <= position && offsetsAt(segment, told)[0] === lost[0]).toBe(true);
    }
  });

  it("any cut leaves the messages before it, and the offsets of those behind it are not given again", async () => {
    for (let sizeBytes = HEADER_BYTES; sizeBytes < dataBytes; sizeBytes++) {
      const imported = await runImport(changed(data, (bytes) => bytes.subarray(0, sizeBytes)));
      const from = offsetsAt(segment, sizeBytes)[0]!;
      const end = segment.baseOffset === 0 ? 8 : COUNT;
      const lost = Array.from({ length: end - from }, (_, i) => from + i);
      const topic = await openTopic(imported, "t");
      expect(await readTexts(topic), `${sizeBytes} bytes`).toEqual(without(lost));
      expect((await topic.publish({ payload: Buffer.from("next") })).offset).toBe(COUNT);
      expect(imported.summary.found.damage).toBe(1);
      expect(imported.findings[0]).toMatchObject({ offset: from, nextOffset: end, type: "length" });
    }
  });

  it("any flipped bit of the index costs no message, and is named unless it makes another time", async () => {
    for (let position = 0; position < indexBytes; position++) {
      const imported = await runImport(flipped(index, position, 1 << (position % 8)));
      const topic = await openTopic(imported, "t");
      expect(await readTexts(topic), `byte ${position}`).toEqual(WHOLE);
      expect((await topic.publish({ payload: Buffer.from("next") })).offset).toBe(COUNT);
      const isTime = position % 16 >= 4 && position % 16 < 8;
      if (!isTime) {
        expect(imported.findings, `byte ${position}`).toEqual([
          expect.objectContaining({ kind: "damage", topic: "t", file: `/go/${index}` }),
        ]);
      }
    }
  });

  it("any cut of the index costs no message, and is named", async () => {
    for (let sizeBytes = 0; sizeBytes < indexBytes; sizeBytes++) {
      const imported = await runImport(changed(index, (bytes) => bytes.subarray(0, sizeBytes)));
      expect(await textsOf(imported), `${sizeBytes} bytes`).toEqual(WHOLE);
      expect(imported.findings).toEqual([expect.objectContaining({ kind: "damage", file: `/go/${index}` })]);
    }
  });

  it("an index of any garbage costs no message", async () => {
    const random = seededRandom(4);
    for (let round = 0; round < 40; round++) {
      const density = random();
      const files = changed(
        index,
        (bytes) => bytes.map((byte) => (random() < density ? Math.floor(random() * 256) : byte)) as Buffer,
      );
      const imported = await runImport(files);
      const read = (await textsOf(imported)).slice(0, COUNT);
      expect(read, `round ${round}`).toEqual(WHOLE);
    }
  });

  it("no index at all costs no message: they have the time at which the segment was made", async () => {
    const imported = await runImport(changed(index, () => undefined));
    const { baseOffset, writes } = segment;
    const messages = await readMessages(await openTopic(imported, "t"));
    expect(messages.get(baseOffset + 1)).toMatchObject({
      text: `m${baseOffset + 1}`,
      timestampMs: writes[0]!.seconds * 1000,
    });
    expect(imported.findings).toEqual([
      expect.objectContaining({
        kind: "damage",
        file: `/go/${index}`,
        message: expect.stringMatching(/no index/),
      }),
    ]);
    expect(messages.size).toBe(COUNT);
  });

  it("a damaged header costs no message, and is named", async () => {
    const imported = await runImport(flipped(data, 0, 0x40));
    expect(await textsOf(imported)).toEqual(WHOLE);
    expect(imported.findings).toEqual([
      expect.objectContaining({
        kind: "damage",
        file: `/go/${data}`,
        position: 0,
        message: expect.stringMatching(/header/),
      }),
    ]);
  });

  it("a data file that is missing costs its messages alone", async () => {
    const imported = await runImport(changed(data, () => undefined));
    const { baseOffset } = segment;
    const lost = WHOLE.map(([offset]) => offset).filter((offset) =>
      baseOffset === 0 ? offset < 8 : offset >= 8,
    );
    expect(await textsOf(imported)).toEqual(without(lost));
    expect(imported.findings.map(({ message }) => message)).toEqual([
      "there is no data file",
      expect.stringMatching(/are lost$/),
    ]);
  });
});

it("several damaged writes in a row are one finding, with the reason of the first", async () => {
  const files = changed(`${FIRST}.data`, (bytes) => bytes.fill(0xaa, HEADER_BYTES + 12, HEADER_BYTES + 40));
  const imported = await runImport(files);
  expect(await textsOf(imported)).toEqual(without([1, 2, 3, 4]));
  expect(imported.findings).toEqual([
    expect.objectContaining({ offset: 1, nextOffset: 5, position: HEADER_BYTES + 11 }),
  ]);
});

it("all of a topic's messages may be damaged: its offsets stay where they were", async () => {
  const files = topicFiles();
  for (const { data } of PLACES) files.set(data, files.get(data)!.fill(0xaa, HEADER_BYTES));
  const imported = await runImport(files);
  const topic = await openTopic(imported, "t");
  expect(await readTexts(topic)).toEqual(without(WHOLE.map(([offset]) => offset)));
  expect((await topic.publish({ payload: Buffer.from("next") })).offset).toBe(COUNT);
});

it("a write that the end of the server cut off is left out, and named", async () => {
  const cut = encodeMessage(Buffer.from("never whole")).subarray(0, 15);
  const imported = await runImport(changed(`${SECOND}.data`, (bytes) => Buffer.concat([bytes, cut])));
  expect(await textsOf(imported)).toEqual(WHOLE);
  expect(imported.findings).toEqual([
    expect.objectContaining({
      kind: "torn",
      offset: COUNT,
      nextOffset: COUNT,
      message: expect.stringMatching(/last 15 bytes/),
    }),
  ]);
});

it("messages that the index no longer has are imported, and named", async () => {
  const more = encodeMessage(Buffer.from("m12"));
  const imported = await runImport(changed(`${SECOND}.data`, (bytes) => Buffer.concat([bytes, more])));
  expect((await textsOf(imported)).at(-1)).toEqual([12, "m12"]);
  expect(imported.findings).toEqual([
    expect.objectContaining({ kind: "damage", file: `/go/${SECOND}.index` }),
  ]);
});

it("a time that lies in the future is not believed: it would hold back all that follow", async () => {
  const files = changed(`${FIRST}.index`, (bytes) => {
    bytes.writeUInt32BE(0xffff_ffff, 16 + 4);
    return bytes;
  });
  const imported = await runImport(files);
  const messages = await readMessages(await openTopic(imported, "t"));
  const times = [0, 1, 2].map((offset) => messages.get(offset)!.timestampMs / 1000 - SECONDS);
  expect(times).toEqual([0, 0, 5]);
  expect(imported.findings).toEqual([expect.objectContaining({ kind: "damage", position: 16 })]);
});

it("a set that holds another number of messages than the index has offsets for is left out", async () => {
  const [first, second] = SEGMENTS;
  const writes = first!.writes.map((write, i) =>
    i === 2 ? { ...set(["m2", "m3"], 1, SECONDS), count: 3 } : write,
  );
  const imported = await runImport(goTopic("t", [{ baseOffset: 0, writes }, second!]));
  expect(await textsOf(imported)).toEqual(without([2, 3, 4]));
  expect(imported.findings).toEqual([
    expect.objectContaining({ offset: 2, nextOffset: 5, expected: "3 messages", actual: "2" }),
  ]);
});

describe.each([
  ["missing", undefined, /no settings.*defaults/],
  ["not JSON", "{", /not JSON.*defaults/],
  ["no object", "[1]", /no JSON object.*defaults/],
])("settings that are %s", (_case, text, words) => {
  it("are named; the topic is imported with the defaults", async () => {
    const files = changed("t/settings.json", () => (text === undefined ? undefined : Buffer.from(text)));
    const imported = await runImport(files);
    expect(imported.findings).toEqual([
      expect.objectContaining({
        kind: "damage",
        file: "/go/t/settings.json",
        message: expect.stringMatching(words),
      }),
    ]);
    const topic = await openTopic(imported, "t");
    expect(await readTexts(topic)).toEqual(WHOLE);
    expect(topic.settings).toMatchObject({ segment_age: "30day", batch_num_messages: 100 });
  });
});

it.each([
  ["too short", Buffer.alloc(3)],
  ["too long", Buffer.alloc(9)],
  ["of no offset", Buffer.alloc(8, 0xff)],
])("a scanner's file that is %s is named, and the scanner left out", async (_case, bytes) => {
  const files = topicFiles()
    .set("t/readers/broken.scanner", bytes)
    .set("t/readers/whole.scanner", Buffer.alloc(8));
  const imported = await runImport(files);
  expect(imported.findings).toEqual([
    expect.objectContaining({ kind: "damage", file: "/go/t/readers/broken.scanner" }),
  ]);
  const topic = await openTopic(imported, "t");
  expect(topic.scanner("whole").info().next).toBe(1);
  expect(() => topic.scanner("broken")).toThrow();
});
