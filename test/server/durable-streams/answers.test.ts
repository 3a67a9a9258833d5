/** What the answers of the streams' door say beside the bytes, and which requests it takes. */
import { expect, test } from "vitest";
import { serverForTest } from "../server-fixture.ts";

const TYPE = { "Content-Type": "text/plain" };
const START = "0000000000000000_0000000000000000";

test("an empty read of an open stream is asked for anew, and finds what came meanwhile", async () => {
  const { api } = await serverForTest();
  const path = "/-/streams/polled";
  await api.call("PUT", path, { headers: TYPE });
  const empty = await api.get(`${path}?offset=${START}`);
  expect(empty.text).toBe("");
  expect(empty.headers["cache-control"]).toBe("private, no-cache");
  const held = { headers: { "If-None-Match": String(empty.headers.etag) } };
  const same = await api.get(`${path}?offset=${START}`, held);
  expect([same.status, same.headers["cache-control"]]).toEqual([304, "private, no-cache"]);
  await api.call("POST", path, { headers: TYPE, body: "news" });
  const full = await api.get(`${path}?offset=${START}`, held);
  expect([full.status, full.text]).toEqual([200, "news"]);
  expect(full.headers["cache-control"]).toContain("max-age=60");
});

test("the empty end of a closed stream may be kept", async () => {
  const { api } = await serverForTest();
  const path = "/-/streams/over";
  await api.call("PUT", path, { headers: { ...TYPE, "Stream-Closed": "true" } });
  const end = await api.get(`${path}?offset=${START}`);
  expect(end.headers["stream-closed"]).toBe("true");
  expect(end.headers["cache-control"]).toContain("max-age=60");
});

test("the protocol's own segment is refused between slashes and dots, since both are one topic", async () => {
  const { api } = await serverForTest();
  for (const path of ["__ds", "__ds/x", "__ds.x", "a.__ds", "a/b.__ds.c"]) {
    const refused = await api.call("PUT", `/-/streams/${path}`, { headers: TYPE });
    expect([refused.status, refused.headers["x-netlog-error"]], path).toEqual([400, "invalid_topic_name"]);
  }
  expect((await api.call("PUT", "/-/streams/__dsx", { headers: TYPE })).status).toBe(201);
});

test("a refusal is this door's own, also where the target or the Host is malformed", async () => {
  const { api } = await serverForTest();
  const requests = [
    ["/-/streams/%ff", {}],
    ["/%2D/streams/a/%zz?offset=-1", {}],
    ["/-/streams/a", { Host: "a b" }],
  ] as const;
  for (const [path, headers] of requests) {
    const refused = await api.get(path, { headers });
    expect(refused.status, path).toBe(400);
    expect(refused.headers["cross-origin-resource-policy"], path).toBe("same-origin");
  }
  expect((await api.get("/%ff")).headers).not.toHaveProperty("cross-origin-resource-policy");
});

test("parameters of the users' own are ignored, whatever they look like; the door's own are not", async () => {
  const { api } = await serverForTest();
  const path = "/-/streams/tagged";
  await api.call("PUT", path, { headers: TYPE, body: "a" });
  for (const query of ["tag=1&tag=2", "ttl=5", "offsets=7", "x=%zz"]) {
    expect((await api.get(`${path}?offset=-1&${query}`)).text, query).toBe("a");
  }
  for (const query of ["offset=-1&offset=-1", "offset=%zz"]) {
    expect((await api.get(`${path}?${query}`)).status, query).toBe(400);
  }
});

test("a cursor never goes back, however far ahead the client's is", async () => {
  const { api } = await serverForTest();
  const path = "/-/streams/cursors";
  await api.call("PUT", path, { headers: TYPE, body: "a" });
  let cursor = "999999999999999";
  for (let i = 0; i < 50; i++) {
    const next = await api.get(`${path}?offset=-1&live=long-poll&cursor=${cursor}`);
    cursor = String(next.headers["stream-cursor"]);
    expect(cursor).toMatch(/^9999999999[0-9]{5}$/);
  }
});
