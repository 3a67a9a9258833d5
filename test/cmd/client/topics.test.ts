import { describe, expect, test } from "vitest";
import { withRates } from "../../../cmd/client/topic-figures.ts";
import type { TopicSettings } from "../../../lib/client/index.ts";
import { SETTING_NAMES, SETTINGS, type SettingName } from "../../../lib/values.ts";
import { serverForTest } from "./client-commands.ts";

test("topics are created with settings, shown, changed and deleted", async () => {
  const server = await serverForTest();
  expect(await server.out("create", "demo", "logs", "--compression", "gzip", "--segment-age", "7day")).toBe(
    "created demo\ncreated logs\n",
  );
  const settings = { compression_type: 2, segment_age: "7day", durability: "synced" };
  expect(await server.json("info", "logs")).toMatchObject([{ name: "logs", settings, segments: [{}] }]);
  expect(await server.out("set", "logs", "--compression=default", "--durability=written")).toMatch(
    /^compression_type +1$/m,
  );
  expect(await server.out("info", "logs")).toMatch(
    /^topic +logs\nmessages +0\n(.*\n)*segment_age +7day\n(.*\n)*durability +written\n/,
  );
  expect(await server.out("topics", "--names")).toBe("demo\nlogs\n");
  expect(await server.out("delete", "logs")).toBe("deleted logs\n");
  expect(await server.json("topics", "--names")).toEqual([{ topic: "demo" }]);
});

test("every setting of a topic has a flag that sets it", async () => {
  const server = await serverForTest();
  const given = {
    segment_age: "7day",
    segment_size: 4096,
    batch_num_messages: 7,
    batch_interval: "20ms",
    compression_type: 3,
    durability: "written",
    sync_interval: "5s",
    retention_size: 9999,
    idempotency_window: "20m0s",
    ttl: "1h0m0s",
    expires_at: "2099-01-01T00:00:00.000Z",
    content_type: "application/json",
  } satisfies TopicSettings;
  expect(Object.keys(given)).toEqual(SETTING_NAMES);
  const flagFor = (name: string, value: string | number) =>
    `--${(SETTINGS[name as SettingName].flag ?? name).replaceAll("_", "-")}=${value}`;
  const { expires_at, ...others } = given;
  const flags = Object.entries({ ...others, compression_type: "snappy" }).map((each) => flagFor(...each));
  await server.out("create", "demo", ...flags);
  expect(await server.json("info", "demo")).toMatchObject([{ settings: others }]);
  await server.out("set", "demo", "--ttl=0", flagFor("expires_at", expires_at));
  expect(await server.json("info", "demo")).toMatchObject([{ settings: { expires_at } }]);
  await server.out("set", "demo", "--expires-at=none");
  expect(JSON.stringify(await server.json("info", "demo"))).not.toMatch(/ttl|expires_at/);
});

test("what is there already, or is not there, is no error where that is said", async () => {
  const server = await serverForTest();
  await server.out("create", "demo");
  expect(await server.json("create", "demo", "new", "--if-missing")).toEqual([
    { topic: "demo", created: false },
    { topic: "new", created: true },
  ]);
  expect(await server.run(["create", "demo"])).toMatchObject({
    status: 1,
    out: "",
    err: expect.stringContaining("topic exists"),
  });
  expect(await server.out("delete", "gone", "new", "--if-there")).toBe("gone is not there\ndeleted new\n");
  expect(await server.run(["delete", "gone"])).toMatchObject({
    status: 3,
    err: expect.stringContaining("topic not found"),
  });
});

test("a topic with scanners is deleted by force alone", async () => {
  const server = await serverForTest();
  await server.out("create", "demo");
  await fetch(`${server.url}/demo/scanner?id=one`, { method: "POST" });
  const { status, err } = await server.run(["delete", "demo"]);
  expect({ status, err }).toEqual({
    status: 1,
    err: "netlog: demo has scanners; netlog delete --force deletes them, too\n",
  });
  expect(await server.out("delete", "--force", "demo")).toBe("deleted demo\n");
});

describe("netlog topics", () => {
  test("shows messages, bytes, rate, age, scanners and the greatest lag", async () => {
    const server = await serverForTest();
    await server.out("create", "demo", "empty");
    await server.out("publish", "demo", "one", "two", "three");
    await fetch(`${server.url}/demo/scanner?id=front&from=end`, { method: "POST" });
    await fetch(`${server.url}/demo/scanner?id=back&from=1`, { method: "POST" });
    const [titles, demo, empty, ...none] = (await server.out("topics")).split("\n");
    expect(titles).toMatch(/^TOPIC +MESSAGES +SIZE +RATE +AGE +SCANNERS +LAG$/);
    expect(demo).toMatch(/^demo +3 +\d+ B +0\.1\/s +\S+s +2 +2$/);
    expect(empty).toMatch(/^empty +0 +\d+ B +0\/s +\S+s +0 +-$/);
    expect(none).toEqual([""]);
    expect(await server.json("topics", "demo")).toMatchObject([
      { topic: "demo", first_offset: 0, next_offset: 3, messages: 3, rate: 0.05, scanners: 2, lag: 2 },
    ]);
    expect(await server.run(["topics", "nobody"])).toMatchObject({ status: 3 });
  });

  test("colours its titles on a terminal, and nowhere else", async () => {
    const server = await serverForTest();
    const title = "\x1b[1mTOPIC";
    const terminal = { isTTY: true };
    expect((await server.run(["topics"], terminal)).out.startsWith(title)).toBe(true);
    for (const environment of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
      expect((await server.run(["topics"], { ...terminal, environment })).out).toMatch(/^TOPIC/);
    }
    expect((await server.run(["topics"])).out).toMatch(/^TOPIC/);
  });

  test("takes the rate since the look before", () => {
    const at = (readAtMs: number, nextOffset: number, topic = "demo") => ({
      isServed: true as const,
      isClosed: false,
      topic,
      firstOffset: 0,
      nextOffset,
      diskSizeBytes: 0,
      rate: 77,
      modifiedAt: "2026-01-01T00:00:00Z",
      scanners: 0,
      lag: null,
      readAtMs,
    });
    expect(withRates([at(1000, 10)], [at(3000, 110)])).toMatchObject([{ rate: 50 }]);
    // Made anew, or new: the server's rate of the last minute stays.
    expect(withRates([at(1000, 10)], [at(3000, 5)])).toMatchObject([{ rate: 77 }]);
    expect(withRates([at(1000, 10)], [at(3000, 5, "other")])).toMatchObject([{ rate: 77 }]);
  });
});

describe("mistakes are explained in one line, with a status that says what kind they are", () => {
  test.each([
    [["create"], 2, "the topic to create is missing"],
    [["create", "bad/name"], 2, '"bad/name" is no name for a topic: '],
    [["create", "demo", "--compression", "zip"], 2, '--compression: "zip" is not allowed; it takes one of '],
    [["create", "new", "--segment-age", "old"], 1, 'bad request, segment_age: "old" is no duration'],
    [["set", "demo"], 2, "no setting is given, such as "],
    [["set", "--segment-age", "1day"], 2, "the topic is missing"],
    [["info", "demo", "logs"], 2, 'unexpected argument "logs"; '],
    [["info", "nobody"], 3, "topic not found"],
    [["info", "demo", "--server", "localhost:1/x?y"], 2, '--server: "localhost:1/x?y" is not allowed; '],
    [["info", "demo", "--token-from", "/nowhere"], 2, "the token file /nowhere cannot be read (ENOENT)"],
    [["topics", "--server", "http://127.0.0.1:4"], 4, "no connection "],
    [["topics", "--interval", "1s"], 2, "--interval is for --watch"],
    [["topics", "--names", "demo"], 2, "--names lists the names of all topics, once"],
    [["topics", "--serve", "x"], 2, "unknown flag --serve; did you mean --server? there are "],
  ])("netlog %j", async (args, status, text) => {
    const server = await serverForTest();
    await server.out("create", "demo");
    const ran = await server.run(args);
    expect(ran).toMatchObject({ status, out: "" });
    expect(ran.err).toMatch(/^netlog: .*\n$/);
    expect(ran.err).toContain(text);
  });
});
