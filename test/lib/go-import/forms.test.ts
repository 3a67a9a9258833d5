import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../lib/index.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { encodeMessage } from "../../../lib/message/message.ts";
import { encodeSet } from "../../../lib/message/message-set.ts";
import { type GoWrite, goTopic, singleWrites } from "../../support/go-folder.ts";
import { openTopic, readMessages, readTexts, runImport } from "../../support/go-import-fixture.ts";

const SECONDS = 1_795_250_000;

function texts(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `m${from + i}`);
}

function numbered(values: readonly string[], offset = 0): (readonly [number, string])[] {
  return values.map((text, i) => [offset + i, text]);
}

function concatenated(values: readonly string[]): Buffer {
  return Buffer.concat(values.map((text) => encodeMessage(Buffer.from(text))));
}

function set(values: readonly string[], type: 1 | 2 | 3): GoWrite {
  const bytes = encodeSet(concatenated(values), type, inlineOffload, LIMITS) as Buffer;
  return { seconds: SECONDS, bytes, count: values.length };
}

/** Writes of one second each, whatever they were made with. */
function at(seconds: readonly number[]): GoWrite[] {
  return singleWrites(texts(seconds.length), 0).map((write, i) => ({
    ...write,
    seconds: SECONDS + seconds[i]!,
  }));
}

describe("offsets", () => {
  it("begin where the first segment that is left begins", async () => {
    const imported = await runImport(
      goTopic("t", [{ baseOffset: 70, writes: singleWrites(texts(3, 70), SECONDS) }]),
    );
    const topic = await openTopic(imported, "t");
    expect(await readTexts(topic)).toEqual(numbered(texts(3, 70), 70));
    expect((await topic.info()).first_offset).toBe(70);
    await expect(topic.message(69)).rejects.toMatchObject({
      code: "offset_not_found",
      details: { firstOffset: 70 },
    });
    expect(imported.findings).toEqual([]);
  });

  it("stay beyond 32 bits", async () => {
    const baseOffset = 2 ** 40;
    const imported = await runImport(goTopic("t", [{ baseOffset, writes: singleWrites(["far"], SECONDS) }]));
    expect(await readTexts(await openTopic(imported, "t"))).toEqual([[baseOffset, "far"]]);
  });

  it("of a segment that is missing are lost, and later ones keep their numbers", async () => {
    const segments = [0, 2, 4].map((baseOffset) => ({
      baseOffset,
      writes: singleWrites(texts(2, baseOffset), SECONDS + baseOffset),
    }));
    const imported = await runImport(goTopic("t", [segments[0]!, segments[2]!]));
    const topic = await openTopic(imported, "t");
    expect(await readTexts(topic)).toEqual([
      [0, "m0"],
      [1, "m1"],
      [2, undefined],
      [3, undefined],
      [4, "m4"],
      [5, "m5"],
    ]);
    expect(imported.findings).toEqual([
      expect.objectContaining({ kind: "damage", offset: 2, nextOffset: 4 }),
    ]);
  });

  it("of messages that two segments have are the later one's", async () => {
    const segments = [
      { baseOffset: 0, writes: singleWrites(texts(4), SECONDS) },
      { baseOffset: 2, writes: singleWrites(["later 2", "later 3"], SECONDS + 9) },
    ];
    const imported = await runImport(goTopic("t", segments));
    expect(await readTexts(await openTopic(imported, "t"))).toEqual(
      numbered(["m0", "m1", "later 2", "later 3"]),
    );
    expect(imported.findings[0]).toMatchObject({
      kind: "damage",
      message: expect.stringMatching(/next segment/),
    });
  });
});

it("single messages that were written together are each one of their own", async () => {
  const together = { seconds: SECONDS, bytes: concatenated(texts(3)), count: 3 };
  const imported = await runImport(
    goTopic("t", [{ baseOffset: 0, writes: [together, ...singleWrites(["m3"], SECONDS)] }]),
  );
  const topic = await openTopic(imported, "t");
  expect(await readTexts(topic)).toEqual(numbered(texts(4)));
  expect(imported.findings).toEqual([]);
  expect(
    imported.disk.bytesOf("/data/t/00000000000000000000.data").includes(encodeMessage(Buffer.from("m1"))),
  ).toBe(true);
});

it.each([1, 2, 3] as const)("a set of compression %i is kept byte for byte", async (type) => {
  const write = set(texts(5), type);
  const imported = await runImport(goTopic("t", [{ baseOffset: 0, writes: [write] }]));
  const data = imported.disk.bytesOf("/data/t/00000000000000000000.data");
  expect(data.subarray(24 + 40).equals(write.bytes)).toBe(true);
});

describe.each([1, 2, 3] as const)("a set of compression %i that is larger than one may be here", (type) => {
  const limits = { ...LIMITS, batchBytes: 200, setBytes: 220, batchMessages: 7 };

  it("by its bytes is cut into several", async () => {
    const many = texts(6).map((text) => text.padEnd(60, "."));
    const writes = [set(many, type), ...singleWrites(["behind"], SECONDS + 1)];
    const imported = await runImport(goTopic("t", [{ baseOffset: 0, writes }]), { limits });
    expect(imported.findings).toEqual([]);
    const topic = await openTopic(imported, "t");
    expect(await readTexts(topic)).toEqual(numbered([...many, "behind"]));
    expect(imported.topics[0]).toMatchObject({ messageCount: 7 });
  });

  it("by its messages is cut into several", async () => {
    const many = texts(20);
    const imported = await runImport(goTopic("t", [{ baseOffset: 0, writes: [set(many, type)] }]), {
      limits,
    });
    expect(imported.findings).toEqual([]);
    expect(await readTexts(await openTopic(imported, "t"))).toEqual(numbered(many));
  });
});

it("a single message that is larger than one may be here is kept", async () => {
  const text = "x".repeat(500);
  const limits = { ...LIMITS, payloadBytes: 100, batchBytes: 100, setBytes: 100 };
  const imported = await runImport(goTopic("t", [{ baseOffset: 0, writes: singleWrites([text], SECONDS) }]), {
    limits,
  });
  expect(await readTexts(await openTopic(imported, "t"))).toEqual([[0, text]]);
});

it("a segment that would grow too large here becomes several", async () => {
  const limits = { ...LIMITS, segmentSizeMaxBytes: 200 };
  const imported = await runImport(
    goTopic("t", [{ baseOffset: 0, writes: singleWrites(texts(9), SECONDS) }]),
    { limits },
  );
  const topic = await openTopic(imported, "t");
  expect(await readTexts(topic)).toEqual(numbered(texts(9)));
  expect((await topic.info()).segments.map((segment) => segment.first_offset)).toEqual([0, 3, 6]);
});

it("times never go back, as the clock there may have", async () => {
  const writes = at([10, 20, 15, 30]);
  const imported = await runImport(goTopic("t", [{ baseOffset: 0, writes }]));
  const times = Array.from(
    await readMessages(await openTopic(imported, "t")),
    ([, message]) => message!.timestampMs,
  );
  expect(times.map((timestampMs) => timestampMs / 1000 - SECONDS)).toEqual([10, 20, 20, 30]);
  expect(imported.findings).toEqual([]);
});

it("a topic whose messages are all older than its segment_age is imported with a warning", async () => {
  const writes = singleWrites(texts(2), SECONDS - 10 * 24 * 3600);
  const files = goTopic("t", [{ baseOffset: 0, writes }], { segment_age: "7day" });
  const { findings, summary } = await runImport(files);
  expect(findings).toEqual([
    expect.objectContaining({
      kind: "note",
      topic: "t",
      message: expect.stringMatching(/segment_age of 7day.*drops/),
    }),
  ]);
  expect(summary.messageCount).toBe(2);
});

describe("settings", () => {
  const segments = [{ baseOffset: 0, writes: singleWrites(["m0"], SECONDS) }];

  it.each([
    ["segment_size", 10, 1024],
    ["segment_size", 3 * 1024 ** 3, 2 * 1024 ** 3],
    ["segment_size", -1, 2 * 1024 ** 3],
    ["batch_num_messages", 1_000_000, 65_536],
    ["batch_interval", "3day", "0s"],
    ["compression_type", 9, 1],
    ["segment_age", 5, "30day"],
  ])("%s of %j, which is not allowed here, becomes %j, and a note says so", async (field, value, bent) => {
    const imported = await runImport(goTopic("t", segments, { [field]: value }));
    expect((await openTopic(imported, "t")).settings).toMatchObject({ [field]: bent });
    expect(imported.findings).toEqual([
      expect.objectContaining({
        kind: "note",
        file: "/go/t/settings.json",
        message: expect.stringContaining(field),
      }),
    ]);
    expect(imported.findings[0]!.message).toContain(`gets ${JSON.stringify(bent)}`);
  });

  it("of zero are the defaults, as there", async () => {
    const imported = await runImport(
      goTopic("t", segments, { segment_size: 0, segment_age: "0s", compression_type: 0 }),
    );
    expect(imported.findings).toEqual([]);
    expect((await openTopic(imported, "t")).settings).toMatchObject({
      segment_size: 1024 ** 3,
      segment_age: "30day",
    });
  });
});

it("scanners stay within the log, and one that has read nothing begins with the first message", async () => {
  const segments = [{ baseOffset: 5, writes: singleWrites(texts(3, 5), SECONDS) }];
  const files = goTopic("t", segments, {}, { behind: 2, within: 6, last: 7, beyond: 900 });
  files.set("t/readers/fresh.scanner", Buffer.alloc(0));
  const imported = await runImport(files);
  expect(imported.findings).toEqual([]);
  expect(imported.topics[0]).toMatchObject({ scannerCount: 5 });
  const topic = await openTopic(imported, "t");
  const next = ["behind", "within", "last", "beyond", "fresh"].map((id) => topic.scanner(id).info().next);
  expect(next).toEqual([5, 7, 8, 8, 5]);
});

it("a file among the scanners that is none is left out, and named", async () => {
  const files = goTopic("t", [{ baseOffset: 0, writes: singleWrites(["m0"], SECONDS) }]);
  files.set("t/readers/notes.txt", Buffer.from("x"));
  const { findings } = await runImport(files);
  expect(findings).toEqual([expect.objectContaining({ kind: "note", file: "/go/t/readers/notes.txt" })]);
});
