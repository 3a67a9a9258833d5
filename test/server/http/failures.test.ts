import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../server/index.ts";
import { expectError } from "../../contract/expect-error.ts";
import { type Fault, FaultyDisk } from "../../support/faulty-disk.ts";
import { endServer, type ServerFixture, serverForTest } from "../server-fixture.ts";

const FIRST_DATA_FILE = "00000000000000000000.data";

interface FailingFixture extends ServerFixture {
  fail(fault?: Fault): void;
}

async function failingServer(): Promise<FailingFixture> {
  let faulty!: FaultyDisk;
  const fixture = await serverForTest({
    seen: (disk) => {
      faulty = new FaultyDisk(disk);
      return faulty;
    },
  });
  return { ...fixture, fail: (fault) => faulty.plan(fault) };
}

/** Three messages, the second of which is damaged on the disk; on a server that was started after that. */
async function damagedTopic(settings?: object): Promise<ServerFixture & { topic: string }> {
  const first = await serverForTest();
  const topic = await first.api.newTopic(["first one", "second one", "third one"], settings);
  const scanner = await first.api.newScanner(topic, "0", "&persist=1");
  await endServer(first);
  const path = `/data/${topic}/${FIRST_DATA_FILE}`;
  const bytes = first.disk.bytesOf(path);
  bytes[bytes.indexOf("second one")]! ^= 1;
  first.disk.replaceBytes(path, bytes);
  const fixture = await serverForTest({ disk: first.disk, runtime: first.runtime });
  expect((await fixture.api.scan(topic, scanner)).text).toBe("first one");
  return { ...fixture, topic };
}

describe("a disk that is full", () => {
  it("is 507, stores nothing, and serves what is there", async () => {
    const { api, fail } = await failingServer();
    const topic = await api.newTopic(["a"]);
    fail({ code: "ENOSPC", kinds: ["write"], lasting: true });
    const reply = await api.post(`/${topic}/payload`, "b");
    expectError(reply, "storage full");
    expect((await api.get(`/${topic}/payload/0`)).text).toBe("a");
    fail();
    expect(await api.publish(topic, "c")).toBe(1);
  });

  it("is logged from time to time, and not for each request", async () => {
    const { api, fail, logger, runtime } = await failingServer();
    const topic = await api.newTopic(["a"]);
    fail({ code: "ENOSPC", kinds: ["write"], lasting: true });
    const failures = () => logger.messages("error").filter((message) => message === "request failed").length;
    for (let i = 0; i < 5; i++) expect((await api.post(`/${topic}/payload`, "b")).status).toBe(507);
    expect(failures()).toBe(1);
    await runtime.advance(LIMITS.failureLogMs);
    expect((await api.post(`/${topic}/payload`, "b")).status).toBe(507);
    expect(failures()).toBe(2);
  });
});

describe("a sync that fails", () => {
  it("is 503 with Retry-After, and so is the topic from then on, save for reading", async () => {
    const { api, fail } = await failingServer();
    const topic = await api.newTopic(["a"]);
    fail({ code: "EIO", kinds: ["sync"] });
    const failed = await api.post(`/${topic}/payload`, "b");
    expectError(failed, "sync failed");
    expect(failed.headers["retry-after"]).toMatch(/^\d+$/);
    fail();
    const later = await api.post(`/${topic}/payload`, "c");
    expectError(later, "topic unavailable");
    expect(later.headers["retry-after"]).toMatch(/^\d+$/);
    expectError(await api.get(`/${topic}/sync`), "topic unavailable");
    expect((await api.get(`/${topic}/payload/0`)).text).toBe("a");
  });

  it("is logged once, with its cause", async () => {
    const { api, fail, logger } = await failingServer();
    const topic = await api.newTopic(["a"]);
    fail({ code: "EIO", kinds: ["sync"] });
    await api.post(`/${topic}/payload`, "b");
    const lines = logger.lines.filter(({ message }) => message === "request failed");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: "error",
      fields: { method: "POST", url: `/${topic}/payload`, status: 503, err: { code: "sync_failed" } },
    });
    expect((lines[0]!.fields.err as Error).cause).toMatchObject({ code: "EIO" });
    // What comes of it later is no news.
    const later = await api.post(`/${topic}/payload`, "c");
    expect(later.status).toBe(503);
    expect(logger.lines.filter(({ message }) => message === "request failed")).toHaveLength(1);
  });
});

describe("a topic that could not be opened", () => {
  it("is listed, is 503 with its reason, and goes by force alone", async () => {
    const first = await serverForTest();
    const topic = await first.api.newTopic(["a"]);
    await endServer(first);
    await first.disk.remove(`/data/${topic}/00000000000000000000.data`);
    const { api } = await serverForTest({ disk: first.disk, runtime: first.runtime });
    expect((await api.get("/")).json).toContain(topic);
    for (const reply of [
      await api.get(`/${topic}`),
      await api.post(`/${topic}/payload`, "x"),
      await api.get(`/${topic}/scan?id=x`),
      await api.delete(`/${topic}`),
    ]) {
      expectError(reply, "topic unavailable");
      expect(reply.headers["retry-after"]).toMatch(/^\d+$/);
    }
    expect((await api.delete(`/${topic}?force=1`)).status).toBe(200);
    expectError(await api.get(`/${topic}`), "topic not found");
  });
});

describe("a topic whose settings are lost", () => {
  it("is read, refuses messages with what mends it, and is mended by PATCH", async () => {
    const first = await serverForTest();
    const topic = await first.api.newTopic(["a"]);
    await endServer(first);
    for (const name of ["settings.json", "settings.copy.json"])
      await first.disk.remove(`/data/${topic}/${name}`);
    const { api } = await serverForTest({ disk: first.disk, runtime: first.runtime });
    expect((await api.get(`/${topic}/payload/0`)).text).toBe("a");
    expect((await api.get("/-/ready")).json).toMatchObject({ ok: true, failed: [{ name: topic }] });
    for (const path of ["payload", "batch?format=lines"]) {
      expect(expectError(await api.post(`/${topic}/${path}`, "b\n"), "topic unavailable")).toContain("PATCH");
    }
    const streamed = await api.post(`/${topic}/stream?format=lines`, "b\n");
    expect(streamed.json).toMatchObject({ status: 503, reason: expect.stringContaining("PATCH"), count: 0 });
    expect((await api.get("/-/metrics")).text).toContain('netlog_topics{state="failed"} 1');
    expect((await api.call("PATCH", `/${topic}`, { body: '{"segment_age":"7day"}' })).status).toBe(200);
    expect(await api.publish(topic, "b")).toBe(1);
    expect((await api.get("/-/ready")).json).toEqual({ ok: true, failed: [] });
    expect((await api.get("/-/metrics")).text).toContain('netlog_topics{state="open"} 1');
  });
});

describe("damage", () => {
  it("is 500 when it is read, and tells where the good messages go on", async () => {
    const { api, topic } = await damagedTopic();
    const reply = await api.get(`/${topic}/payload/1`);
    expectError(reply, "checksum error");
    expect(reply.headers).toMatchObject({ "x-offset": "1", "x-next-offset": "2" });
    expect((await api.get(`/${topic}/payload/2`)).text).toBe("third one");
  });

  it("is 500 once to a scanner, which goes on behind it", async () => {
    const { api, topic } = await damagedTopic();
    const id = await api.newScanner(topic);
    expect((await api.scan(topic, id)).text).toBe("first one");
    const reply = await api.scan(topic, id);
    expectError(reply, "checksum error");
    expect(reply.headers).toMatchObject({ "x-offset": "1", "x-next-offset": "2" });
    expect((await api.scan(topic, id)).text).toBe("third one");
    expectError(await api.scan(topic, id), "end of topic");
  });

  it("is found by check, as an array", async () => {
    const { api, topic } = await damagedTopic();
    const reply = await api.get(`/${topic}/check`);
    expect(reply.status).toBe(200);
    const findings = reply.json as Record<string, unknown>[];
    expect(findings).toHaveLength(1);
    expect(Object.keys(findings[0]!)).toEqual(["offset", "odelta", "type", "expected", "actual"]);
    expect(findings[0]).toMatchObject({ offset: 1, odelta: 1, type: "checksum" });
    expect((await api.get(`/${topic}/check?from=2`)).json).toEqual({ ok: true, message: "topic healthy" });
  });

  it("is in the log with file and place, and never a payload", async () => {
    const { api, topic, logger } = await damagedTopic();
    await api.get(`/${topic}/payload/1`);
    const failed = logger.lines.find(({ message }) => message === "request failed");
    expect(failed).toMatchObject({
      fields: {
        err: { details: { place: expect.stringMatching(new RegExp(`^byte \\d+ of .*/${topic}/`)) } },
      },
    });
  });
});

describe("what retention dropped", () => {
  it("is not found, with the first offset still kept; a scanner's answer says how many it missed", async () => {
    const { api, runtime } = await serverForTest();
    const payloads = Array.from({ length: 30 }, (_, i) => `${i} ${"x".repeat(200)}`);
    const topic = await api.newTopic(payloads, { segment_size: 1024, retention_size: 2000 });
    const id = await api.newScanner(topic);
    await runtime.advance(10_000);
    const { first_offset: first } = (await api.get(`/${topic}`)).json as { first_offset: number };
    expect(first).toBeGreaterThan(10);
    for (const reply of [await api.get(`/${topic}/payload/3`), await api.post(`/${topic}/scanner?from=3`)]) {
      expectError(reply, "offset not found");
      expect(reply.headers["x-first-offset"]).toBe(String(first));
    }
    expectError(await api.get(`/${topic}/check?from=3`), "bad request");
    const reply = await api.scan(topic, id);
    expect(reply.headers).toMatchObject({ "x-offset": String(first), "x-skipped": String(first) });
    expect((await api.scan(topic, id)).headers["x-skipped"]).toBeUndefined();
    expect((await api.get(`/${topic}/payload/first`)).text).toBe(payloads[first]);
  });
});

describe("a restart", () => {
  it("keeps persistent scanners where they were, and forgets the others", async () => {
    const first = await serverForTest();
    const topic = await first.api.newTopic(["a", "b", "c"]);
    const kept = await first.api.newScanner(topic, "0", "&persist=true");
    const lost = await first.api.newScanner(topic);
    expect((await first.api.scan(topic, kept)).text).toBe("a");
    await endServer(first);
    const { api } = await serverForTest({ disk: first.disk, runtime: first.runtime });
    expect((await api.scan(topic, kept)).text).toBe("b");
    expectError(await api.scan(topic, lost), "scanner not found");
  });
});
