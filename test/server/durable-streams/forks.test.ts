/** Forks by the streams' door: places, what is refused and why, and sources that are gone. */
import { expect, test } from "vitest";
import { serverForTest } from "../server-fixture.ts";

type Headers = Record<string, string>;

async function streams() {
  const fixture = await serverForTest();
  const call = async (method: string, path: string, headers: Headers = {}, body?: string) => {
    const answer = await fetch(`${fixture.server.url}/-/streams${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  const fork = (path: string, headers: Headers, body?: string) => call("PUT", path, headers, body);
  const textOf = async (path: string) => (await call("GET", `${path}?offset=-1`)).text;
  return { ...fixture, call, fork, textOf };
}

const place = (message: number, byte = 0) =>
  `${String(message).padStart(16, "0")}_${String(byte).padStart(16, "0")}`;
const TEXT = { "Content-Type": "text/plain" };

test("a fork names its source with and without the base of all streams, percent-encoded or not", async () => {
  const { call, fork, textOf } = await streams();
  await call("PUT", "/a/b", TEXT, "hello");
  for (const [i, path] of ["/a/b", "/-/streams/a/b", "/a%2Eb", "/a.b"].entries()) {
    expect((await fork(`/f${i}`, { "Stream-Forked-From": path })).status, path).toBe(201);
    expect(await textOf(`/f${i}`)).toBe("hello");
  }
  expect((await fork("/g", { "Stream-Forked-From": "a/b" })).status).toBe(400);
  expect((await fork("/g", { "Stream-Forked-From": "/" })).status).toBe(400);
});

test("a fork leaves its source within a message, by the offset's byte and by more bytes", async () => {
  const { call, fork, textOf } = await streams();
  await call("PUT", "/source", TEXT, "hello");
  await call("POST", "/source", TEXT, "world");
  const from = { "Stream-Forked-From": "/source" };
  const textAt = async (path: string, offset: string, more: string) => {
    const headers = { ...from, "Stream-Fork-Offset": offset, "Stream-Fork-Sub-Offset": more };
    const { status, headers: told } = await fork(path, headers);
    return status === 201 ? [await textOf(path), told.get("Stream-Next-Offset")] : status;
  };
  expect(await textAt("/f1", place(0, 2), "0")).toEqual(["he", place(1)]);
  expect(await textAt("/f2", place(1, 1), "2")).toEqual(["hellowor", place(2)]);
  expect(await textAt("/f3", place(1), "5")).toEqual(["helloworld", place(2)]);
  expect(await textAt("/f4", place(1), "6")).toBe(400);
  expect(await textAt("/f4", place(2), "1")).toBe(400);
  expect(await textAt("/f4", place(3), "0")).toBe(400);
  await call("POST", "/f1", TEXT, "y");
  expect(await textOf("/f1")).toBe("hey");
  expect(await textOf("/source")).toBe("helloworld");
});

test("the same fork again is found, also when its source is gone, and another one is a conflict", async () => {
  const { call, fork } = await streams();
  await call("PUT", "/source", { ...TEXT, "Stream-TTL": "60" }, "hello");
  const headers = {
    "Stream-Forked-From": "/source",
    "Stream-Fork-Offset": place(0),
    "Stream-Fork-Sub-Offset": "3",
  };
  expect((await fork("/fork", headers)).status).toBe(201);
  await call("PUT", "/other", TEXT);
  for (let round = 0; round < 2; round++) {
    expect((await fork("/fork", headers)).status).toBe(200);
    expect((await fork("/fork", { ...headers, "Stream-Fork-Sub-Offset": "4" })).status).toBe(409);
    expect((await fork("/fork", { ...headers, "Stream-Forked-From": "/other" })).status).toBe(409);
    expect((await call("PUT", "/fork", TEXT)).status).toBe(409);
    expect((await fork("/other", headers)).status).toBe(409);
    await call("DELETE", "/source");
  }
});

test("a source that is deleted first is gone here, and not found elsewhere, until its forks are", async () => {
  const { call, fork, textOf, api } = await streams();
  await call("PUT", "/source", TEXT, "hello");
  await fork("/fork", { "Stream-Forked-From": "/source" });
  expect(JSON.parse((await api.get("/source")).text)).toMatchObject({ forks: 1 });
  expect(JSON.parse((await api.get("/fork")).text)).toMatchObject({
    forked_from: { topic: "source", offset: 1 },
  });
  expect((await call("DELETE", "/source")).status).toBe(204);
  for (const method of ["GET", "HEAD", "DELETE"]) {
    const gone = await call(method, "/source");
    expect([gone.status, gone.headers.get("X-Netlog-Error")], method).toEqual([410, "gone"]);
  }
  expect((await call("POST", "/source", TEXT, "more")).status).toBe(410);
  const taken = await call("PUT", "/source", TEXT);
  expect([taken.status, taken.headers.get("X-Netlog-Error")]).toEqual([409, "stream_exists"]);
  const again = await fork("/second", { "Stream-Forked-From": "/source" });
  expect([again.status, again.headers.get("X-Netlog-Error")]).toEqual([409, "resource_busy"]);
  expect(JSON.parse(again.text).reason).toContain("deleted");
  expect((await api.get("/source")).status).toBe(404);
  expect((await api.get("/source")).text).toContain("stays taken");
  expect((await api.get("/")).text).toBe('["fork"]\n');
  expect((await api.get("/-/metrics")).text).toContain('netlog_topics{state="tombstone"} 1');
  expect(await textOf("/fork")).toBe("hello");
  await call("DELETE", "/fork");
  expect((await call("HEAD", "/source")).status).toBe(404);
});

test("a stream that retention has shortened cannot be forked at what is gone", async () => {
  const { call, fork, netlog } = await streams();
  const source = await netlog.createTopic("source", { segment_size: 1024, retention_size: 1500 });
  for (let i = 0; i < 6; i++) await source.publish({ payload: Buffer.alloc(600) });
  await source.upkeep(0);
  const refused = await fork("/f", { "Stream-Forked-From": "/source", "Stream-Fork-Offset": place(0) });
  expect(refused.status).toBe(400);
  expect(JSON.parse(refused.text).reason).toContain("the first that its source still has");
  expect((await call("HEAD", "/f")).status).toBe(404);
});
