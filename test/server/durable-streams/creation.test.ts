/** `PUT` by the streams' door: a stream is there with its body and its end, or not there; the same request again finds it. */
import { describe, expect, it } from "vitest";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { parseNetwork } from "../../../server/auth/client-address.ts";
import { RIGHTS } from "../../../server/auth/rights.ts";
import type { Api, Reply } from "../../contract/api.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { bearer, testToken } from "../auth/tokens-fixture.ts";
import { serverForTest } from "../server-fixture.ts";

type Headers = Readonly<Record<string, string>>;

const JSON_TYPE = { "Content-Type": "application/json" };
const TEXT = { "Content-Type": "text/plain" };
const CLOSED = { "Stream-Closed": "true" };

const put = (api: Api, path: string, headers: Headers, body?: string): Promise<Reply> =>
  api.call("PUT", `/-/streams${path}`, { headers, ...(body === undefined ? {} : { body }) });
/** Each operation takes a turn of the event loop, in which other requests come. */
const slowDisk = () =>
  new MemoryDisk({ now: () => 0, schedule: () => new Promise((resolve) => setImmediate(resolve)) });
const statusOf = async (reply: Promise<Reply>): Promise<number> => (await reply).status;
const reasonOf = ({ json }: Reply): string => (json as { reason: string }).reason;

describe("a PUT", () => {
  it("with a long body makes no stream that others see before the body is in it", async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let tellPaused = (): void => {};
    const paused = new Promise<void>((resolve) => {
      tellPaused = resolve;
    });
    const offload = {
      ...inlineOffload,
      pause: () => {
        tellPaused();
        return released;
      },
    };
    const { api } = await serverForTest({ offload });
    const values = Array.from({ length: 50_000 }, (_, i) => ({ number: i }));
    const made = put(api, "/s", { ...JSON_TYPE, ...CLOSED }, JSON.stringify(values));
    await paused;
    const faster = await api.post("/-/streams/s", "0", { headers: JSON_TYPE });
    expect([faster.status, (await api.get("/s")).status]).toEqual([404, 404]);
    release();
    expect(await statusOf(made)).toBe(201);
    const read = await api.get("/-/streams/s?offset=-1");
    expect(read.json).toEqual(values);
    expect(read.headers["stream-closed"]).toBe("true");
  });

  it.each<[string, Headers, string | undefined, string]>([
    ["the end", { ...TEXT, ...CLOSED }, undefined, ""],
    ["a body", TEXT, "hello", "hello"],
    ["a body and the end", { ...TEXT, ...CLOSED }, "hello", "hello"],
    ["values and the end", { ...JSON_TYPE, ...CLOSED }, "[1, 2]", "[1,2]"],
    ["a fork, a body and the end", { ...CLOSED, "Stream-Forked-From": "/source" }, "!", "source!"],
  ])("that is sent three times at once makes one stream, with %s", async (_name, headers, body, content) => {
    const { api } = await serverForTest({ disk: slowDisk() });
    await put(api, "/source", TEXT, "source");
    const replies = await Promise.all(Array.from({ length: 3 }, () => put(api, "/s", headers, body)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    const read = await api.get("/-/streams/s?offset=-1");
    expect(read.text.replaceAll(/\s/g, "")).toBe(content);
    expect(read.headers["stream-closed"]).toBe("Stream-Closed" in headers ? "true" : undefined);
    const ends = replies.map((reply) => [
      reply.headers["stream-next-offset"],
      reply.headers["stream-closed"],
    ]);
    for (const end of ends) {
      expect(end).toEqual([read.headers["stream-next-offset"], read.headers["stream-closed"]]);
    }
  });

  it("is refused whole when its body is no JSON, and leaves no stream", async () => {
    const { api } = await serverForTest();
    expect(await statusOf(put(api, "/s", JSON_TYPE, "[1, nothing]"))).toBe(400);
    expect(await statusOf(api.get("/s"))).toBe(404);
  });

  it("finds a stream that ends at the same time, to the last digit that counts", async () => {
    const { api } = await serverForTest();
    const ending = (time: string) => statusOf(put(api, "/s", { "Stream-Expires-At": time }));
    expect(await ending("2030-01-01T00:00:00.0001Z")).toBe(201);
    expect(await ending("2030-01-01T00:00:00.0001Z")).toBe(200);
    expect(await ending("2030-01-01t01:00:00.001+01:00")).toBe(200);
    expect(await ending("2030-01-01T00:00:00Z")).toBe(409);
  });

  it.each<[Headers, string]>([
    [{ "Stream-TTL": "99999999999" }, "Stream-TTL takes a whole number of seconds from 1 to 31536000000"],
    [{ "Stream-TTL": "0" }, "Stream-TTL takes a whole number of seconds from 1 to"],
    [{ "Stream-Expires-At": "soon" }, "Stream-Expires-At takes an RFC 3339 time"],
    [{ "Stream-Expires-At": "" }, "Stream-Expires-At takes an RFC 3339 time"],
    [{ "Stream-Expires-At": "2020-01-01T00:00:00Z" }, "Stream-Expires-At takes a time later than now"],
  ])("that says %j is refused in the words of the door", async (headers, reason) => {
    const { api } = await serverForTest();
    const refused = await put(api, "/s", headers);
    expect(refused.status).toBe(400);
    expect(reasonOf(refused)).toContain(reason);
    expect(reasonOf(refused)).not.toMatch(/\b(?:ttl|expires_at|duration)\b/);
  });

  it("takes the longest Stream-TTL that it names", async () => {
    const { api } = await serverForTest();
    expect(await statusOf(put(api, "/s", { "Stream-TTL": "31536000000" }))).toBe(201);
    const { headers } = await api.call("HEAD", "/-/streams/s");
    expect(headers["stream-ttl"]).toBe("31536000000");
  });
});

describe("the rights of a PUT:", () => {
  const tokens = {
    admin: testToken(["s", "new"], ["admin"]),
    "admin and write": testToken(["s", "new"], ["admin", "write"]),
    write: testToken(["s", "new"], ["write", "read"]),
    all: testToken(["*"], RIGHTS),
  };
  const guarded = () =>
    serverForTest({ server: { tokens: Object.values(tokens).map(({ record }) => record) } });

  it("making a stream is admin, and its body and its end are write, too", async () => {
    const { api } = await guarded();
    const statuses = async (token: keyof typeof tokens, headers: Headers, body?: string) => {
      const sent = { ...TEXT, ...bearer(tokens[token]), ...headers };
      const status = await statusOf(put(api, "/new", sent, body));
      await api.call("DELETE", "/-/streams/new", { headers: bearer(tokens.all) });
      return status;
    };
    for (const [token, plain, appending] of [
      ["admin", 201, 403],
      ["write", 403, 403],
      ["admin and write", 201, 201],
    ] as const) {
      expect(await statuses(token, {}), token).toBe(plain);
      expect(await statuses(token, {}, "hello"), token).toBe(appending);
      expect(await statuses(token, CLOSED), token).toBe(appending);
      expect(await statuses(token, CLOSED, "hello"), token).toBe(appending);
    }
  });

  it("the answer names the right that lacks, and nothing was made", async () => {
    const { api } = await guarded();
    const refused = await put(api, "/new", { ...TEXT, ...bearer(tokens.admin) }, "hello");
    expect([refused.status, refused.headers["x-netlog-error"]]).toEqual([403, "forbidden"]);
    expect(reasonOf(refused)).toContain("no right to write");
    expect(await statusOf(api.get("/new", { headers: bearer(tokens.all) }))).toBe(404);
  });

  it("a fork is made by who may read its source", async () => {
    const { api } = await guarded();
    await put(api, "/secret", { ...TEXT, ...bearer(tokens.all) }, "hello");
    const from = { "Stream-Forked-From": "/secret" };
    const refused = await put(api, "/new", { ...from, ...bearer(tokens["admin and write"]) });
    expect([refused.status, refused.headers["x-netlog-error"]]).toEqual([403, "forbidden"]);
    // It tells nothing of what is there.
    const missing = { "Stream-Forked-From": "/missing" };
    expect(await statusOf(put(api, "/new", { ...missing, ...bearer(tokens["admin and write"]) }))).toBe(403);
    expect(await statusOf(api.get("/new", { headers: bearer(tokens.all) }))).toBe(404);
    expect(await statusOf(put(api, "/new", { ...from, ...bearer(tokens.all) }))).toBe(201);
  });

  it("says where the stream is as its client calls it, behind a trusted proxy", async () => {
    const byTls = { "X-Forwarded-Proto": "https", Host: "streams.example" };
    const proxied = await serverForTest({
      server: { trustedProxies: [parseNetwork("127.0.0.1")!], allowedHosts: ["streams.example"] },
    });
    const direct = await serverForTest({ server: { allowedHosts: ["streams.example"] } });
    const locations = await Promise.all(
      [proxied, direct].map(async ({ api }) => (await put(api, "/a", byTls)).headers.location),
    );
    expect(locations).toEqual(["https://streams.example/-/streams/a", "http://streams.example/-/streams/a"]);
  });
});
