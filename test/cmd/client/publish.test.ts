import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { serverForTest, type TestServer } from "./client-commands.ts";

async function payloads(server: TestServer, topic = "demo"): Promise<unknown[]> {
  const answer = await fetch(`${server.url}/${topic}/batch?format=json`);
  const messages = answer.status === 204 ? [] : ((await answer.json()) as { payload: unknown }[]);
  return messages.map(({ payload }) => payload);
}

test("each argument is a message, also one that begins with a dash", async () => {
  const server = await serverForTest();
  await server.out("create", "demo");
  expect(await server.out("publish", "demo", "hello")).toBe("demo: 1 message, offset 0\n");
  expect(await server.json("publish", "demo", "two words", "--", "--help")).toEqual([
    { topic: "demo", count: 2, bytes: 15, offset: 1, last_offset: 2 },
  ]);
  expect(await payloads(server)).toEqual(["hello", "two words", "--help"]);
});

describe("standard input", () => {
  test("is one message, to the byte", async () => {
    const server = await serverForTest();
    const { status, out } = await server.run(["publish", "--create", "demo"], { input: ["a\n", "b\r\n\n"] });
    expect({ status, out }).toEqual({ status: 0, out: "demo: 1 message, offset 0\n" });
    expect(await payloads(server)).toEqual(["a\nb\r\n\n"]);
  });

  test.each([[[]], [["--batch"]], [["--batch", "--gzip"]]])(
    "is a message a line where that is said, %j",
    async (flags) => {
      const server = await serverForTest();
      await server.out("create", "demo");
      const input = ["fir", "st\r", "\n\n\r\nsec\rond\nthi", "rd"];
      const { out } = await server.run(["publish", "demo", "--lines", ...flags], { input });
      expect(out).toBe("demo: 3 messages, offsets 0 to 2\n");
      expect(await payloads(server)).toEqual(["first", "sec\rond", "third"]);
    },
  );

  test("that is empty is no message: no line is none, but the whole would be an empty one", async () => {
    const server = await serverForTest();
    await server.out("create", "demo");
    expect(await server.run(["publish", "demo", "--lines"])).toEqual({
      status: 0,
      out: "demo: no message\n",
      err: "",
    });
    expect(await server.run(["publish", "demo"])).toMatchObject({
      status: 5,
      err: "netlog: standard input is empty, and a message has at least one byte\n",
    });
  });

  test("of a batch is stored as a whole, with one look of a reader", async () => {
    const server = await serverForTest();
    await server.out("create", "demo");
    const lines = Array.from({ length: 5000 }, (_, i) => `line ${i}\n`);
    await server.run(["publish", "demo", "--lines", "--batch"], { input: lines });
    const { length } = new Uint8Array(
      await (await fetch(`${server.url}/demo/batch?format=frames&max=1`)).arrayBuffer(),
    );
    expect(length).toBeGreaterThan(lines.join("").length);
  });
});

describe("files", () => {
  test("are messages, or bring lines", async () => {
    const server = await serverForTest();
    await server.out("create", "demo");
    const folder = temporaryFolder();
    const [one, two] = [join(folder, "one"), join(folder, "two,b")];
    writeFileSync(one, "first\nsecond");
    writeFileSync(two, "third\n");
    await server.out("publish", "demo", "--file", one, two);
    expect(await server.out("publish", "demo", "--file", "--lines", one, two)).toBe(
      "demo: 3 messages, offsets 2 to 4\n",
    );
    expect(await payloads(server)).toEqual(["first\nsecond", "third\n", "first", "second", "third"]);
  });

  test("that cannot be read are named before anything is sent", async () => {
    const server = await serverForTest();
    await server.out("create", "demo");
    const { status, err } = await server.run(["publish", "demo", "--file", "package.json", "/nowhere"]);
    expect({ status, err }).toEqual({ status: 1, err: "netlog: /nowhere cannot be read (ENOENT)\n" });
    expect(await payloads(server)).toEqual([]);
  });
});

test("what breaks off tells how much is stored, with a status of its own", async () => {
  const server = await serverForTest();
  await server.out("create", "demo");
  const folder = temporaryFolder();
  writeFileSync(join(folder, "empty"), "");
  writeFileSync(join(folder, "full"), "x".repeat(1024 * 1024));
  const full = Array.from({ length: 3 }, () => join(folder, "full"));
  const args = ["publish", "demo", "--json", "--file", ...full, join(folder, "empty")];
  const { status, out, err } = await server.run(args);
  expect(status).toBe(6);
  expect(JSON.parse(out)).toMatchObject({ count: 3, offset: 0, last_offset: 2 });
  expect(err).toMatch(/^netlog: .*empty is empty, and a message has at least one byte\n$/);
});

test("a bar shows on a terminal how far it has come, and is gone in the end", async () => {
  const server = await serverForTest();
  await server.out("create", "demo");
  const { err } = await server.run(["publish", "demo", "a", "b"], { isTTY: true });
  expect(err).toContain("publish 2 B");
  expect(err).toContain("2 messages");
  expect(err.endsWith("\r\x1b[K")).toBe(true);
});

test.each([
  [["publish"], "the topic to publish to is missing"],
  [["publish", "demo", "--file"], "--file needs the files to publish"],
  [["publish", "demo", "--lines", "x"], "--lines is for standard input and files; "],
  [["publish", "demo", "x", "--durability", "none"], '--durability: "none" is not allowed; '],
])("netlog %j is a mistake", async (args, text) => {
  const server = await serverForTest();
  const { status, err } = await server.run(args);
  expect(status).toBe(2);
  expect(err).toContain(`netlog: ${text}`);
});
