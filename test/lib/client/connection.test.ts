import { createServer } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { Agent } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import { isNetlogClientError, NetlogClient } from "../../../lib/client/index.ts";
import { within } from "../../support/deadline.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { clientForTest } from "./client-fixture.ts";
import { json, published, refused, Script, silence } from "./scripted-fetch.ts";

const ONCE = { retry: false } as const;

async function listen(server: Server, path?: string): Promise<number> {
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, "127.0.0.1", resolve);
    else server.listen(path, resolve);
  });
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("where requests go", () => {
  it.each([
    ["http://netlog.test", "/t/payload"],
    ["http://netlog.test/", "/t/payload"],
    ["http://netlog.test/queue/", "/queue/t/payload"],
    [new URL("http://netlog.test/a/b?x=1#y"), "/a/b/t/payload"],
  ])("%s", async (url, target) => {
    const script = new Script(published());
    await script.settle(script.client({}, String(url)).topic("t").publish("x"));
    expect(script.asked[0]?.target).toBe(target);
  });

  it.each(["localhost:7200", "", "ftp://host", "http://user:secret@host"])(
    "is refused at once: %s",
    (url) => {
      expect(() => new NetlogClient(url)).toThrow(
        expect.objectContaining({ code: "invalid_argument", message: expect.not.stringContaining("secret") }),
      );
    },
  );

  it.each(["", "..", ".", "a/b", "-", "-a", "%2e%2e", "ä", "x".repeat(256)])("is no topic: %j", (name) => {
    expect(() => new Script(json([])).client().topic(name)).toThrow(
      expect.objectContaining({ code: "invalid_topic_name" }),
    );
  });
});

describe("what requests carry", () => {
  it("is the token, asked for before each attempt", async () => {
    const tokens = ["first", "second"];
    const script = new Script(refused(503, "shutting_down"), json([]));
    const client = script.client({ token: async () => tokens.shift()!, headers: { "X-Trace": "7" } });
    await script.settle(client.topics());
    expect(script.asked.map(({ headers }) => headers.get("authorization"))).toEqual([
      "Bearer first",
      "Bearer second",
    ]);
    expect(script.asked[0]?.headers.get("x-trace")).toBe("7");
  });

  it("asks caches on the way to ask the server again, whatever an earlier answer said of a message", async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer(({ headers }, response) => {
      asked.push(headers["cache-control"]);
      const timestamp = "2026-01-01T00:00:00Z";
      response.writeHead(200, { "X-Offset": "0", "X-Crc32": crc32("x"), "X-Timestamp": timestamp });
      response.end("x");
    });
    const client = new NetlogClient(`http://127.0.0.1:${await listen(server)}`);
    expect((await client.topic("t").read(0)).text()).toBe("x");
    expect(asked).toEqual(["max-age=0"]);
  });

  it("is never a token that no header can carry, which is not told either", async () => {
    const script = new Script(json([]));
    const topics = script.client({ token: "se\ncret" }).topics();
    await expect(topics).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.not.stringContaining("cret\n"),
    });
    expect(script.asked).toHaveLength(0);
  });

  it("is no token that does not come, when it is late or not wanted any more, nor one that cannot be had", async () => {
    const script = new Script(json([]));
    const waiting = script.client({ token: () => new Promise(() => {}), timeoutMs: 5000, retry: false });
    await expect(script.settle(waiting.topics())).rejects.toMatchObject({ code: "timed_out" });
    const stop = new AbortController();
    const topics = waiting.topics({ signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(topics).rejects.toThrow("enough");
    const failing = script.client({ token: () => Promise.reject(new Error("no tokens today")) });
    await expect(failing.topics()).rejects.toThrow("no tokens today");
    expect(script.asked).toHaveLength(0);
    expect(script.manual.timerCount).toBe(0);
  });

  it("is a text as UTF-8, and never half a character", async () => {
    const { client, topic } = await clientForTest();
    await topic.publish("grüß 🦊");
    await topic.publish(Uint8Array.of(0, 255).buffer);
    expect((await topic.read(0)).text()).toBe("grüß 🦊");
    expect([...(await topic.read(1)).payload]).toEqual([0, 255]);
    await expect(topic.publish("\ud83e")).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(topic.publishBatch(["fine", "\udd8a"])).rejects.toMatchObject({ code: "invalid_argument" });
    expect(await client.topic("demo").offsetOf("end")).toBe(2);
  });

  it("goes through a dispatcher of undici's, such as one for a unix socket", async () => {
    const path = join(temporaryFolder(), "socket");
    await listen(
      createServer((_incoming, outgoing) => outgoing.end('["over the socket"]')),
      path,
    );
    const dispatcher = new Agent({ connect: { socketPath: path } });
    onTestFinished(() => dispatcher.destroy());
    const client = new NetlogClient("http://localhost", { dispatcher, ...ONCE });
    expect(await client.topics()).toEqual(["over the socket"]);
  });
});

describe("what goes wrong", () => {
  it("has code, status and reason, and where reading can go on", async () => {
    const answer = refused(500, "checksum_error", { "X-Offset": "5", "X-Next-Offset": "8" });
    const script = new Script(answer);
    const error: unknown = await script.settle(script.client().topic("t").read(5)).catch((e: unknown) => e);
    expect(error).toMatchObject({
      name: "NetlogClientError",
      code: "checksum_error",
      status: 500,
      reason: "why",
      offset: 5,
      nextOffset: 8,
      message: "GET http://netlog.test/t/payload/5: checksum error, why",
    });
    expect(isNetlogClientError(error)).toBe(true);
    expect(isNetlogClientError(error, "topic_not_found", "checksum_error")).toBe(true);
    expect(isNetlogClientError(error, "topic_not_found")).toBe(false);
  });

  it("is known by the text of a server that has no header for it, as the first NetLog", async () => {
    const script = new Script(json({ ok: false, status: 404, error: "netlog: topic not found" }, 404));
    await expect(script.settle(script.client().topics())).rejects.toMatchObject({ code: "topic_not_found" });
  });

  it("is the answer of another program, shown with its beginning", async () => {
    const script = new Script(new Response("<h1>It works!</h1>", { status: 404 }));
    await expect(script.settle(script.client().topics())).rejects.toMatchObject({
      code: "unexpected_answer",
      status: 404,
      message: expect.stringContaining("404, but not from netlog: <h1>It works!</h1>"),
    });
    const page = new Script(new Response("<h1>It works!</h1>"));
    await expect(page.settle(page.client().topics())).rejects.toMatchObject({ code: "unexpected_answer" });
    const bare = new Script(new Response(null, { status: 201 }));
    await expect(bare.settle(bare.client().topic("t").publish("x"))).rejects.toThrow("no X-Offset");
  });

  it("is a redirect: a token does not go along, and a POST does not become a GET", async () => {
    const port = await listen(
      createServer((_incoming, outgoing) => outgoing.writeHead(301, { Location: "https://other/" }).end()),
    );
    const client = new NetlogClient(`http://127.0.0.1:${port}`, ONCE);
    await expect(client.topic("t").publish("x")).rejects.toThrow("redirected to https://other/");
  });

  it("is nobody there: surely nothing was done", async () => {
    const server = createTcpServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const client = new NetlogClient(`http://127.0.0.1:${port}`, ONCE);
    await expect(client.topic("t").publish("x")).rejects.toMatchObject({
      code: "unreachable",
      isUndone: true,
    });
    const unknown = new NetlogClient("http://netlog.invalid", ONCE);
    await expect(unknown.topics()).rejects.toMatchObject({ code: "unreachable", isUndone: true });
  });

  it.each([
    ["before the answer", ""],
    ["within it", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n["],
  ])("is a connection that breaks %s: nobody knows what was done", async (_when, beginning) => {
    const server = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(beginning));
    });
    const client = new NetlogClient(`http://127.0.0.1:${await listen(server)}`, ONCE);
    await expect(client.topics()).rejects.toMatchObject({ code: "connection_lost", isUndone: false });
  });

  it("is an answer that stops in its middle", async () => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("[")),
    });
    const script = new Script(() => new Response(body));
    const topics = script.client({ timeoutMs: 3000, ...ONCE }).topics();
    await expect(script.settle(topics)).rejects.toMatchObject({ code: "timed_out" });
  });

  it("is a payload that was changed on its way", async () => {
    const headers = { "X-Offset": "3", "X-Crc32": "1", "X-Timestamp": "2026-01-01T00:00:00.000Z" };
    const script = new Script(new Response("hello", { headers }));
    const read = script.client(ONCE).topic("t").read(3);
    await expect(script.settle(read)).rejects.toMatchObject({ code: "checksum_mismatch", offset: 3 });
    const line = '{"offset":4,"timestamp":"2026-01-01T00:00:00.000Z","crc32":2,"payload":"x"}\n';
    const many = new Script(new Response(line, { headers: { "X-Next-Offset": "5", "X-Count": "1" } }));
    const batch = many.client(ONCE).topic("t").readBatch();
    await expect(many.settle(batch)).rejects.toMatchObject({ code: "checksum_mismatch", offset: 4 });
  });
});

describe("a wait", () => {
  it("makes the client as patient as the server", async () => {
    const script = new Script(silence);
    const scan = script
      .client({ timeoutMs: 1000, ...ONCE })
      .topic("t")
      .scanner("s")
      .scan({ waitMs: 20_000 });
    const failed = scan.catch((error: unknown) => error);
    await script.settle(failed);
    expect(script.manual.elapsedMs()).toBeGreaterThanOrEqual(21_000);
    expect(await failed).toMatchObject({ code: "timed_out" });
    expect(script.asked[0]?.target).toBe("/t/scan?id=s&wait=20000ms");
  });

  it("that is long is asked for in parts, from where the first one began", async () => {
    const nothing = new Response(null, { status: 204, headers: { "X-Next-Offset": "9" } });
    const script = new Script(nothing);
    const batch = await script.settle(script.client().topic("t").readBatch({ from: "end", waitMs: 130_000 }));
    expect(batch).toEqual({ messages: [], nextOffset: 9, isClosed: false });
    expect(script.asked.map(({ target }) => target)).toEqual([
      "/t/batch?from=end&wait=60000ms&format=ndjson",
      "/t/batch?from=9&wait=60000ms&format=ndjson",
      "/t/batch?from=9&wait=10000ms&format=ndjson",
    ]);
  });

  it("ends with the signal's reason", async () => {
    const { topic } = await clientForTest();
    const scanner = await topic.createScanner();
    const stop = new AbortController();
    const scan = scanner.scan({ waitMs: Number.POSITIVE_INFINITY, signal: stop.signal });
    const read = topic.readBatch({ waitMs: 3_600_000, signal: stop.signal });
    const why = new Error("enough");
    stop.abort(why);
    await expect(within("the scan's end", scan)).rejects.toBe(why);
    await expect(within("the read's end", read)).rejects.toBe(why);
    await expect(topic.info({ signal: stop.signal })).rejects.toBe(why);
  });

  it("leaves nothing behind at a signal that lives on", async () => {
    const { topic } = await clientForTest();
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    await topic.publish("x", { signal });
    await topic.read(0, { signal });
    await topic.publishAll(["a", "b"], { signal });
    for await (const _message of topic.stream({ follow: false, signal }));
    await topic.read(99, { signal }).catch(() => {});
    expect(listeners).toBe(0);
  });
});
