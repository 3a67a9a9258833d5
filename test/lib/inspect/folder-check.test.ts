/** What the check of a folder without a server tells beside damaged bits. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { checkDataFolder } from "../../../lib/index.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { encodeFrame } from "../../../lib/log/frame.ts";
import { encodeSegmentHeader, OLD_LAYOUT } from "../../../lib/log/segment-header.ts";
import { SparseIndex } from "../../../lib/log/sparse-index.ts";
import { encodeMessage } from "../../../lib/message/message.ts";
import { encodeScannerFile } from "../../../lib/scanner/scanner-file.ts";
import { copyOf, type Filled, fill, findingsOf, MESSAGES } from "../../support/damage-fixture.ts";
import { pathsOf, snapshotOf, stretchesOf } from "../../support/data-files.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { unpackGoData } from "../../support/go-data.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";
import { DATA_FOLDER } from "../../support/netlog-fixture.ts";

const TOPIC_FOLDER = `${DATA_FOLDER}/t`;
const FIRST_DATA = `${TOPIC_FOLDER}/00000000000000000000.data`;
const FIRST_INDEX = `${TOPIC_FOLDER}/00000000000000000000.index`;

let filled: Filled;
beforeAll(async () => {
  filled = await fill("closed");
});

const folderCheck = {
  folder: DATA_FOLDER,
  topics: [],
  onFinding: () => {},
  onProgress: () => {},
  isCancelled: () => false,
};

it("changes no byte and leaves no lock, whatever it finds", async () => {
  const disk = await copyOf(filled);
  await disk.remove(FIRST_INDEX);
  disk.replaceBytes(FIRST_DATA, disk.bytesOf(FIRST_DATA).subarray(0, 300));
  await disk.makeFolder(`${DATA_FOLDER}/.deleted-x`);
  const before = snapshotOf(disk);
  expect(await findingsOf(disk)).not.toEqual([]);
  expect(snapshotOf(disk)).toEqual(before);
  expect(disk.paths().filter((path) => path.includes(".lock"))).toEqual([]);
});

it("counts topics, segments, bytes and messages, and tells how far it is", async () => {
  const disk = await copyOf(filled);
  const progress: [number, number][] = [];
  const summary = await checkDataFolder({
    limits: LIMITS,
    ...folderCheck,
    disk,
    onProgress: (doneBytes, totalBytes) => progress.push([doneBytes, totalBytes]),
  });
  const files = pathsOf(disk, DATA_FOLDER, ".data");
  const sizeBytes = files.reduce((sum, path) => sum + disk.bytesOf(path).length, 0);
  const found = { damage: 0, unreadable: 0, torn: 0, note: 0 };
  expect(summary).toEqual({
    topicCount: 3,
    segmentCount: files.length,
    sizeBytes,
    messageCount: 2 * MESSAGES + 3,
    found,
    isComplete: true,
  });
  expect(progress.at(-1)).toEqual([sizeBytes, sizeBytes]);
  expect(progress.map(([doneBytes]) => doneBytes)).toEqual(
    progress.map(([doneBytes]) => doneBytes).sort((a, b) => a - b),
  );
});

it("stops when it is cancelled, and says so", async () => {
  const summary = await checkDataFolder({
    limits: LIMITS,
    ...folderCheck,
    disk: await copyOf(filled),
    isCancelled: () => true,
  });
  expect(summary).toMatchObject({ isComplete: false, messageCount: 0 });
});

it("goes on without a lock where none can be had, and says so", async () => {
  const faulty = new FaultyDisk(await copyOf(filled));
  faulty.plan({ code: "EROFS", kinds: ["lock"] });
  const messages: string[] = [];
  await checkDataFolder({
    limits: LIMITS,
    ...folderCheck,
    disk: faulty,
    onFinding: ({ message }) => messages.push(message),
  });
  expect(messages).toEqual([expect.stringContaining("not locked, so a server may write meanwhile")]);
});

it("calls what the system does not let it read unreadable, and not damaged", async () => {
  const faulty = new FaultyDisk(await copyOf(filled));
  faulty.plan({ code: "EIO", kinds: ["read"], path: /\/t\/0{20}\.data$/ });
  const summary = await checkDataFolder({ limits: LIMITS, ...folderCheck, disk: faulty });
  expect(summary.found).toEqual({ damage: 0, unreadable: 1, torn: 0, note: 0 });
});

describe("notes, which are no damage:", () => {
  it.each<[string, (disk: MemoryDisk) => void | Promise<void>, string]>([
    ["a folder that is no topic", (disk) => disk.makeFolder(`${DATA_FOLDER}/photos`), "no topic; left alone"],
    [
      "what an interrupted creation left",
      (disk) => disk.makeFolder(`${DATA_FOLDER}/.creating-1`),
      "the next start removes it",
    ],
    [
      "a leftover of a file that was being replaced",
      (disk) => disk.replaceBytes(`${TOPIC_FOLDER}/settings.json.tmp`, Buffer.from("{")),
      "left by an interrupted change",
    ],
    [
      "a copy of what an opening was rewriting",
      (disk) => disk.replaceBytes(`${TOPIC_FOLDER}/00000000000000000000.rewrite-16`, Buffer.from("x")),
      "which the next start puts back",
    ],
    [
      "such a copy that is not whole",
      (disk) => disk.replaceBytes(`${TOPIC_FOLDER}/00000000000000000000.rewrite-16.tmp`, Buffer.from("x")),
      "left by an interrupted change",
    ],
    [
      "an index without data",
      (disk) => disk.replaceBytes(`${TOPIC_FOLDER}/00000000000000000001.index`, Buffer.from("x")),
      "an index without data",
    ],
    [
      "a file of nobody",
      (disk) => disk.replaceBytes(`${TOPIC_FOLDER}/readme.txt`, Buffer.from("x")),
      "no file of a topic",
    ],
  ])("%s", async (_name, change, message) => {
    const disk = await copyOf(filled);
    await change(disk);
    expect(await findingsOf(disk)).toEqual([
      expect.objectContaining({ kind: "note", message: expect.stringContaining(message) }),
    ]);
  });

  it("an index that is whole and contradicts its data", async () => {
    const disk = await copyOf(filled);
    const { index, footer } = SparseIndex.decode(disk.bytesOf(FIRST_INDEX), 0, 1)!;
    const last = stretchesOf(disk, FIRST_DATA).at(-1)!;
    index.add(last.offset, last.start, footer.lastTimestampMs + 1);
    const wrong = index.encode({ ...footer, lastTimestampMs: footer.lastTimestampMs + 1 });
    disk.replaceBytes(FIRST_INDEX, wrong);
    expect(await findingsOf(disk)).toEqual([
      expect.objectContaining({
        kind: "note",
        file: FIRST_INDEX,
        position: last.start,
        message: expect.stringContaining("contradicts"),
      }),
    ]);
  });

  it("a scanner whose next message lies behind the end of its topic", async () => {
    const disk = await copyOf(filled);
    await disk.makeFolder(`${TOPIC_FOLDER}/scanners`);
    const state = { sequence: 0, from: 0, next: MESSAGES + 1 };
    disk.replaceBytes(`${TOPIC_FOLDER}/scanners/s.scanner`, encodeScannerFile(state));
    expect(await findingsOf(disk)).toEqual([
      expect.objectContaining({ kind: "note", message: expect.stringContaining("moves it back") }),
    ]);
  });
});

it("a segment that was just being made when the process was killed is torn", async () => {
  const disk = await copyOf(filled);
  const file = `${TOPIC_FOLDER}/${String(MESSAGES).padStart(20, "0")}.data`;
  disk.replaceBytes(file, Buffer.alloc(5));
  expect(await findingsOf(disk)).toEqual([
    expect.objectContaining({ kind: "torn", file, position: 0, offset: MESSAGES }),
  ]);
});

it("finds a message that is wrong within a frame that is right", async () => {
  const disk = await copyOf(filled);
  const message = encodeMessage(Buffer.from("payload"));
  message[4]! ^= 1;
  const frame = Buffer.alloc(40 + message.length);
  const header = { baseOffset: 0, timestampMs: 1, unsyncedCount: 0, messageCount: 1 };
  encodeFrame(frame, 0, header, message);
  for (const path of pathsOf(disk, `${DATA_FOLDER}/other`, "")) {
    if (/\.(data|index)$/.test(path)) await disk.remove(path);
  }
  const file = `${DATA_FOLDER}/other/00000000000000000000.data`;
  disk.replaceBytes(file, Buffer.concat([encodeSegmentHeader(1, OLD_LAYOUT), frame]));
  expect(await findingsOf(disk)).toEqual([
    expect.objectContaining({
      kind: "damage",
      type: "checksum",
      file,
      position: 16,
      offset: 0,
      nextOffset: 1,
    }),
  ]);
});

it("tells a data folder of the Go NetLog for what it is", async () => {
  const folder = unpackGoData();
  const disk = await copyOf(filled);
  await disk.makeFolder(`${DATA_FOLDER}/go`);
  for (const name of readdirSync(join(folder, "segments"))) {
    disk.replaceBytes(`${DATA_FOLDER}/go/${name}`, readFileSync(join(folder, "segments", name)));
  }
  const findings = await findingsOf(disk, ["go"]);
  const segments = findings.filter(({ file }) => file.endsWith(".data"));
  expect(segments).toHaveLength(3);
  for (const { kind, message } of segments) {
    expect(kind).toBe("damage");
    expect(message).toContain("`netlog import <this data folder> --dir <new one>` brings it over");
  }
});
