import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { serverForTest, type TestServer } from "./client-commands.ts";

/** A topic `demo` of this many messages, `m0` and so on. */
async function filledServer(count = 5): Promise<TestServer> {
  const server = await serverForTest();
  await server.out("create", "demo", "--segment-age", "9day");
  await server.out("publish", "demo", ...Array.from({ length: count }, (_, i) => `m${i}`));
  return server;
}

async function payloads({ url }: TestServer, topic: string): Promise<string[]> {
  const answer = await fetch(`${url}/${topic}/batch?format=json`);
  return ((await answer.json()) as { payload: string }[]).map(({ payload }) => payload);
}

const BINARY = new Uint8Array([0, 0xff, 0x0a, 0x0d]);

describe("topic to topic", () => {
  test("makes the topic with the settings of the other, and copies to the byte", async () => {
    const server = await filledServer();
    await fetch(`${server.url}/demo/payload`, { method: "POST", body: BINARY });
    const { status, out, err } = await server.run(["copy", "demo", "demo2"]);
    expect({ status, out, err }).toEqual({
      status: 0,
      out: "copied 6 messages\n",
      err: "netlog: made the topic demo2\n",
    });
    const bytes = await (await fetch(`${server.url}/demo2/payload/last`)).arrayBuffer();
    expect(new Uint8Array(bytes)).toEqual(BINARY);
    expect(await server.json("info", "demo2")).toMatchObject([{ settings: { segment_age: "9day" } }]);
  });

  test("between servers; what came since is copied by the same command", async () => {
    const [here, there] = [await filledServer(), await serverForTest()];
    const args = ["copy", "--json", "demo", `${there.url}/copied`];
    expect(JSON.parse((await here.run(args)).out)).toEqual({
      from: "demo",
      to: `${there.url}/copied`,
      held: 0,
      copied: 5,
      bytes: 10,
    });
    expect(JSON.parse((await here.run(args)).out)).toMatchObject({ held: 5, copied: 0 });
    await here.out("publish", "demo", "m5", "m6");
    expect(JSON.parse((await here.run(args)).out)).toMatchObject({ held: 5, copied: 2 });
    expect(await payloads(there, "copied")).toEqual(["m0", "m1", "m2", "m3", "m4", "m5", "m6"]);
  });

  test("that does not begin at 0 is gone on with when --from says where it began", async () => {
    const server = await filledServer();
    const begun = await server.run(["copy", "demo", "part", "--from", "first"]);
    expect(begun.err).toBe(
      "netlog: made the topic part\nnetlog: the copy begins at offset 0; going on after an interruption takes --from 0\n",
    );
    await server.out("delete", "part");
    await server.run(["copy", "demo", "part", "--from", "2"]);
    await server.out("publish", "demo", "m5");
    expect(await server.out("copy", "demo", "part", "--from", "2")).toBe(
      "copied 1 message, behind 3 that were there\n",
    );
    expect(await payloads(server, "part")).toEqual(["m2", "m3", "m4", "m5"]);
    const { status, err } = await server.run(["copy", "demo", "part", "--from", "1h"]);
    expect(status).toBe(1);
    expect(err).toMatch(/^netlog: the target holds 4 messages, .*: say with --from at which offset /);
  });

  test.each([
    ["the last message is another one", ["x", "y"]],
    ["there is more than in the source", ["m0", "m1", "m2", "m3", "m4", "m5"]],
    ["there is much more than in the source", ["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"]],
  ])("is refused where %s", async (_what, there) => {
    const server = await filledServer();
    await server.out("publish", "--create", "other", ...there);
    const { status, out, err } = await server.run(["copy", "demo", "other"]);
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(err).toMatch(
      /^netlog: the target('s last message is not the one at place 1 | holds [68] messages, more )/,
    );
    expect(await payloads(server, "other")).toEqual(there);
  });
});

describe("topic to file", () => {
  test("is the server's NDJSON, on standard output or in a file", async () => {
    const server = await filledServer();
    await fetch(`${server.url}/demo/payload`, { method: "POST", body: BINARY });
    const told = await (await fetch(`${server.url}/demo/batch`)).text();
    expect(await server.out("export", "demo")).toBe(told);
    expect(await server.out("copy", "demo", "-")).toBe(told);
    const path = join(temporaryFolder(), "demo.ndjson");
    expect(await server.out("export", "demo", path)).toBe("copied 6 messages\n");
    expect(readFileSync(path, "utf8")).toBe(told);
  });

  test.each([
    ["demo.ndjson", "a torn line"],
    ["demo.log", "a torn line"],
  ])("goes on where %s ends, and writes over what a crash left of a message", async (name) => {
    const server = await filledServer();
    const path = join(temporaryFolder(), name);
    await server.out("copy", "demo", path);
    const whole = readFileSync(path, "utf8");
    truncateSync(path, whole.length - 1);
    expect(await server.out("copy", "demo", path)).toBe("copied 1 message, behind 4 that were there\n");
    expect(readFileSync(path, "utf8")).toBe(whole);
    appendFileSync(path, whole.slice(0, 1));
    expect(await server.out("copy", "demo", path)).toBe("copied 0 messages, behind 5 that were there\n");
    expect(readFileSync(path, "utf8")).toBe(whole);
  });

  test("goes on in NDJSON wherever it began, for the file tells offsets", async () => {
    const server = await filledServer();
    const path = join(temporaryFolder(), "part.ndjson");
    await server.out("export", "demo", path, "--from", "3");
    await server.out("publish", "demo", "m5");
    expect(await server.out("export", "demo", path)).toBe("copied 1 message, behind 2 that were there\n");
  });

  test.each([
    [
      "notes.ndjson",
      "my notes\n",
      /^netlog: the last line of .* is no message: the file is none of a copy\n$/,
    ],
    ["notes.ndjson", "my notes", /^netlog: the content of .* is no message: the file is none of a copy\n$/],
    ["notes.txt", "my notes", /^netlog: the content of .* is no message: the file is none of a copy\n$/],
    ["notes.txt", "m0\nmy notes\nand more", /^netlog: the target's last message is not the one at place 1 /],
    [
      "notes.ndjson",
      '{"offset":1,"payload":"x"}\n{"off',
      /^netlog: the target's last message is not the one at /,
    ],
  ])("is refused where %s holds %j, which stays as it is", async (name, content, complaint) => {
    const server = await filledServer();
    const path = join(temporaryFolder(), name);
    writeFileSync(path, content);
    const { status, err } = await server.run(["copy", "demo", path]);
    expect(status).toBe(1);
    expect(err).toMatch(complaint);
    expect(readFileSync(path, "utf8")).toBe(content);
  });

  test("as lines tells which message does not fit, and keeps what came before", async () => {
    const server = await filledServer(2);
    await server.out("publish", "demo", "two\nlines");
    expect(await server.run(["export", "demo", "--format", "lines"])).toEqual({
      status: 6,
      out: "m0\nm1\n",
      err: "netlog: the message at offset 2 does not fit into a line; --format ndjson takes any\n",
    });
  });
});

describe("file to topic", () => {
  test.each([["demo.ndjson"], ["demo.txt"]])("brings %s back", async (name) => {
    const server = await filledServer();
    const path = join(temporaryFolder(), name);
    await server.out("copy", "demo", path);
    await server.run(["copy", path, "back"]);
    expect(await payloads(server, "back")).toEqual(await payloads(server, "demo"));
    await server.out("publish", "demo", "m5");
    await server.out("copy", "demo", path);
    expect(await server.out("copy", path, "back")).toBe("copied 1 message, behind 5 that were there\n");
    expect(await payloads(server, "back")).toEqual(await payloads(server, "demo"));
  });

  test("takes standard input, and payloads that are no text", async () => {
    const server = await serverForTest();
    const input = ['{"payload":"a"}\n', '{"offset":9,"payload_base64":"AP8K', 'DQ=="}'];
    const { out } = await server.run(["copy", "-", "demo"], { input });
    expect(out).toBe("copied 2 messages\n");
    const bytes = await (await fetch(`${server.url}/demo/payload/1`)).arrayBuffer();
    expect(new Uint8Array(bytes)).toEqual(BINARY);
  });

  test.each([
    ["my notes", "is no JSON object; --format lines takes lines as they are"],
    ['{"text":"a"}', 'has neither "payload" nor "payload_base64"'],
    ['{"payload":""}', "is empty"],
    ['{"payload":"a","crc32":1}', "is not what its crc32 says"],
  ])("names what is wrong with the second of two messages, %s", async (line, why) => {
    const server = await serverForTest();
    const { status, err } = await server.run(["copy", "-", "demo"], {
      input: [`{"payload":"a"}\n${line}\n`],
    });
    expect(status).toBe(6);
    expect(err).toContain(`netlog: message 2 of standard input ${why}\n`);
    expect(await payloads(server, "demo")).toEqual(["a"]);
  });
});

test.each([
  [["copy", "demo"], 2, "copy takes two places: "],
  [["copy", "./a", "./b"], 2, "one of the two places must be a topic"],
  [["copy", "http://127.0.0.1:4/%zz", "demo"], 2, '"http://127.0.0.1:4/%zz" is no topic\'s URL'],
  [["copy", "demo", "demo.ndjson"], 2, '"demo.ndjson" may be a file or a topic: write ./demo.ndjson '],
  [["copy", "http://127.0.0.1:4", "demo"], 2, '"http://127.0.0.1:4" is no topic\'s URL; '],
  [["copy", "./nothing.ndjson", "demo"], 1, "./nothing.ndjson is no file"],
  [["copy", "demo", "./nowhere/demo.ndjson"], 1, "./nowhere/demo.ndjson cannot be written (ENOENT)"],
  [["copy", "demo", "./x.ndjson", "--follow"], 2, "--follow is for a copy to a topic; "],
  [["copy", "./package.json", "demo", "--from", "1"], 2, "--from is for the copy of a topic"],
  [["copy", "demo", "demo2", "--format", "lines"], 2, "--format is for files and pipes; "],
  [["copy", "demo", "demo", "--follow"], 2, "a topic cannot be copied into itself"],
  [["copy", "nobody", "demo"], 3, "topic not found"],
  [["export"], 2, "the topic to export is missing"],
  [["export", "nobody"], 3, "topic not found"],
])("netlog %j is a mistake", async (args, status, text) => {
  const ran = await (await filledServer()).run(args);
  expect(ran).toMatchObject({ status, out: "" });
  expect(ran.err).toContain(text);
});
