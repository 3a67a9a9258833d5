import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { nodeDisk } from "../../../lib/index.ts";
import { type Filled, fill, flipBitOf, writeOut } from "../../support/damage-fixture.ts";
import { runCommand } from "../../support/run-command.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const FIRST_DATA = "00000000000000000000.data";

let filled: Filled;
let folder: string;
beforeAll(async () => {
  filled = await fill("closed");
});
beforeEach(() => {
  folder = temporaryFolder();
  writeOut(filled, folder);
});

/** Every name below the folder, with size and content. */
function stateOf(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const isFile = statSync(join(path, name)).isFile();
      const content = isFile
        ? createHash("sha256")
            .update(readFileSync(join(path, name)))
            .digest("hex")
        : "";
      return `${name} ${content}`;
    });
}

function parseLines(out: string): Record<string, unknown>[] {
  return out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The frame of message 0 of topic `t`, damaged in its payload. */
function damageFirstMessage(): string {
  const path = join(folder, "t", FIRST_DATA);
  flipBitOf(path, 24 + 40 + 9, 2);
  return path;
}

test("a healthy folder: status 0, one line, and nothing in it is changed", async () => {
  const before = stateOf(folder);
  const { status, out, err } = await runCommand(["check", "--dir", folder]);
  expect({ status, err }).toEqual({ status: 0, err: "" });
  expect(out).toMatch(/^healthy: 3 topics, \d+ segments, .* 147 messages whole, .*0 damaged.*\n$/);
  expect(stateOf(folder)).toEqual(before);
});

test("a damaged folder is named, status 1, and nothing in it is mended", async () => {
  const path = damageFirstMessage();
  const before = stateOf(folder);
  const { status, out } = await runCommand(["check", "--dir", folder]);
  expect(status).toBe(1);
  const [finding, summary] = out.split("\n");
  expect(finding).toContain(`damage: ${path} at byte 24: message 0 is lost (checksum: expected 0x`);
  expect(summary).toMatch(/^NOT healthy: .* 146 messages whole, .*1 damaged, 0 unreadable, 0 torn, 0 notes$/);
  expect(stateOf(folder)).toEqual(before);
});

test("with --json each finding is a line, and the last line sums up", async () => {
  const file = damageFirstMessage();
  const { status, out } = await runCommand(["check", "-json", "-dir", folder]);
  expect(status).toBe(1);
  expect(parseLines(out)).toEqual([
    {
      kind: "damage",
      topic: "t",
      file,
      position: 24,
      offset: 0,
      nextOffset: 1,
      type: "checksum",
      expected: expect.stringMatching(/^0x[0-9a-f]{8}$/),
      actual: expect.stringMatching(/^0x[0-9a-f]{8}$/),
      message: "message 0 is lost",
    },
    {
      summary: {
        topicCount: 3,
        segmentCount: expect.any(Number),
        sizeBytes: expect.any(Number),
        messageCount: 146,
        found: { damage: 1, unreadable: 0, torn: 0, note: 0 },
        isComplete: true,
      },
    },
  ]);
});

test("a torn tail alone is reported and is no damage: a crash leaves one", async () => {
  const active = readdirSync(join(folder, "t")).findLast((name) => name.endsWith(".data"))!;
  const path = join(folder, "t", active);
  const { size } = statSync(path);
  appendFileSync(path, "torn");
  const { status, out } = await runCommand(["check", "--dir", folder]);
  expect(status).toBe(0);
  expect(out).toContain(`torn: ${path} at byte ${size}: a torn tail of 4 bytes`);
  expect(out).toMatch(/^healthy: .*1 torn/m);
});

test("only the topics that are named are looked at", async () => {
  damageFirstMessage();
  mkdirSync(join(folder, "no-topic"));
  const { status, out } = await runCommand(["check", "other", "--dir", folder]);
  expect(status).toBe(0);
  expect(out).toMatch(/^healthy: 1 topic, 1 segment, .* 3 messages whole, .* 0 notes\n$/);
});

describe("refuses in one line", () => {
  test("a topic that is not there, with status 2", async () => {
    const { status, out, err } = await runCommand(["check", "--dir", folder, "nobody"]);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toBe('netlog: there is no topic "nobody"; there are gzipped, other, t\n');
  });

  test("a folder that is not there, and makes none", async () => {
    const { status, out, err } = await runCommand(["check", "--dir", join(folder, "missing")]);
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(err).toBe(`netlog: there is no data folder ${join(folder, "missing")}\n`);
    expect(readdirSync(folder)).not.toContain("missing");
  });

  test("the folder of one topic, and names the data folder", async () => {
    const { status, out, err } = await runCommand(["check", "--dir", join(folder, "t")]);
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(err).toBe(
      `netlog: ${join(folder, "t")} is the folder of one topic; the data folder is ${folder}, the folder around it\n`,
    );
  });

  test("a file", async () => {
    writeFileSync(join(folder, "file"), "");
    const { status, err } = await runCommand(["check", "--dir", join(folder, "file")]);
    expect({ status, err }).toEqual({
      status: 1,
      err: `netlog: the data folder ${join(folder, "file")} is not a folder\n`,
    });
  });

  test("a folder that a server uses", async () => {
    const lock = await nodeDisk.lock(folder);
    onTestFinished(() => lock.release());
    const { status, out, err } = await runCommand(["check", "--dir", folder]);
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(err).toMatch(/^netlog: the data folder .* is in use by a server; stop it, or ask it: GET .*\n$/);
  });

  test("a wrong flag, with status 2", async () => {
    const { status, err } = await runCommand(["check", "--jsn"]);
    expect(status).toBe(2);
    expect(err).toBe("netlog: unknown flag --jsn; did you mean --json? there are --config, --dir, --json\n");
  });
});

describe("progress", () => {
  test("is drawn on a terminal, and taken away before the result", async () => {
    const { out, err } = await runCommand(["check", "--dir", folder], { isTTY: true });
    expect(err).toMatch(/check +\d+% \[[#.]+\] .* \/ .*\/s/);
    expect(err.endsWith("\r\x1b[K")).toBe(true);
    expect(out).toMatch(/^healthy/);
  });

  test("is nothing where stderr is no terminal", async () => {
    expect((await runCommand(["check", "--dir", folder])).err).toBe("");
  });
});
