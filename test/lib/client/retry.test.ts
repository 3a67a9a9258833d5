import { describe, expect, it } from "vitest";
import { brokenOff, json, notListening, published, refused, Script, silence } from "./scripted-fetch.ts";

describe("an acknowledgement, and the end of a topic, that could not be synced", () => {
  it("are repeated: the server knows what it has done", async () => {
    const failed = () => refused(503, "sync_failed");
    const script = new Script(
      failed(),
      json({ ok: true, settled: 1, refused: [] }),
      failed(),
      json({ ok: true }),
    );
    const topic = script.client().topic("t");
    expect(await script.settle(topic.scanner("s", "explicit").ack(3))).toMatchObject({ settled: 1 });
    await script.settle(topic.close());
    expect(script.asked).toHaveLength(4);
  });

  it("are not a sync, which says so", async () => {
    const script = new Script(refused(503, "sync_failed"));
    await expect(script.client().topic("t").sync()).rejects.toMatchObject({ code: "sync_failed" });
    expect(script.asked).toHaveLength(1);
  });
});

describe("a read that failed", () => {
  it("is repeated after a random part of a wait that doubles", async () => {
    const script = new Script(brokenOff(), notListening(), refused(503, "shutting_down"), json(["a"]));
    const client = script.client({ retry: { minDelayMs: 200, maxDelayMs: 700 } });
    expect(await script.settle(client.topics())).toEqual(["a"]);
    expect(script.times).toEqual([0, 100, 300, 650]);
  });

  it("is repeated at once where chance says so: the jitter is full", async () => {
    const script = new Script(brokenOff(), brokenOff(), json([]));
    script.random = 0;
    await script.settle(script.client().topics());
    expect(script.times).toEqual([0, 0, 0]);
  });

  it("waits at least as long as Retry-After says", async () => {
    const script = new Script(refused(429, "too_many_requests", { "Retry-After": "3" }), json([]));
    script.random = 0;
    await script.settle(script.client().topics());
    expect(script.times).toEqual([0, 3000]);
  });

  it("understands a Retry-After that is a date", async () => {
    const script = new Script(
      refused(503, "shutting_down", { "Retry-After": "Thu, 01 Jan 2026 00:00:07 GMT" }),
      json([]),
    );
    script.random = 0;
    await script.settle(script.client().topics());
    expect(script.times).toEqual([0, 7000]);
  });

  it("is given up when the server asks for more patience than there is", async () => {
    const script = new Script(refused(503, "topic_unavailable", { "Retry-After": "60" }));
    await expect(script.settle(script.client().topics())).rejects.toMatchObject({
      code: "topic_unavailable",
      retryAfterMs: 60_000,
    });
    expect(script.times).toEqual([0]);
  });

  it("is given up after so many attempts", async () => {
    const script = new Script(brokenOff());
    const client = script.client({ retry: { attempts: 3 } });
    await expect(script.settle(client.topics())).rejects.toMatchObject({ code: "connection_lost" });
    expect(script.asked).toHaveLength(3);
  });

  it("is not repeated when nothing is to be", async () => {
    const script = new Script(brokenOff());
    await expect(script.settle(script.client({ retry: false }).topics())).rejects.toThrow(
      "other side closed",
    );
    expect(script.asked).toHaveLength(1);
  });

  it.each([
    refused(404, "topic_not_found"),
    refused(400, "bad_request"),
    refused(401, "unauthorized"),
    refused(500, "checksum_error"),
    refused(500, "unknown_error"),
    refused(507, "storage_full"),
  ])("is not repeated where the server would say the same again: %#", async (answer) => {
    const script = new Script(answer);
    await expect(script.settle(script.client().topics())).rejects.toMatchObject({ status: answer.status });
    expect(script.asked).toHaveLength(1);
  });

  it("is repeated when a proxy says that the server is away", async () => {
    const script = new Script(new Response("<h1>Bad Gateway</h1>", { status: 502 }), json([]));
    await script.settle(script.client().topics());
    expect(script.asked).toHaveLength(2);
  });

  it("is repeated when the server says nothing for too long", async () => {
    const script = new Script(silence, json([]));
    await script.settle(script.client({ timeoutMs: 4000 }).topics());
    expect(script.times).toEqual([0, 4050]);
  });

  it("stops waiting for its turn when it is aborted", async () => {
    const script = new Script(brokenOff());
    const stop = new AbortController();
    const topics = script.client({ retry: { minDelayMs: 5000 } }).topics({ signal: stop.signal });
    topics.catch(() => {});
    while (script.manual.timerCount === 0 || script.asked.length === 0) await script.manual.turn();
    await script.manual.turn();
    const why = new Error("enough");
    stop.abort(why);
    await expect(topics).rejects.toBe(why);
    expect(script.asked).toHaveLength(1);
    expect(script.manual.timerCount).toBe(0);
  });
});

describe("a publish that failed", () => {
  it.each([
    ["nobody listened", notListening()],
    ["there were too many requests", refused(429, "too_many_requests")],
    ["the topic's disk refused", refused(503, "topic_unavailable")],
    ["the server was stopping", refused(503, "shutting_down")],
    ["the request did not arrive in time", refused(408, "request_timeout")],
  ])("is repeated where the server surely stored nothing: %s", async (_why, failure) => {
    const script = new Script(failure, published(7));
    expect(await script.settle(script.client().topic("t").publish("x"))).toMatchObject({ offset: 7 });
    expect(script.asked.map(({ target }) => target)).toEqual(["/t/payload", "/t/payload"]);
  });

  it.each([
    ["the connection broke", brokenOff(), "connection_lost"],
    ["a browser tells nothing", new TypeError("Failed to fetch"), "connection_lost"],
    ["no answer came in time", silence, "timed_out"],
    ["the sync failed", refused(503, "sync_failed"), "sync_failed"],
    ["a proxy gave up", new Response("", { status: 504 }), "unexpected_answer"],
    ["a proxy had no server", new Response("", { status: 503 }), "unexpected_answer"],
  ])("is not repeated where it may be stored: %s", async (_why, failure, code) => {
    const script = new Script(failure, published());
    const publish = script.client().topic("t").publish("x");
    await expect(script.settle(publish)).rejects.toMatchObject({ code, isUndone: false });
    expect(script.asked).toHaveLength(1);
  });

  it("is repeated all the same when the caller does not mind two", async () => {
    const script = new Script(brokenOff(), published());
    await script.settle(script.client().topic("t").publish("x", { retry: "always" }));
    expect(script.asked).toHaveLength(2);
  });

  it("is never repeated when the caller says so", async () => {
    const script = new Script(notListening(), published());
    const publish = script.client().topic("t").publish("x", { retry: "never" });
    await expect(script.settle(publish)).rejects.toMatchObject({ code: "unreachable", isUndone: true });
    expect(script.asked).toHaveLength(1);
  });

  it("is not repeated on a full disk, where nothing was stored", async () => {
    const script = new Script(refused(507, "storage_full"));
    const publish = script.client().topic("t").publishBatch(["x"]);
    await expect(script.settle(publish)).rejects.toMatchObject({ code: "storage_full", isUndone: true });
    expect(script.asked).toHaveLength(1);
  });
});

describe("a scanner's call that failed", () => {
  it("is a scan: repeated with acknowledgements, for the message comes again", async () => {
    const script = new Script(brokenOff(), refused(404, "end_of_topic"));
    expect(await script.settle(script.client().topic("t").scanner("s", "explicit").scan())).toBeUndefined();
    expect(script.asked).toHaveLength(2);
  });

  it("is a scan: repeated as soon as a lease has shown that there are acknowledgements", async () => {
    const leased = new Response("x", {
      headers: { "X-Offset": "0", "X-Crc32": "2363233923", "X-Lease": "l", "X-Delivery": "1" },
    });
    const script = new Script(leased, brokenOff(), refused(404, "end_of_topic"));
    const scanner = script.client().topic("t").scanner("s");
    await script.settle(scanner.scan());
    expect(await script.settle(scanner.scan())).toBeUndefined();
    expect(script.asked).toHaveLength(3);
  });

  it("is a scan: not repeated without them, so that a lost message is an error", async () => {
    const script = new Script(brokenOff());
    const scan = script.client().topic("t").scanner("s").scan();
    await expect(script.settle(scan)).rejects.toMatchObject({ code: "connection_lost" });
    expect(script.asked).toHaveLength(1);
  });

  it("is an acknowledgement: repeated", async () => {
    const script = new Script(brokenOff(), json({ ok: true, settled: 1, refused: [] }));
    await script.settle(script.client().topic("t").scanner("s").ack(3));
    expect(script.asked).toHaveLength(2);
  });

  it("gives back: repeated with a lease, and not without, when another may have the message", async () => {
    const withLease = new Script(brokenOff(), json({ ok: true, settled: 1, refused: [] }));
    await withLease.settle(withLease.client().topic("t").scanner("s").nack(3, { lease: "l" }));
    expect(withLease.asked).toHaveLength(2);
    const without = new Script(brokenOff());
    await expect(without.settle(without.client().topic("t").scanner("s").nack(3))).rejects.toThrow();
    expect(without.asked).toHaveLength(1);
  });

  it("creates: repeated under a name, and not without, which would leave one behind", async () => {
    const named = new Script(brokenOff(), json({ id: "s", next: 0, from: 0, persistent: false }));
    await named.settle(named.client().topic("t").createScanner({ id: "s" }));
    expect(named.asked).toHaveLength(2);
    const unnamed = new Script(brokenOff());
    await expect(unnamed.settle(unnamed.client().topic("t").createScanner())).rejects.toThrow();
    expect(unnamed.asked).toHaveLength(1);
  });
});
