import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { runCommand } from "../../support/run-command.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { serverForTest, type TestServer } from "./client-commands.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder, "demo.frames");
});

/** A topic `demo` of this many messages, a frame each. */
async function filledServer(count = 3, dir?: string): Promise<TestServer> {
  const server = await serverForTest(dir);
  await server.out("create", "demo");
  for (let i = 0; i < count; i++) await publish(server, `m${i}`);
  return server;
}

async function publish({ url }: TestServer, body: string, headers: Record<string, string> = {}, query = "") {
  return await fetch(`${url}/demo/payload${query}`, { method: "POST", body, headers });
}

async function framesOf({ url }: TestServer, query = "from=0"): Promise<Buffer> {
  const answer = await fetch(`${url}/demo/batch?format=frames&max=100000&max_bytes=16777216&${query}`);
  return Buffer.from(await answer.arrayBuffer());
}

describe("an export of frames", () => {
  test("is what the server keeps, to a file and to a pipe, in as many answers as it takes", async () => {
    const server = await filledServer();
    for (let i = 0; i < 3; i++) await publish(server, `${i}`.repeat(4_000_000));
    expect(await server.out("export", "demo", file)).toBe("copied 6 messages\n");
    expect(readFileSync(file).equals(await framesOf(server))).toBe(true);
    const { out } = await server.run(["export", "demo", "--format", "frames", "--from", "2"]);
    expect(out === (await framesOf(server, "from=2")).toString()).toBe(true);
  });

  test("goes on behind the last whole frame of its file", async () => {
    const server = await filledServer();
    await server.out("export", "demo", file);
    expect(await server.out("export", "demo", file)).toBe("copied 0 messages, behind 3 that were there\n");
    await publish(server, "m3");
    const whole = await framesOf(server);
    expect(await server.out("export", "demo", file)).toBe("copied 1 message, behind 3 that were there\n");
    for (const cut of [1, 20, whole.length / 4 + 1]) {
      truncateSync(file, whole.length - cut);
      expect(await server.out("export", "demo", file)).toMatch(/^copied [12] messages?, behind [23] /);
      expect(readFileSync(file).equals(whole)).toBe(true);
    }
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    expect(await server.out("export", "demo", file)).toBe("copied 1 message, behind 3 that were there\n");
    expect(readFileSync(file).equals(whole)).toBe(true);
  });

  test("is refused where the file is another one, and the file stays as it is", async () => {
    const server = await filledServer();
    const other = await filledServer();
    await other.out("export", "demo", file);
    const before = readFileSync(file);
    const { status, err } = await server.run(["export", "demo", file]);
    expect({ status, err }).toEqual({
      status: 1,
      err: "netlog: the last frame of the file, of offset 2, is not in the topic: it is another one's, or dropped there; export into another file\n",
    });
    expect(readFileSync(file).equals(before)).toBe(true);
    for (const [start, position] of [
      ["", 0],
      [before, before.length],
    ] as const) {
      writeFileSync(file, start);
      appendFileSync(file, "no frame at all, and longer than a header of one");
      expect(await server.run(["export", "demo", file])).toMatchObject({
        status: 1,
        err: `netlog: no frame begins at byte ${position} of ${file}: the file is none of an export\n`,
      });
    }
  });

  test("leaves out what is damaged, and says so", async () => {
    const dir = join(folder, "data");
    const server = await filledServer(3, dir);
    await server.stop();
    const data = join(dir, "demo", "00000000000000000000.data");
    const bytes = readFileSync(data);
    bytes[bytes.lastIndexOf("m1")]! ^= 1;
    writeFileSync(data, bytes);
    const again = await serverForTest(dir);
    const { status, out, err } = await again.run(["export", "demo", file]);
    expect({ status, out }).toEqual({ status: 6, out: "copied 2 messages\n" });
    expect(err).toBe("netlog: what is damaged at offset 1 is left out\n");
    const imported = join(folder, "imported");
    const ran = await runCommand(["import", file, "--dir", imported]);
    expect(ran.out).toContain("the offsets from 1 to 1 are not in the file; they stay empty");
    expect(ran).toMatchObject({
      status: 0,
      out: expect.stringContaining("imported: demo: 2 messages (offsets 0 to 2)"),
    });
  });

  test("leaves no file behind where there is no topic", async () => {
    const server = await filledServer();
    const { status, err } = await server.run(["export", "nowhere", file]);
    expect(status).toBe(3);
    expect(err).toContain("topic not found");
    expect(existsSync(file)).toBe(false);
  });

  test("goes into a topic by import alone, and the command says so", async () => {
    const server = await filledServer();
    await server.out("export", "demo", file);
    const { status, err } = await server.run(["copy", file, "other"]);
    expect(status).toBe(2);
    expect(err).toContain("netlog import <file> takes frames");
    expect((await server.run(["copy", "demo.frames", "other"])).err).toContain("may be a file or a topic");
  });
});

describe("an import of frames", () => {
  async function exported(prepare: (server: TestServer) => Promise<unknown>): Promise<Buffer> {
    const server = await filledServer();
    await prepare(server);
    await server.run(["export", "demo", file]);
    const bytes = await framesOf(server);
    await server.stop();
    return bytes;
  }

  test("keeps offsets, times, fields and what is remembered of messages", async () => {
    const once = { "Idempotency-Key": "k1", "X-Key": "a", "X-Meta-Page": "start" };
    const producer = { "Producer-Id": "p", "Producer-Epoch": "0", "Producer-Seq": "0" };
    const bytes = await exported(async (server) => {
      await publish(server, "m3", once);
      await publish(server, "m4", producer);
    });
    const dir = join(folder, "imported");
    expect(await runCommand(["import", file, "--dir", dir])).toMatchObject({
      status: 0,
      out:
        "imported: demo: 5 messages (offsets 0 to 4), 1 segment, 0 scanners\n" +
        "done: 1 topic with 5 messages imported, 0 topics not imported; 0 damaged, 0 unreadable, 0 torn, 0 notes\n",
    });
    expect((await runCommand(["check", "--dir", dir])).out).toMatch(/^healthy: .*0 notes\n$/);
    const server = await serverForTest(dir);
    const here = await framesOf(server);
    // What was not synced when a frame was written is the log's own, and so are the header's checksums.
    expect(here.length).toBe(bytes.length);
    expect(await server.json("tail", "demo", "--from", "3", "--count", "1")).toMatchObject([
      { offset: 3, key: "a", headers: { "x-meta-page": "start" }, payload: "m3" },
    ]);
    const again = [await publish(server, "m3", once), await publish(server, "m4", producer)];
    expect(again.map(({ headers }) => [headers.get("X-Offset"), headers.get("X-Duplicate")])).toEqual([
      ["3", "true"],
      ["4", "true"],
    ]);
    expect((await publish(server, "m5")).headers.get("X-Offset")).toBe("5");
  });

  test("begins where the frames begin, and is closed where its last message closed it", async () => {
    const server = await filledServer(5);
    await publish(server, "last", {}, "?close=true");
    const { err } = await server.run(["export", "demo", file, "--from", "3"]);
    expect(err).toBe("netlog: demo is closed, and its frames say so only if a message closed it\n");
    const before = await server.json("tail", "demo", "--from", "3", "--no-follow");
    const dir = join(folder, "imported");
    expect((await runCommand(["import", file, "--dir", dir, "other"])).out).toMatch(
      /^imported: other: 3 messages \(offsets 3 to 5\), 1 segment/,
    );
    const imported = await serverForTest(dir);
    expect(await imported.json("info", "other")).toMatchObject([
      { closed: true, first_offset: 3, latest_offset: 5 },
    ]);
    expect(await imported.json("tail", "other", "--from", "0", "--no-follow").catch(() => "none")).toBe(
      "none",
    );
    expect(await imported.json("tail", "other", "--from", "3", "--no-follow")).toEqual(before);
  });

  test("leaves out what is damaged, and what follows a place without a frame", async () => {
    const bytes = await exported(() => Promise.resolve());
    const size = bytes.length / 3;
    const flipped = Buffer.from(bytes);
    flipped[2 * size - 1]! ^= 1;
    const without = Buffer.concat([bytes.subarray(0, size), Buffer.alloc(50), bytes.subarray(size)]);
    const cases: [Buffer, string, number, number][] = [
      [flipped, `at byte ${size}: messages from 1 to 1 are left out (checksum: expected `, 2, 2],
      [without, `at byte ${size}: no frame begins here; what follows is left out`, 1, 0],
      [bytes.subarray(0, -1), `at byte ${2 * size}: the file ends within a frame, which is left out`, 2, 1],
      [
        Buffer.concat([bytes, bytes]),
        `at byte ${3 * size}: messages from 0 to 0 are left out (unknown: expected offset 3 and `,
        3,
        2,
      ],
    ];
    for (const [i, [damaged, finding, count, last]] of cases.entries()) {
      writeFileSync(file, damaged);
      const { status, out } = await runCommand(["import", file, "--dir", join(folder, `data${i}`)]);
      expect(out).toContain(`${file} ${finding}`);
      expect(out).toContain(`${count} message${count === 1 ? "" : "s"} (offsets 0 to ${last})`);
      expect(status).toBe(1);
    }
  });

  test("is refused where the topic is there, the name is none, or the file holds no frame: nothing is made", async () => {
    await exported(() => Promise.resolve());
    const dir = join(folder, "imported");
    const lines = async (...args: string[]): Promise<string> => {
      const { status, out } = await runCommand(["import", ...args, "--dir", dir]);
      expect(status).toBe(1);
      return out;
    };
    expect(await lines(file, ".hidden")).toMatch(/^not imported: .hidden: a topic's name is 1 to 255 of /);
    writeFileSync(join(folder, "empty"), "");
    const empty = await runCommand(["import", join(folder, "empty"), "--dir", dir]);
    const err = expect.stringContaining("empty is neither a folder nor a file of frames") as string;
    expect(empty).toMatchObject({ status: 1, out: "", err });
    expect((await runCommand(["import", file, "--dir", dir])).status).toBe(0);
    expect(await lines(file)).toMatch(/^not imported: demo: there is a topic of this name already\n/);
    expect((await runCommand(["import", file, "--dir", dir, "a", "b"])).status).toBe(2);
    const server = await serverForTest(dir);
    expect(await server.out("topics", "--names")).toBe("demo\n");
  });
});
