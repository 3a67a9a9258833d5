import { expect, it } from "vitest";
import { DATA_FOLDER, openNetlog } from "../../support/netlog-fixture.ts";
import { bearer, testToken } from "../auth/tokens-fixture.ts";
import { serverForTest } from "../server-fixture.ts";

it("tells of topics that the token may read, and counts no others", async () => {
  const logs = testToken(["logs-*"], ["read"]);
  const blind = testToken(["*"], ["write", "admin"]);
  const { api, netlog } = await serverForTest({ server: { tokens: [logs.record, blind.record] } });
  for (const name of ["logs-a", "logs-b", "orders"]) await netlog.createTopic(name);
  for (const sort of ["name", "-messages"]) {
    const reply = await api.get(`/-/topics?sort=${sort}&limit=1`, { headers: bearer(logs) });
    expect(reply.json).toMatchObject({ count: 2 });
    expect(reply.text).not.toContain("orders");
    const none = await api.get(`/-/topics?sort=${sort}`, { headers: bearer(blind) });
    expect(none.json).toEqual({ count: 0, may: ["write", "admin"], topics: [] });
  }
});

it("tells what the token may do, to each topic and at all; without tokens nothing", async () => {
  const token = testToken(["logs-*", "orders"], ["read"]);
  const writer = testToken(["*"], ["admin", "read"]);
  const { api, netlog } = await serverForTest({ server: { tokens: [token.record, writer.record] } });
  for (const name of ["logs-a", "orders"]) await netlog.createTopic(name);
  expect((await api.get("/-/topics", { headers: bearer(token) })).json).toMatchObject({
    may: ["read"],
    topics: [{ may: ["read"] }, { may: ["read"] }],
  });
  expect((await api.get("/-/topics", { headers: bearer(writer) })).json).toMatchObject({
    may: ["read", "admin"],
    topics: [{ may: ["read", "admin"] }, { may: ["read", "admin"] }],
  });
  const open = await serverForTest();
  await open.netlog.createTopic("t");
  expect((await open.api.get("/-/topics")).text).not.toContain("may");
});

it("says of a topic that cannot be served why, among the others", async () => {
  const first = await openNetlog();
  for (const name of ["bad", "good"]) await first.netlog.createTopic(name);
  await first.netlog.close();
  await first.disk.remove(`${DATA_FOLDER}/bad/00000000000000000000.data`);
  const { api } = await serverForTest({ disk: first.disk, runtime: first.runtime });
  for (const sort of ["name", "messages"]) {
    expect((await api.get(`/-/topics?sort=${sort}`)).json).toMatchObject({
      count: 2,
      topics: [{ name: "bad", failed: "there is no data file in its folder" }, { name: "good" }],
    });
  }
});

it("counts from the opening of a topic, and knows the time of what was there before", async () => {
  const first = await openNetlog();
  const topic = await first.netlog.createTopic("t");
  const { timestampMs } = await topic.publish({ payload: Buffer.from("a") });
  await first.netlog.close();
  const { api } = await serverForTest({ disk: first.disk, runtime: first.runtime });
  const newest = new Date(timestampMs).toISOString();
  expect((await api.get("/-/topics")).json).toMatchObject({
    topics: [{ messages: 1, messages_in: 0, bytes_in: 0, newest }],
  });
});
