import { describe, expect, test } from "vitest";
import { hexDump } from "../../../cmd/client/output/message-format.ts";
import { parseLines, serverForTest, type TestServer } from "./client-commands.ts";

/** Twelve messages, `m0` to `m11`. */
async function filledServer(): Promise<TestServer> {
  const server = await serverForTest();
  await server.out("create", "demo");
  await server.out("publish", "demo", ...Array.from({ length: 12 }, (_, i) => `m${i}`));
  return server;
}

const tail = (server: TestServer, ...args: string[]): Promise<string> =>
  server.out("tail", "demo", "--no-follow", ...args);

describe("where it begins", () => {
  test.each([
    [[], "m2\nm3\nm4\nm5\nm6\nm7\nm8\nm9\nm10\nm11\n"],
    [["--last", "2"], "m10\nm11\n"],
    [["--last", "0"], ""],
    [["-n", "1"], "m11\n"],
    [["--last", "100", "--count", "2"], "m0\nm1\n"],
    [["--from", "10"], "m10\nm11\n"],
    [["--from", "last"], "m11\n"],
    [["--from", "end"], ""],
    [["--from", "1h", "--count", "1"], "m0\n"],
    [["--from", "2020-01-01T00:00:00Z", "--count", "1"], "m0\n"],
    [["--from", "BEGINNING", "--count", "1"], "m0\n"],
  ])("%j", async (args, printed) => {
    expect(await tail(await filledServer(), ...args)).toBe(printed);
  });
});

test("it follows what comes", async () => {
  const server = await filledServer();
  const following = server.out("tail", "demo", "--from", "11", "--count", "3");
  await server.out("publish", "demo", "more", "and more");
  expect(await following).toBe("m11\nmore\nand more\n");
});

test("--grep shows what a pattern finds something in", async () => {
  const server = await filledServer();
  await server.out("publish", "demo", "An ERROR", "an error", "ok");
  expect(await tail(server, "--from=0", "--grep", "^m1\\d$")).toBe("m10\nm11\n");
  expect(await tail(server, "--from=0", "--grep", "error")).toBe("an error\n");
  expect(await tail(server, "--from=0", "--grep", "error", "--ignore-case")).toBe("An ERROR\nan error\n");
  expect(await tail(server, "--from=0", "--grep", "a[\\w-.]* \\ERROR", "-ignore-case")).toBe(
    "An ERROR\nan error\n",
  );
  expect(await server.run(["tail", "demo", "--grep", "("])).toMatchObject({
    status: 2,
    err: 'netlog: --grep: "(" is not allowed; it takes a regular expression of JavaScript\n',
  });
});

describe("formats", () => {
  async function binaryServer(): Promise<TestServer> {
    const server = await serverForTest();
    await server.out("create", "demo");
    const body = new Uint8Array([0x1b, 0x5b, 0x32, 0x4a, 0xff, 0x0a]);
    for (const payload of ["t\u00e4xt\n", body]) {
      await fetch(`${server.url}/demo/payload`, { method: "POST", body: payload });
    }
    return server;
  }

  test("json is the server's own NDJSON", async () => {
    const server = await binaryServer();
    const told = await (await fetch(`${server.url}/demo/batch`)).text();
    expect(told).toContain("payload_base64");
    expect(await tail(server, "--json")).toBe(told);
    expect(await tail(server, "--format", "json")).toBe(told);
  });

  test("text has one line end, and --meta offset and time in front", async () => {
    const server = await filledServer();
    await server.out("publish", "demo", "with\nlines\n");
    expect(await tail(server, "--from", "11")).toBe("m11\nwith\nlines\n");
    const [{ timestamp }] = parseLines(await tail(server, "--from", "12", "--json")) as [
      { timestamp: string },
    ];
    expect(await tail(server, "--from", "12", "--meta")).toBe(`12 ${timestamp} with\nlines\n`);
  });

  test("text on a terminal cannot take it over", async () => {
    const server = await binaryServer();
    const { out } = await server.run(["tail", "demo", "--no-follow"], { isTTY: true });
    expect(out).toBe("t\u00e4xt\n\\x1b[2J\ufffd\n");
  });

  test("raw is the bytes and nothing else", async () => {
    const server = await filledServer();
    expect(await tail(server, "--last", "2", "--format", "raw")).toBe("m10m11");
  });

  test("hex shows bytes by sixteen", async () => {
    const server = await filledServer();
    expect(await tail(server, "--last", "1", "--format", "hex")).toMatch(
      /^offset 11, \S+Z, 3 bytes\n00000000 {2}6d 31 31 +\|m11\|\n\n$/,
    );
    expect(hexDump(Buffer.from("0123456789abcdefg\x00"))).toBe(
      "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n" +
        `00000010  67 00${" ".repeat(43)}  |g.|\n`,
    );
  });
});

test.each([
  [["tail"], 2, "the topic is missing"],
  [["tail", "demo", "--from", "1", "--last", "1"], 2, "--from and --last are two ways to say where to begin"],
  [["tail", "demo", "--from", "soon"], 1, 'bad request, from: "soon" is no offset'],
  [["tail", "demo", "--from", "13"], 3, "offset not found"],
  [["tail", "nobody"], 3, "topic not found"],
  [["tail", "demo", "-f", "--no-follow"], 2, "--follow and --no-follow cannot be meant together"],
  [["tail", "demo", "--ignore-case"], 2, "--ignore-case is for --grep"],
  [["tail", "demo", "--meta", "--json"], 2, "--meta is for text"],
])("netlog %j is a mistake", async (args, status, text) => {
  const ran = await (await filledServer()).run(args);
  expect(ran).toMatchObject({ status, out: "" });
  expect(ran.err).toContain(text);
});
