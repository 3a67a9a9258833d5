import { expect, test } from "vitest";
import { serverForTest } from "./client-commands.ts";

test("scanners are listed with place, lag and what is pending, moved and deleted", async () => {
  const server = await serverForTest();
  await server.out("create", "jobs");
  await server.out("publish", "jobs", "one", "two", "three");
  await fetch(`${server.url}/jobs/scanner?id=w1&ack=explicit`, { method: "POST" });
  await fetch(`${server.url}/jobs/scan?id=w1`, { method: "POST" });
  const [titles, row] = (await server.out("scanners", "jobs")).split("\n");
  expect(titles).toMatch(/^SCANNER +ACK +NEXT +LAG +PENDING +OLDEST +AGAIN +DEAD +LAST SCAN$/);
  expect(row).toMatch(/^w1 +explicit +1 +2 +1 +\S+s +0 +0 +\S+s ago$/);
  expect(await server.out("seek", "jobs", "--id", "w1", "--to", "last")).toMatch(/^w1 +explicit +2 +1 +0 /m);
  expect(await server.json("scanners", "jobs")).toMatchObject([{ id: "w1", next: 2, lag: 1, pending: 0 }]);
  expect(await server.json("seek", "jobs", "--id", "w1", "--to", "beginning")).toMatchObject([{ next: 0 }]);
  expect(await server.out("scanners", "jobs", "--delete", "w1")).toBe("deleted w1 of jobs\n");
  expect(await server.out("scanners", "jobs", "--json")).toBe("");
});

test("what a scanner has given out is listed, message by message", async () => {
  const server = await serverForTest();
  await server.out("create", "jobs");
  await server.out("publish", "jobs", "one", "two");
  await fetch(`${server.url}/jobs/scanner?id=w1&ack=explicit`, { method: "POST" });
  expect(await server.out("scanners", "jobs", "--pending", "w1", "--json")).toBe("");
  await fetch(`${server.url}/jobs/scan?id=w1&max=2`, { method: "POST" });
  await fetch(`${server.url}/jobs/nack?id=w1&offset=1`, { method: "POST" });
  const [titles, ...rows] = (await server.out("scanners", "jobs", "--pending", "w1")).trimEnd().split("\n");
  expect(titles).toMatch(/^OFFSET +DELIVERIES +STATE +DUE$/);
  expect(rows[0]).toMatch(/^ +0 +1 +leased +\S+Z$/);
  expect(rows[1]).toMatch(/^ +1 +1 +due +-$/);
  expect(await server.json("scanners", "jobs", "--pending", "w1")).toMatchObject([
    { offset: 0, deliveries: 1, state: "leased" },
    { offset: 1, deliveries: 1, state: "due", due: null },
  ]);
});

test.each([
  [["scanners", "jobs", "--pending", "w2"], 3, "scanner not found"],
  [["scanners", "jobs", "--pending", "w2", "--delete", "w2"], 2, "take --pending or --delete"],
  [["scanners", "nobody"], 3, "topic not found"],
  [["scanners", "jobs", "--delete", "w2"], 3, "scanner not found"],
  [["seek", "jobs", "--to", "1"], 2, "seek needs --id <scanner> and --to <offset>"],
  [["seek", "jobs", "--id", "w2", "--to", "1"], 3, "scanner not found"],
])("netlog %j is a mistake", async (args, status, text) => {
  const server = await serverForTest();
  await server.out("create", "jobs");
  const ran = await server.run(args);
  expect(ran).toMatchObject({ status, out: "" });
  expect(ran.err).toContain(text);
});
