import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { unpackGoData } from "../../support/go-data.ts";
import { runCommand } from "../../support/run-command.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const FIRST_DATA = "00000000000000000000.data";
/** After each name: messages, offsets, segments, scanners. */
const LINES = [
  "imported: empty: 0 messages, 1 segment, 0 scanners",
  "imported: gzip: 37 messages (offsets 0 to 36), 1 segment, 1 scanner",
  "imported: none: 37 messages (offsets 0 to 36), 1 segment, 0 scanners",
  "imported: plain: 25 messages (offsets 0 to 24), 1 segment, 1 scanner",
  "imported: segments: 12 messages (offsets 0 to 11), 3 segments, 0 scanners",
  "imported: snappy: 37 messages (offsets 0 to 36), 1 segment, 0 scanners",
];
const CLEAN = "0 damaged, 0 unreadable, 0 torn";

let source: string;
let dir: string;
beforeEach(() => {
  source = unpackGoData();
  // As old as they are by the real clock, they would be warned of.
  for (const topic of readdirSync(source)) {
    const path = join(source, topic, "settings.json");
    writeFileSync(path, readFileSync(path, "utf8").replace("30day", "1000year"));
  }
  dir = join(temporaryFolder(), "data");
});

function flipByte(path: string, position: number): void {
  const bytes = readFileSync(path);
  bytes[position]! ^= 1;
  writeFileSync(path, bytes);
}

describe("netlog import", () => {
  it("tells what was imported, a topic a line, and a summary: status 0", async () => {
    const { status, out, err } = await runCommand(["import", source, "--dir", dir]);
    expect(out.trimEnd().split("\n")).toEqual([
      ...LINES,
      `done: 6 topics with 148 messages imported, 0 topics not imported; ${CLEAN}, 0 notes`,
    ]);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect((await runCommand(["check", "--dir", dir])).out).toMatch(/^healthy: .*0 notes\n$/);
  });

  it("imports the topics that are named alone, wherever the flag stands", async () => {
    const { status, out } = await runCommand(["import", "--dir", dir, source, "plain"]);
    expect(out).toMatch(/^imported: plain: .*\ndone: 1 topic with 25 messages imported, 0 topics not/);
    expect(status).toBe(0);
    expect(readdirSync(dir)).toEqual(["plain"]);
  });

  it("refuses topics that are there already: status 1", async () => {
    await runCommand(["import", source, "--dir", dir, "plain"]);
    const { status, out } = await runCommand(["import", source, "--dir", dir, "plain", "none"]);
    expect(out.trimEnd().split("\n")).toEqual([
      LINES[2],
      "not imported: plain: there is a topic of this name already",
      `NOT everything: 1 topic with 37 messages imported, 1 topic not imported; ${CLEAN}, 0 notes`,
    ]);
    expect(status).toBe(1);
  });

  it("names what is damaged with file, place and reason, and imports the rest: status 1", async () => {
    const data = join(source, "plain", FIRST_DATA);
    flipByte(data, 0x29 + 9);
    const { status, out } = await runCommand(["import", source, "--dir", dir]);
    expect(out).toMatch(`damage: ${data} at byte 41: message 1 is lost (checksum: expected `);
    expect(out).toContain("imported: plain: 24 messages (offsets 0 to 24), 2 segments, 1 scanner\n");
    expect(out).toMatch(/\nNOT everything: 6 topics with 147 messages imported, .*; 1 damaged, .*\n$/);
    expect(status).toBe(1);
  });

  it.each([
    [
      "data that is cut",
      (folder: string) => truncateSync(join(folder, "plain", FIRST_DATA), 20_000),
      "damage",
    ],
    [
      "an index that is missing",
      (folder: string) => rmSync(join(folder, "plain", FIRST_DATA.replace("data", "index"))),
      "damage",
    ],
    [
      "settings that are missing",
      (folder: string) => rmSync(join(folder, "plain", "settings.json")),
      "damage",
    ],
    [
      "a write that was cut off",
      (folder: string) => appendFileSync(join(folder, "plain", FIRST_DATA), "\0"),
      "torn",
    ],
  ])("ends with status 1 for %s", async (_case, damage, kind) => {
    damage(source);
    const { status, out } = await runCommand(["import", source, "--dir", dir, "plain"]);
    expect(out).toMatch(new RegExp(`^${kind}: ${join(source, "plain")}/`));
    expect(status).toBe(1);
  });

  it("tells the same as JSON", async () => {
    flipByte(join(source, "plain", FIRST_DATA), 0x29 + 9);
    const { out } = await runCommand(["import", source, "--dir", dir, "--json", "plain"]);
    const [finding, topic, summary, ...more] = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(finding).toMatchObject({ kind: "damage", topic: "plain", position: 41, offset: 1, nextOffset: 2 });
    expect(topic).toEqual({
      name: "plain",
      isImported: true,
      messageCount: 24,
      logStartOffset: 0,
      logEndOffset: 25,
      segmentCount: 2,
      scannerCount: 1,
    });
    expect(summary).toEqual({
      summary: {
        topicCount: 1,
        refusedCount: 0,
        messageCount: 24,
        found: { damage: 1, unreadable: 0, torn: 0, note: 0 },
        isComplete: true,
      },
    });
    expect(more).toEqual([]);
  });

  it("draws its progress on a terminal, and takes it away for what it tells", async () => {
    const { out, err } = await runCommand(["import", source, "--dir", dir], { isTTY: true });
    const drawn = err.split("\r\x1b[K").filter((line) => line !== "");
    expect(drawn[0]).toMatch(/^import +\d+% \[[#.]+\] .* \/ 97\.\d KiB /);
    expect(err.endsWith("\r\x1b[K")).toBe(true);
    expect(out).not.toContain("\x1b");
  });
});

describe("mistakes", () => {
  it.each([
    ["without a folder", [], 2, /^netlog: import needs a folder or file to import: netlog import <source>/],
    [
      "with an unknown topic",
      ["SOURCE", "nope"],
      2,
      /^netlog: there is no topic "nope" to import; there are empty, gzip, /,
    ],
    [
      "with an unknown flag",
      ["SOURCE", "--dri", "x"],
      2,
      /^netlog: unknown flag --dri; there are --config, --dir, --json/,
    ],
    [
      "with a folder or file that is missing",
      ["SOURCE/nowhere"],
      1,
      /^netlog: there is nothing at .*\/nowhere\n/,
    ],
    [
      "with a topic's folder",
      ["SOURCE/plain"],
      1,
      /^netlog: .*\/plain is the folder of one topic; .*netlog import \S+ plain\n/,
    ],
    [
      "with a file",
      ["SOURCE/plain/settings.json"],
      1,
      /^netlog: .*settings\.json is neither a folder nor a file of frames\n/,
    ],
    [
      "with a folder of something else",
      ["SOURCE/plain/readers"],
      1,
      /^netlog: there is no topic of the Go NetLog in .*readers\n/,
    ],
  ])("%s are one line on stderr, and nothing is made", async (_case, args, expected, line) => {
    const given = args.map((arg) => arg.replace("SOURCE", source));
    const { status, out, err } = await runCommand(["import", ...given, "--dir", dir]);
    expect({ status, out }).toEqual({ status: expected, out: "" });
    expect(err).toMatch(line);
    expect(err.split("\n")).toHaveLength(2);
    expect(() => readdirSync(dir)).toThrow("ENOENT");
  });

  it("into the source itself, or below it, are refused before anything is written", async () => {
    const link = join(temporaryFolder(), "link");
    symlinkSync(source, link);
    for (const [from, into] of [
      [source, source],
      [source, join(source, "new")],
      [link, source],
      [source, link],
    ]) {
      const { status, out, err } = await runCommand(["import", from!, "--dir", into!]);
      expect({ status, out }).toEqual({ status: 1, out: "" });
      expect(err).toMatch(/^netlog: the import would write into .*, which it only reads; .*--dir\n$/);
    }
    expect(readdirSync(source)).toEqual(["empty", "gzip", "none", "plain", "segments", "snappy"]);
  });

  it("with a folder that this netlog wrote say how to serve it", async () => {
    await runCommand(["import", source, "--dir", dir]);
    const other = join(temporaryFolder(), "other");
    const { status, err } = await runCommand(["import", dir, "--dir", other]);
    expect(status).toBe(1);
    expect(err).toMatch(/is a data folder of this netlog already; .*netlog --dir \S+\n$/);
  });
});
