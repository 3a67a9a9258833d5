import { describe, expect, test } from "vitest";
import { parseLines, serverForTest, type TestServer } from "./client-commands.ts";

async function filledServer(): Promise<TestServer> {
  const server = await serverForTest();
  await server.out("create", "jobs");
  await server.out("publish", "jobs", "one", "two", "three");
  return server;
}

async function scanner(server: TestServer, id: string): Promise<unknown> {
  return (await server.json("scanners", "jobs")).find((one) => (one as { id: string }).id === id);
}

test("messages are shown in order, and a scanner that is missing is made", async () => {
  const server = await filledServer();
  const first = await server.run(["scan", "jobs", "--id", "me", "--count", "2"]);
  expect(first).toEqual({
    status: 0,
    out: "one\ntwo\n",
    err: "netlog: made the scanner me of jobs; it begins at offset 0\n",
  });
  const [{ offset, payload }] = (await server.json("scan", "jobs", "--id", "me", "--count", "1")) as [
    { offset: number; payload: string },
  ];
  expect({ offset, payload }).toEqual({ offset: 2, payload: "three" });
  expect(await scanner(server, "me")).toMatchObject({ ack: "auto", persistent: true, next: 3 });
});

test("nothing within --wait is a status of its own", async () => {
  const server = await filledServer();
  expect(await server.run(["scan", "jobs", "--id", "me", "--from", "end", "--wait", "0s"])).toMatchObject({
    status: 5,
    out: "",
  });
  expect(await server.out("scan", "jobs", "--id", "old", "--wait", "0s").catch(String)).toContain(
    "0, netlog: made",
  );
});

describe("with acknowledgements", () => {
  test("--ack acknowledges what was shown", async () => {
    const server = await filledServer();
    const { out } = await server.run(["scan", "jobs", "--id", "w1", "--ack", "--wait", "0s"]);
    expect(out).toBe("one\ntwo\nthree\n");
    expect(await scanner(server, "w1")).toMatchObject({ ack: "explicit", pending: 0, lag: 0 });
  });

  test("--count acknowledges the last one, and takes no more", async () => {
    const server = await filledServer();
    await server.run(["scan", "jobs", "--id", "w1", "--ack", "--count", "2"]);
    expect(await scanner(server, "w1")).toMatchObject({ next: 2, pending: 0, redelivered: 0 });
  });

  test("what is shown without --ack comes again", async () => {
    const server = await filledServer();
    const args = ["scan", "jobs", "--id", "w1", "--ack-wait", "1day", "--count", "1", "--json"];
    const { out } = await server.run(args);
    expect(parseLines(out)).toMatchObject([{ offset: 0, delivery: 1 }]);
    expect(await scanner(server, "w1")).toMatchObject({ pending: 1 });
  });

  test("a new scanner is made as the flags say, and one that is there must agree with them", async () => {
    const server = await filledServer();
    const flags = ["--ack-wait", "1m", "--max-deliver", "3", "--max-pending", "7", "--dead-letter", "failed"];
    await server.run(["scan", "jobs", "--id", "w1", ...flags, "--from", "2", "--wait", "0s"]);
    expect(await scanner(server, "w1")).toMatchObject({
      from: 2,
      settings: { ack_wait: "1m0s", max_deliver: 3, max_pending: 7, dead_letter: "failed" },
    });
    expect(await server.run(["scan", "jobs", "--id", "w1", "--max-deliver", "4"])).toMatchObject({
      status: 1,
      err: expect.stringContaining("scanner exists, max_deliver is not what "),
    });
  });
});

test.each([
  [["scan", "jobs"], 2, "scan needs --id <scanner>, a name for "],
  [["scan", "--id", "w1"], 2, "the topic is missing"],
  [["scan", "nobody", "--id", "w1"], 3, "topic not found"],
  [
    ["scan", "jobs", "--id", "auto", "--ack"],
    2,
    "the scanner auto of jobs is one without acknowledgements; ",
  ],
  [["scan", "jobs", "--id", "w1", "--jobs", "0"], 2, '--jobs: "0" is not allowed; it takes a whole number '],
  [["scan", "jobs", "--id", "/"], 1, "bad request, id"],
  [["scan", "jobs", "--id", "w1", "--jobs", "2"], 2, "--jobs and --retry-delay are for --exec"],
  [
    ["scan", "jobs", "--id", "w1", "--exec", "cat", "--meta"],
    2,
    "--format, --meta and --headers are for messages that ",
  ],
])("netlog %j is a mistake", async (args, status, text) => {
  const server = await filledServer();
  await fetch(`${server.url}/jobs/scanner?id=auto`, { method: "POST" });
  const ran = await server.run(args);
  expect(ran).toMatchObject({ status, out: "" });
  expect(ran.err).toContain(text);
});
