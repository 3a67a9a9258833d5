import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { serverForTest, type TestServer } from "./client-commands.ts";

/** A topic `demo` of two messages, which is closed, and one that is open. */
async function closedTopic(): Promise<TestServer> {
  const server = await serverForTest();
  await server.out("create", "demo", "open");
  await server.out("publish", "demo", "m0", "m1");
  await server.out("close", "demo");
  return server;
}

async function isClosed(server: TestServer, topic: string): Promise<boolean> {
  const [info] = (await server.json("info", topic)) as { closed?: true }[];
  return info?.closed === true;
}

test("a closed topic says so in info and in the table of topics, and an open one does not", async () => {
  const server = await closedTopic();
  expect(await server.out("info", "demo")).toMatch(/^topic +demo\nclosed +yes; it takes no more messages\n/);
  expect(await server.out("info", "open")).not.toContain("closed");
  expect(await server.out("topics")).toMatch(/^TOPIC .*\ndemo .* closed .*\nopen .* 0\/s .*\n$/);
  expect(await server.json("topics")).toEqual([
    expect.objectContaining({ topic: "demo", closed: true, rate: expect.any(Number) }),
    expect.not.objectContaining({ closed: expect.anything() }),
  ]);
});

describe("a copy of a closed topic", () => {
  test("is open, and the command says so", async () => {
    const server = await closedTopic();
    expect(await server.run(["copy", "demo", "copied"])).toMatchObject({
      status: 0,
      out: "copied 2 messages\n",
      err: "netlog: made the topic copied\nnetlog: demo is closed, and copied is not: --close closes it, too\n",
    });
    expect(await isClosed(server, "copied")).toBe(false);
  });

  test("is closed with --close, also when it was there already, and again", async () => {
    const server = await closedTopic();
    await server.run(["copy", "demo", "copied"]);
    for (const _time of ["first", "again"]) {
      const { status, out, err } = await server.run(["copy", "demo", "copied", "--close", "--json"]);
      expect({ status, err }).toEqual({ status: 0, err: "netlog: closed copied, as demo is\n" });
      expect(JSON.parse(out)).toEqual({
        from: "demo",
        to: "copied",
        held: 2,
        copied: 0,
        bytes: 0,
        closed: true,
      });
      expect(await isClosed(server, "copied")).toBe(true);
    }
  });

  test("is closed when the topic is closed while --follow copies it", async () => {
    const server = await serverForTest();
    await server.out("publish", "--create", "demo", "m0");
    const following = server.run(["copy", "demo", "copied", "--follow", "--close"]);
    await server.out("publish", "demo", "m1");
    await server.out("close", "demo");
    expect(await following).toMatchObject({ status: 0, out: "copied 2 messages\n" });
    expect(await isClosed(server, "copied")).toBe(true);
  });

  test("stays open with --close where the topic is open", async () => {
    const server = await serverForTest();
    await server.out("publish", "--create", "demo", "m0");
    expect(await server.run(["copy", "demo", "copied", "--close"])).toMatchObject({
      out: "copied 1 message\n",
      err: "netlog: made the topic copied\n",
    });
    expect(await isClosed(server, "copied")).toBe(false);
  });

  test("in a file does not say so, and the command does", async () => {
    const server = await closedTopic();
    const path = join(temporaryFolder(), "demo.ndjson");
    const { status, err } = await server.run(["export", "demo", path]);
    expect(status).toBe(0);
    expect(err).toBe(
      "netlog: demo is closed, and its messages in a file do not say so: use `netlog close` on a topic that is made of them\n",
    );
    expect(readFileSync(path, "utf8")).toMatch(/"m1"}\n$/);
    expect(await server.run(["copy", path, "copied", "--close"])).toMatchObject({
      status: 2,
      err: expect.stringContaining(
        "--close is for a copy from topic to topic; netlog close closes any topic",
      ),
    });
  });
});
