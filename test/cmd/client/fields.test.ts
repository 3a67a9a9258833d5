/** Key, content type and headers of messages, in and out of the command. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { parseLines, serverForTest, type TestServer } from "./client-commands.ts";

const ORDER = {
  key: "grün %,a",
  content_type: "application/json",
  headers: { "x-meta-source": "shop, web", "ce-type": "order" },
  payload: '{"paid":7}',
};
const ORDER_FLAGS = [
  "--key",
  ORDER.key,
  "--content-type",
  ORDER.content_type,
  "--header",
  "X-Meta-Source: shop, web",
  "-H",
  "ce-type:order",
];

/** A topic `demo` of a plain message, and one that carries all there is. */
async function filledServer(): Promise<TestServer> {
  const server = await serverForTest();
  await server.out("create", "demo");
  await server.out("publish", "demo", "plain");
  await server.out("publish", "demo", ...ORDER_FLAGS, ORDER.payload);
  return server;
}

const stored = async (server: TestServer, topic = "demo"): Promise<unknown[]> =>
  (await server.json("tail", topic, "--from", "0", "--no-follow")).map((line) => {
    const { offset, timestamp, crc32, ...rest } = line as Record<string, unknown>;
    return rest;
  });

describe("publish", () => {
  test("stores what its flags say with each message", async () => {
    const server = await filledServer();
    expect(await stored(server)).toEqual([{ payload: "plain" }, ORDER]);
    const { status } = await server.run(["publish", "demo", "--lines", ...ORDER_FLAGS], {
      input: ["a\nb\n"],
    });
    expect(status).toBe(0);
    expect((await stored(server)).slice(2)).toEqual(["a", "b"].map((payload) => ({ ...ORDER, payload })));
  });

  test("cuts lines into key and payload at the first separator; one that begins with it has no key", async () => {
    const server = await serverForTest();
    await server.out("create", "demo");
    const input = ["k1\tv\t1\n\tnone\ngr", "ün\tlast"];
    const args = ["publish", "demo", "--lines", "--key-separator", "\\t", "--header", "x-meta-a: b"];
    expect((await server.run(args, { input })).status).toBe(0);
    const headers = { "x-meta-a": "b" };
    expect(await stored(server)).toEqual([
      { key: "k1", headers, payload: "v\t1" },
      { headers, payload: "none" },
      { key: "grün", headers, payload: "last" },
    ]);
    const other = await server.run(["publish", "demo", "--lines", "-K", "::"], { input: ["a::b\n"] });
    expect(other.status).toBe(0);
    expect((await stored(server)).at(-1)).toEqual({ key: "a", payload: "b" });
  });

  test.each([
    ["b\n", "message 2 has no key: its line does not hold the separator"],
    ["k\t\n", "message 2 is empty behind its key"],
    [Buffer.from([0xff, 0x09, 0x61]), "message 2 has a key that is not UTF-8"],
    [`${"k".repeat(1025)}\tb`, "message 2 cannot be sent: a key takes 1 to 1024 bytes of UTF-8"],
  ])("stores the lines before one that is no keyed message, and says which it is: %#", async (line, why) => {
    const server = await serverForTest();
    await server.out("create", "demo");
    const args = ["publish", "demo", "--lines", "--key-separator", "\\t"];
    const { status, err } = await server.run(args, {
      input: [Buffer.concat([Buffer.from("a\tb\n"), Buffer.from(line)])],
    });
    expect(status).toBe(6);
    expect(err).toContain(why);
    expect(await stored(server)).toEqual([{ key: "a", payload: "b" }]);
  });

  test.each([
    [["--key", ""], "a key takes 1 to 1024 bytes of UTF-8; this one has 0"],
    [["--key", "a", "--key", "b"], "--key is given twice; a message has one key"],
    [["--header", "x-meta-a"], '--header: "x-meta-a" is no header; it takes one such as'],
    [["--header", "trace: 1"], '"trace" is no header of a message; there are x-meta-<name>, ce-<name>'],
    [["--header", "x-meta-a: 1", "--header", "x-meta-a: 2"], "the header x-meta-a is given twice"],
    [["--header", "x-meta-a: é"], "the value of the header x-meta-a takes visible ASCII characters"],
    [["--content-type", "json"], "contentType takes a media type such as application/json"],
    [["--key-separator", ":"], "--key-separator is for --lines"],
    [
      ["--lines", "--key-separator", ":", "--key", "k"],
      "--key and --key-separator are two ways to give keys",
    ],
  ])("refuses before it makes the topic or sends anything: %j", async (flags, why) => {
    const server = await serverForTest();
    const args = flags.includes("--lines") ? flags : [...flags, "hello"];
    const { status, err } = await server.run(["publish", "--create", "demo", ...args], { input: ["k:v\n"] });
    expect({ status, err }).toEqual({ status: 2, err: expect.stringContaining(why) as string });
    expect(await server.out("topics", "--names")).toBe("");
  });
});

describe("tail", () => {
  test("shows messages of any of the keys, and what they carry", async () => {
    const server = await filledServer();
    await server.out("publish", "demo", "--key", "b,c", "another");
    const args = ["tail", "demo", "--from", "0", "--no-follow"];
    expect(await server.out(...args, "--key", ORDER.key)).toBe(`${ORDER.payload}\n`);
    expect(await server.out(...args, "--key", ORDER.key, "--key", "b,c")).toBe(`${ORDER.payload}\nanother\n`);
    expect(await server.out(...args, "--headers", "--count", "2")).toBe(
      "\nplain\n" +
        `key: ${ORDER.key}\ncontent-type: application/json\nx-meta-source: shop, web\nce-type: order\n\n${ORDER.payload}\n`,
    );
    const shown = await server.out(...args, "--headers", "--meta", "--key", "b,c");
    expect(shown).toMatch(/^2 \S+Z\nkey: b,c\n\nanother\n$/);
    expect(await server.out(...args, "--headers", "--format", "hex", "--key", "b,c")).toContain(
      "7 bytes\nkey: b,c\n\n00000000",
    );
  });

  test("writes a key's control characters as escapes: a line for each field", async () => {
    const server = await serverForTest();
    await server.out("create", "demo");
    await server.out("publish", "demo", "--key", "a\nkey: b\x1b[2J", "x");
    expect(await server.out("tail", "demo", "--headers", "--no-follow")).toBe(
      "key: a\\x0akey: b\\x1b[2J\n\nx\n",
    );
  });

  test.each([
    [["--key", ""], "a key takes 1 to 1024 bytes"],
    [["--headers", "--json"], "--headers is for text and hex; json has them anyway"],
    [["--headers", "--format", "raw"], "--headers is for text and hex"],
  ])("refuses %j", async (flags, why) => {
    const server = await filledServer();
    const { status, out, err } = await server.run(["tail", "demo", "--no-follow", ...flags]);
    expect({ status, out, err }).toEqual({ status: 2, out: "", err: expect.stringContaining(why) as string });
  });
});

describe("scan", () => {
  test("makes a scanner that gives messages of its keys alone", async () => {
    const server = await filledServer();
    const args = ["scan", "demo", "--id", "mine", "--wait", "0s", "--key", ORDER.key];
    const { out, err } = await server.run([...args, "--json"]);
    expect(parseLines(out)).toMatchObject([ORDER]);
    expect(err).toContain("made the scanner mine of demo");
    expect((await server.run(args)).status).toBe(5);
    const { status, err: refusal } = await server.run(["scan", "demo", "--id", "mine", "--key", "other"]);
    expect({ status, refusal }).toMatchObject({
      status: 1,
      refusal: expect.stringContaining("key") as string,
    });
  });

  test("tells a command what its message carries, and nothing of another one", async () => {
    const server = await filledServer();
    const folder = temporaryFolder();
    const path = join(folder, "seen");
    const command = `env | grep -a -E '^NETLOG_(KEY|CONTENT_TYPE|HEADER)' | sort >> ${path}; echo "end of $NETLOG_OFFSET" >> ${path}`;
    const environment = {
      PATH: process.env.PATH ?? "",
      NETLOG_KEY: "outer",
      NETLOG_CONTENT_TYPE: "outer/type",
      NETLOG_HEADER_X_META_OUTER: "outer",
    };
    const { status } = await server.run(["scan", "demo", "--id", "w", "--exec", command, "--count", "2"], {
      environment,
    });
    expect(status).toBe(0);
    expect(readFileSync(path, "utf8")).toBe(
      "end of 0\n" +
        "NETLOG_CONTENT_TYPE=application/json\nNETLOG_HEADER_CE_TYPE=order\n" +
        `NETLOG_HEADER_X_META_SOURCE=shop, web\nNETLOG_KEY=${ORDER.key}\nend of 1\n`,
    );
  });

  test("runs its command also for a key that no environment can hold", async () => {
    const server = await serverForTest();
    await server.out("create", "demo");
    const body = JSON.stringify([{ key: "a\0b", payload: "x" }]);
    const headers = { "Content-Type": "application/json" };
    await fetch(`${server.url}/demo/batch`, { method: "POST", body, headers });
    const ran = await server.run(
      [
        "scan",
        "demo",
        "--id",
        "w",
        "--exec",
        'case "$NETLOG_KEY" in a?*b) ;; *) exit 1 ;; esac',
        "--count",
        "1",
      ],
      {
        environment: { PATH: process.env.PATH ?? "" },
      },
    );
    expect(ran.status).toBe(0);
  });
});

describe("copies keep what messages carry", () => {
  test("from topic to topic, and over a file", async () => {
    const server = await filledServer();
    const path = join(temporaryFolder(), "demo.ndjson");
    const expected = [{ payload: "plain" }, ORDER];
    expect((await server.run(["copy", "demo", "demo2"])).status).toBe(0);
    expect(await stored(server, "demo2")).toEqual(expected);
    await server.out("export", "demo", path);
    expect((await server.run(["copy", path, "demo3"])).status).toBe(0);
    expect(await stored(server, "demo3")).toEqual(expected);
  });

  test("and the file is what a batch takes, as it is", async () => {
    const server = await filledServer();
    const body = `[${(await server.out("export", "demo")).trimEnd().replaceAll("\n", ",")}]`;
    await server.out("create", "again");
    const headers = { "Content-Type": "application/json" };
    expect((await fetch(`${server.url}/again/batch`, { method: "POST", body, headers })).status).toBe(201);
    expect(await stored(server, "again")).toEqual([{ payload: "plain" }, ORDER]);
  });

  test("lines refuse a message that carries more than they hold", async () => {
    const server = await filledServer();
    const { status, out, err } = await server.run(["export", "demo", "--format", "lines"]);
    expect({ status, out }).toEqual({ status: 6, out: "plain\n" });
    expect(err).toContain("the message at offset 1 does not fit into a line; --format ndjson takes any");
  });

  test.each([
    ['"key":""', "a key takes 1 to 1024 bytes"],
    ['"key":7', "a key is text, and was given as Number"],
    ['"headers":{"host":"a"}', '"host" is no header of a message'],
    ['"headers":null', "headers are an object, and were given as Null"],
    ['"content_type":"json"', "contentType takes a media type"],
  ])("and a file whose fields are none is refused where they stand: %s", async (field, why) => {
    const server = await serverForTest();
    const path = join(temporaryFolder(), "bad.ndjson");
    writeFileSync(path, `{"payload":"one"}\n{${field},"payload":"two"}\n`);
    const { status, err } = await server.run(["copy", path, "demo"]);
    expect(status).toBe(6);
    expect(err).toContain(`message 2 of ${path} cannot be sent: `);
    expect(err).toContain(why);
    expect(await stored(server)).toEqual([{ payload: "one" }]);
  });
});
