import { expect, test } from "vitest";
import { serverForTest } from "./client-commands.ts";

const SHORT = ["--duration", "20ms", "--publishers", "2"];

test("a load is put on a topic of its own, read back, told and cleared away", async () => {
  const server = await serverForTest();
  const [publish, read] = (await server.json("bench", ...SHORT, "--batch", "10", "--size", "7")) as [
    { requests: number; messages: number },
    object,
  ];
  expect(publish).toMatchObject({ phase: "publish", p50_ms: expect.any(Number) });
  expect(publish.messages).toBeGreaterThanOrEqual(20);
  expect(publish.messages).toBe(publish.requests * 10);
  expect(read).toMatchObject({ phase: "read", messages: publish.messages });
  expect(await server.out("topics", "--names")).toBe("");
});

test("a topic that is named stays, and --keep leaves the other", async () => {
  const server = await serverForTest();
  await server.out("create", "demo");
  await server.out("publish", "demo", "before");
  const text = await server.out("bench", "demo", ...SHORT);
  expect(text).toMatch(/^PHASE +MESSAGES .*\npublish +\d.*\nread +\d.*\n$/);
  await server.out("bench", "--keep", ...SHORT);
  expect(await server.out("topics", "--names")).toMatch(/^bench-\d+\ndemo\n$/);
});

test("a live line shows on a terminal, and a topic that is missing is an error", async () => {
  const server = await serverForTest();
  const { err } = await server.run(["bench", ...SHORT], { isTTY: true });
  expect(err).toMatch(/publish \d+ messages {2}[\d,]+\/s/);
  expect(await server.run(["bench", "nobody", ...SHORT])).toMatchObject({ status: 3, out: "" });
});
