/** Refusals that pass, as a browser's EventSource has to hear them: it comes back after a 200 that ends, alone. */
import { expect, it } from "vitest";
import type { Reply } from "../../contract/api.ts";
import { expectError } from "../../contract/expect-error.ts";
import { DATA_FOLDER, openNetlog } from "../../support/netlog-fixture.ts";
import { connectionForTest, type ServerFixture, serverForTest } from "../server-fixture.ts";

const EVENTS = { accept: "text/event-stream" };

function expectComeBack(
  reply: Pick<Reply, "status" | "headers" | "text">,
  code: string,
  retryMs: number,
): void {
  expect([reply.status, reply.text]).toEqual([200, `retry: ${retryMs}\n\n`]);
  expect(reply.headers).toMatchObject({
    "content-type": "text/event-stream",
    "content-length": String(reply.text.length),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-netlog-error": code,
  });
}

/** A server with the topic `t`, whose files are broken. */
async function withBrokenTopic(): Promise<ServerFixture> {
  const first = await openNetlog();
  await first.netlog.createTopic("t");
  await first.netlog.close();
  for (const name of await first.disk.list(`${DATA_FOLDER}/t`)) {
    if (name.endsWith(".data")) await first.disk.remove(`${DATA_FOLDER}/t/${name}`);
  }
  return await serverForTest({ disk: first.disk, runtime: first.runtime });
}

it("a topic that cannot be served now asks it to come back, and names the line in the log", async () => {
  const { api, logger } = await withBrokenTopic();
  const headers = { ...EVENTS, "x-request-id": "page-7" };
  const reply = await api.get("/t/stream", { headers });
  expectComeBack(reply, "topic_unavailable", 10_000);
  expect(reply.headers["x-request-id"]).toBe("page-7");
  expect(logger.messages("error")).toContain("this topic cannot be served");
});

it("too many requests ask it to come back when there is room", async () => {
  const { api, netlog, runtime } = await serverForTest({ server: { rate: { count: 1, periodMs: 3000 } } });
  await netlog.createTopic("t");
  expect((await api.get("/")).status).toBe(200);
  expectComeBack(await api.get("/t/stream", { headers: EVENTS }), "too_many_requests", 3000);
  await runtime.advance(3000);
  const stream = await api.get("/t/stream?follow=0", { headers: EVENTS });
  expect(stream.text).toBe("retry: 1000\nid: -1\n\n");
});

it("a connection that is one too many asks it to come back, and ends", async () => {
  const fixture = await serverForTest({ limits: { connections: 1 } });
  await fixture.netlog.createTopic("t");
  const holding = await connectionForTest(fixture);
  holding.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await holding.reply();
  const surplus = await connectionForTest(fixture);
  surplus.send("GET /t/stream HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  const reply = await surplus.reply();
  expectComeBack(reply, "too_many_requests", 1000);
  expect(reply.headers.connection).toBe("close");
  await surplus.closed();
});

it("every other request hears of the error itself", async () => {
  const { api } = await withBrokenTopic();
  for (const accept of ["*/*", "application/x-ndjson", "application/x-ndjson, text/event-stream;q=0.1"]) {
    expectError(await api.get("/t/stream", { headers: { accept } }), "topic unavailable");
  }
  expectError(await api.get("/t/batch", { headers: EVENTS }), "topic unavailable");
  expectError(await api.post("/t/payload", "x", { headers: EVENTS }), "topic unavailable");
  const type = { ...EVENTS, "content-type": "text/plain" };
  expectError(await api.post("/t/stream", "x", { headers: type }), "topic unavailable");
});
