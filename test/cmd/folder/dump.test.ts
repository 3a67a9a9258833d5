import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { FileStorage, Netlog, nodeDisk, nodeRuntime, silentLogger } from "../../../lib/index.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { addFields } from "../../../lib/message/entry-fields.ts";
import { encodeMessage } from "../../../lib/message/message.ts";
import { encodeLeaseFile, encodeRecords } from "../../../lib/scanner/lease-file.ts";
import { PendingTable } from "../../../lib/scanner/pending-table.ts";
import { encodeScannerFile } from "../../../lib/scanner/scanner-file.ts";
import { type Filled, fill, flipBitOf, writeOut } from "../../support/damage-fixture.ts";
import { plainFrames, snapshotOf, withFrames } from "../../support/data-files.ts";
import { unpackGoData } from "../../support/go-data.ts";
import { openNetlog } from "../../support/netlog-fixture.ts";
import { runCommand } from "../../support/run-command.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** Header, then messages `m0` to `m4` in frames of 51 bytes, then a set of `m5` to `m11`. */
const DATA = "00000000000000000000.data";
const FRAME_BYTES = 40 + 9 + 2;

let filled: Filled;
let path: string;
beforeAll(async () => {
  filled = await fill("closed");
});
beforeEach(() => {
  const folder = temporaryFolder();
  writeOut(filled, folder);
  path = join(folder, "t", DATA);
});

async function dump(...args: string[]): Promise<{ status: number; lines: string[] }> {
  const { status, out, err } = await runCommand(["dump", ...args]);
  expect(err).toBe("");
  return { status, lines: out.trimEnd().split("\n") };
}

async function dumpJson(...args: string[]): Promise<Record<string, unknown>[]> {
  const { lines } = await dump("--json", ...args);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("messages with fields", () => {
  const fields = { key: "käse\n", contentType: "text/html", headers: [["ce-id", "1"]] } as const;

  async function filledPath(): Promise<string> {
    const folder = temporaryFolder();
    const surroundings = { limits: LIMITS, runtime: nodeRuntime, logger: silentLogger };
    const netlog = await Netlog.open({
      ...surroundings,
      openStorage: () => FileStorage.open({ ...surroundings, folder, disk: nodeDisk }),
    });
    const topic = await netlog.createTopic("t");
    await topic.publish({ payload: Buffer.from("single"), ...fields });
    const set = [{ payload: Buffer.from("a"), key: "k" }, { payload: Buffer.from("b") }];
    await Promise.all(set.map((message) => topic.publish(message)));
    const last = { closes: true, producer: { id: "p", epoch: 1, seq: 2 } };
    await topic.publishBatch(addFields({ entry: encodeMessage(Buffer.from("c")), count: 1 }, last));
    await netlog.close();
    return join(folder, "t", DATA);
  }

  test("are shown with their fields where payloads are asked for", async () => {
    const path = await filledPath();
    const { lines } = await dump("--payloads", path);
    const [single = 0, set = 0, last = 0] = lines.flatMap((line, i) =>
      /^ +\d+ {2}offset/.test(line) ? [i] : [],
    );
    expect(lines[single]).toMatch(/, single, with fields$/);
    expect(lines.slice(single + 1, set)).toEqual([
      '              key "käse\\x0a"',
      "              content type text/html",
      "              ce-id: 1",
      '            0: 6 bytes "single"',
    ]);
    expect(lines.slice(set + 1, last)).toEqual([
      '            1: 1 bytes "a"',
      '              key "k"',
      '            2: 1 bytes "b"',
    ]);
    expect(lines.slice(last + 1, last + 3)).toEqual([
      '              producer "p", epoch 1, number 2',
      "              closes the topic",
    ]);
  });

  test("are shown in JSON with their fields", async () => {
    const frames = (await dumpJson("--payloads", await filledPath())).filter(({ kind }) => kind === "frame");
    expect(frames.map((frame) => frame.fields)).toEqual([
      fields,
      undefined,
      { closes: true, producer: { id: "p", epoch: 1, seq: 2 } },
    ]);
    expect(frames[1]?.messages).toMatchObject([{ fields: { key: "k" } }, {}]);
  });

  test("keep their fields to themselves otherwise", async () => {
    const { lines } = await dump(await filledPath());
    expect(lines.join("\n")).not.toContain("text/html");
  });
});

describe("a data file", () => {
  test("is shown header and frame by frame", async () => {
    const { status, lines } = await dump(path);
    expect(status).toBe(0);
    expect(lines[0]).toMatch(/: data file, \d+ bytes/);
    expect(lines[1]).toMatch(/^ +0 {2}segment header, version 3, created 2026-01-01T00:00:00.000Z, CRC ok$/);
    expect(lines[2]).toBe(
      "        24  offset 0, 2026-01-01T00:00:00.000Z, synced mark 0 (0 unsynced), 51 bytes, " +
        "header CRC ok, entry CRC ok, single",
    );
    expect(lines[7]).toMatch(/^ +279 {2}offsets 5 to 11, .* set$/);
    expect(lines.at(-1)).toMatch(/end: \d+ frames with \d+ messages$/);
  });

  test("has no payload shown unless that is asked for", async () => {
    expect((await dump(path)).lines.join("\n")).not.toContain("m3");
    const { lines } = await dump("--payloads", path);
    expect(lines).toContain('            3: 2 bytes "m3"');
    expect(lines).toContain('            7: 2 bytes "m7"');
  });

  test("has payloads escaped that could play with the terminal, and long ones cut", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t");
    for (const payload of ["\x1b[2J\n", "x".repeat(100)])
      await topic.publish({ payload: Buffer.from(payload) });
    await topic.publish({ payload: Buffer.from([0xff, 0x41, 0xfe]) });
    await netlog.close();
    const folder = temporaryFolder();
    writeOut({ files: snapshotOf(disk), runtime }, folder);
    const { lines } = await dump("--payloads", join(folder, "t", DATA));
    expect(lines).toContain('            0: 5 bytes "\\x1b[2J\\x0a"');
    expect(lines).toContain(`            1: 100 bytes "${"x".repeat(64)}…"`);
    expect(lines.find((line) => line.startsWith("            2: 3 bytes"))).toBe(
      '            2: 3 bytes "\\xffA\\xfe"',
    );
  });

  test("with a bad entry says BAD, and goes on behind it", async () => {
    flipBitOf(path, 24 + FRAME_BYTES + 45, 0);
    const { status, lines } = await dump(path);
    expect(status).toBe(1);
    expect(lines[3]).toMatch(
      /^ +75 {2}offset 1, .* entry CRC BAD \(0x[0-9a-f]{8} written, 0x[0-9a-f]{8} computed\)/,
    );
    expect(lines[4]).toMatch(/^ +126 {2}offset 2, .* entry CRC ok/);
    expect(lines.at(-1)).toContain("1 of them BAD");
  });

  test("with a bad header says where and what it sees, and goes on at the next one", async () => {
    flipBitOf(path, 24 + FRAME_BYTES + 5, 0);
    const { status, lines } = await dump(path);
    expect(status).toBe(1);
    expect(lines[3]).toMatch(/^ +75 {2}\?\? 51 bytes, up to 126: header BAD$/);
    expect(lines[4]).toMatch(/^ {12}00 01 00 00 00 00 00 01 /);
    expect(lines[6]).toMatch(/^ +126 {2}offset 2, .* entry CRC ok, single$/);
    expect(lines[7]).toBe("            !! offset 1 should follow");
    const gap = (await dumpJson(path)).find(({ kind }) => kind === "gap");
    expect(gap).toMatchObject({
      position: 75,
      nextPosition: 126,
      bytes: expect.stringMatching(/^0001[0-9a-f]{60}$/),
    });
  });

  test("that ends within a frame says how much of it is there", async () => {
    truncateSync(path, 24 + FRAME_BYTES + 45);
    const { status, lines } = await dump(path);
    expect(status).toBe(1);
    expect(lines[3]).toContain("entry cut off");
    expect(lines[4]).toBe("            !! cut off: 5 of 11 bytes of entry are there");
  });

  test("with zeros at its end says that they are zeros", async () => {
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(100)]));
    const { status, lines } = await dump(path);
    expect(status).toBe(1);
    expect(
      lines.some((line) => line.endsWith(`?? 100 bytes, up to ${readFileSync(path).length}: zeros`)),
    ).toBe(true);
  });

  test("with frames that do not follow each other says so", async () => {
    const bytes = readFileSync(path);
    const frames = plainFrames(bytes);
    const cut = [frames.subarray(FRAME_BYTES, 2 * FRAME_BYTES), frames.subarray(3 * FRAME_BYTES)];
    writeFileSync(path, withFrames(bytes, Buffer.concat(cut)));
    const { lines } = await dump(path);
    expect(lines).toContain("            !! offset 2 should follow");
  });

  test("as JSON is a record a line", async () => {
    const [file, header, frame] = await dumpJson("--payloads", path);
    expect(file).toMatchObject({ kind: "file", what: "data file" });
    expect(header).toMatchObject({ kind: "header", version: 3, createdAtMs: Date.UTC(2026, 0, 1) });
    expect(frame).toMatchObject({
      kind: "frame",
      position: 24,
      baseOffset: 0,
      messageCount: 1,
      unsyncedCount: 0,
      syncedMark: 0,
      sizeBytes: 51,
      compression: "single",
      troubles: [],
      messages: [{ offset: 0, sizeBytes: 2, payload: Buffer.from("m0").toString("hex") }],
    });
    expect(frame?.entryCrc).toBe(frame?.actualEntryCrc);
  });
});

describe("other files", () => {
  test("an index: its entries and how far it speaks", async () => {
    const { status, lines } = await dump(path.replace(/data$/, "index"));
    expect(status).toBe(0);
    expect(lines[1]).toMatch(/^ +offset 0 at byte 24 of the data, 2026-/);
    expect(lines[2]).toMatch(/^ +footer: speaks of the data up to byte \d+, offset \d+, last time 2026-/);
    expect(lines[3]).toBe("            CRC ok");
  });

  test("a damaged index: what it says all the same, and that it is BAD", async () => {
    const index = path.replace(/data$/, "index");
    flipBitOf(index, 3, 0);
    const { status, lines } = await dump(index);
    expect(status).toBe(1);
    expect(lines[1]).toContain("offset 1 at byte 24");
    expect(lines.at(-1)).toBe("            !! CRC BAD");
  });

  test("a scanner: which of its slots counts", async () => {
    const file = join(path, "..", "s.scanner");
    writeFileSync(file, encodeScannerFile({ sequence: 1, from: 2, next: 7 }));
    const { status, lines } = await dump(file);
    expect(status).toBe(0);
    expect(lines.slice(1)).toEqual([
      "         0  slot, never written",
      "      4096  slot, sequence 1, from 2, next 7, CRC ok; this one counts",
    ]);
    flipBitOf(file, 4096 + 9, 0);
    expect(await dump(file)).toMatchObject({
      status: 1,
      lines: expect.arrayContaining(["      4096  slot BAD"]),
    });
  });

  test("a scanner with acknowledgements: what its journal comes to", async () => {
    const file = join(path, "..", "work.leases");
    const table = new PendingTable(3);
    const state = encodeLeaseFile({ from: 3, settings: { ack_wait: "30s" }, table });
    const records = encodeRecords([{ kind: "give", offset: 3 }], 1, state.length);
    writeFileSync(file, Buffer.concat([state, records, Buffer.from("NLA")]));
    const { status, lines } = await dump(file);
    expect(status).toBe(0);
    expect(lines.slice(1)).toEqual([
      "         0  journal of 2 blocks: from 3, next 4; 0 redelivered, 0 to the dead letter, 0 skipped",
      '            settings {"ack_wait":"30s"}',
      "            3: not settled, given out 1 time",
      `${String(state.length + records.length).padStart(10)}  a torn end of 3 bytes`,
    ]);
    flipBitOf(file, 30, 0);
    expect(await dump(file)).toMatchObject({
      status: 1,
      lines: expect.arrayContaining(["         0  journal BAD"]),
    });
  });

  test.each([
    ["torn bytes", "00000000000000000000.torn-24"],
    ["copy of the end of a data file", "00000000000000000000.rewrite-24"],
  ])("%s, which have no header, are frames from their first byte on", async (what, name) => {
    const file = join(path, "..", name);
    writeFileSync(file, readFileSync(path).subarray(24, 24 + FRAME_BYTES));
    const { status, lines } = await dump(file);
    expect(status).toBe(0);
    expect(lines[0]).toContain(`: ${what}, ${FRAME_BYTES} bytes`);
    expect(lines[1]).toMatch(/^ +0 {2}offset 0, /);
    expect(lines[2]).toMatch(/end: 1 frame with 1 message$/);
  });

  test.each([
    ["data", "plain/00000000000000000000.data"],
    ["index", "plain/00000000000000000000.index"],
    ["scanner", "plain/readers"],
  ])("a Go NetLog's %s file is named as such", async (_kind, name) => {
    const found = join(unpackGoData(), name);
    const file = name.endsWith("readers") ? join(found, readdirSync(found)[0]!) : found;
    const { lines } = await dump(file);
    expect(lines[0]).toContain("file of the Go NetLog (version 1)");
  });
});

describe("mistakes", () => {
  test.each([[[]], [["a", "b"]]])("%j is not one file: status 2", async (files) => {
    const { status, err } = await runCommand(["dump", ...files]);
    expect({ status, err }).toEqual({ status: 2, err: "netlog: dump takes one file\n" });
  });

  test("a file that is not there: status 1 and one line", async () => {
    const { status, out, err } = await runCommand(["dump", `${path}x`]);
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(err).toMatch(/^netlog: ENOENT: [^\n]*\n$/);
  });
});
