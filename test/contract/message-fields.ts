/** Key, content type and headers of a message: on `payload` and `scan` as headers, in JSON as fields. */
import { describe, expect, it } from "vitest";
import type { Reply } from "./api.ts";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { RawConnection } from "./raw.ts";

const SENT = {
  "x-key": "user%201",
  "content-type": "application/json",
  "x-meta-trace": "a b\tc",
  "ce-id": "7f3e",
  "ce-type": "com.example.made",
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  tracestate: "vendor=1,other=2",
} as const;

export function messageFieldContract(use: UseApi): void {
  const send = (topic: string, headers: Record<string, string>, query = ""): Promise<Reply> =>
    use().post(`/${topic}/payload${query}`, "{}", { headers });

  /** The answers that are the one message of a topic. */
  const answersOf = async (topic: string): Promise<readonly Reply[]> => {
    const id = await use().newScanner(topic);
    const get = (rest: string): Promise<Reply> => use().get(`/${topic}/${rest}`);
    return [await get("payload/0"), await get("payload/last"), await get(`scan?id=${id}`)];
  };

  describe("key, content type and headers", () => {
    it("come back with payload and scan as they were sent", async () => {
      const topic = await use().newTopic();
      expect((await send(topic, SENT)).status).toBe(201);
      for (const reply of await answersOf(topic)) {
        expect(reply.status).toBe(200);
        expect(reply.text).toBe("{}");
        expect(reply.headers).toMatchObject(SENT);
      }
      const head = await use().call("HEAD", `/${topic}/payload/0`);
      expect(head.headers).toMatchObject(SENT);
    });

    it("stand in JSON behind what every message has, and before the payload", async () => {
      const topic = await use().newTopic(["plain"]);
      await send(topic, { ...SENT, "x-key": "%e2%82%ac%22" });
      const { "x-key": _key, "content-type": _type, ...headers } = SENT;
      const fields = JSON.stringify({ key: '€"', content_type: "application/json", headers }).slice(1, -1);
      const { text } = await use().get(`/${topic}/batch?format=json`);
      expect(text).toContain(`,${fields},"payload":"{}"}]`);
      expect(text).toMatch(/"crc32":\d+,"payload":"plain"}/);
      const id = await use().newScanner(topic, "1");
      const lines = [
        (await use().get(`/${topic}/batch?from=1`)).text,
        (await use().get(`/${topic}/stream?from=1&follow=0`)).text,
        (await use().get(`/${topic}/scan?id=${id}&max=1`)).text,
      ];
      for (const line of lines) expect(line).toContain(`,${fields},"payload":"{}"}\n`);
    });

    it("stand behind the delivery where a message is leased", async () => {
      const topic = await use().newTopic();
      await send(topic, { "x-key": "k", "content-type": "text/plain" });
      const id = await use().newScanner(topic, "0", "&ack=explicit");
      const { text } = await use().get(`/${topic}/scan?id=${id}&format=ndjson`);
      expect(text).toContain('"delivery":1,"key":"k","content_type":"text/plain","payload":"{}"}\n');
    });

    it("are not in lines and server-sent events", async () => {
      const topic = await use().newTopic();
      await send(topic, SENT);
      expect((await use().get(`/${topic}/batch?format=lines`)).text).toBe("{}\n");
      const sse = await use().get(`/${topic}/stream?format=sse&follow=0`);
      expect(sse.text).toBe("retry: 1000\nid: -1\n\nid: 0\ndata: {}\n\n");
    });

    it("go round: JSON that was read can be posted, and frames hold them", async () => {
      const topic = await use().newTopic();
      await send(topic, SENT);
      const copy = await use().newTopic();
      const { text } = await use().get(`/${topic}/batch?format=json`);
      expect((await use().post(`/${copy}/batch?format=json`, text)).status).toBe(201);
      expect((await use().get(`/${copy}/payload/0`)).headers).toMatchObject(SENT);
      const frames = await use().get(`/${topic}/batch?format=frames`);
      expect(frames.body.includes("user 1")).toBe(true);
    });

    it("change neither the payload's checksum nor its tag", async () => {
      const topic = await use().newTopic(["{}"]);
      await send(topic, SENT);
      const [plain, typed] = [await use().get(`/${topic}/payload/0`), await use().get(`/${topic}/payload/1`)];
      expect(typed.headers["x-crc32"]).toBe(plain.headers["x-crc32"]);
      expect(String(typed.headers.etag).split(":")[2]).toBe(String(plain.headers.etag).split(":")[2]);
    });

    it("are the dead letter's as well", async () => {
      const topic = await use().newTopic();
      await send(topic, SENT);
      const dead = use().freshName();
      const id = await use().newScanner(topic, "0", `&ack=explicit&dead_letter=${dead}`);
      await use().scan(topic, id);
      expect((await use().post(`/${topic}/nack?id=${id}&offset=0&dead=true`)).status).toBe(200);
      expect((await use().get(`/${dead}/payload/0`)).headers).toMatchObject(SENT);
    });
  });

  describe("a key", () => {
    it.each([
      ["visible ASCII as it is", "a/b?c&d=e+f~", undefined, "a/b?c&d=e+f~"],
      ["encoded, decoded once", "100%25", undefined, "100%25"],
      ["encoded twice, decoded once", "%2541", undefined, "%2541"],
      ["encoded without need", "%41%62", undefined, "Ab"],
      ["UTF-8", "%E2%82%AC", undefined, "%E2%82%AC"],
      ["in the query", undefined, "a%20b%25", "a%20b%25"],
      ["in the query, as UTF-8", undefined, "%e2%82%ac", "%E2%82%AC"],
      ["both, and the same", "a%20b", "a+b", "a%20b"],
    ])("is percent-encoded where it has to be: %s", async (_what, header, query, told) => {
      const topic = await use().newTopic();
      const headers = header === undefined ? {} : { "x-key": header };
      const reply = await send(topic, headers, query === undefined ? "" : `?key=${query}`);
      expect(reply.status, reply.text).toBe(201);
      for (const { headers: answered } of await answersOf(topic)) expect(answered["x-key"]).toBe(told);
    });

    it.each([
      ["an empty one", { "x-key": "" }, ""],
      ["an empty one in the query", {}, "?key="],
      ["broken encoding", { "x-key": "%zz" }, ""],
      ["half an encoding", { "x-key": "a%2" }, ""],
      ["no UTF-8", { "x-key": "%ff" }, ""],
      ["half a character", { "x-key": "%e2%82" }, ""],
      ["no visible ASCII", { "x-key": "a b" }, ""],
      ["two in the query", {}, "?key=a&key=b"],
      ["two that differ", { "x-key": "a" }, "?key=b"],
      ["1,025 bytes", { "x-key": "k".repeat(1025) }, ""],
      ["1,026 bytes of UTF-8", { "x-key": "%c3%bc".repeat(513) }, ""],
    ])("is refused, and nothing stored: %s", async (_what, headers, query) => {
      const topic = await use().newTopic();
      expectError(await send(topic, headers as Record<string, string>, query), "bad request");
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
    });

    it("has up to 1,024 bytes of UTF-8", async () => {
      const topic = await use().newTopic();
      for (const key of ["k".repeat(1024), "%C3%BC".repeat(512)]) {
        expect((await send(topic, { "x-key": key })).status).toBe(201);
        expect((await use().get(`/${topic}/payload/last`)).headers["x-key"]).toBe(key);
      }
    });
  });

  describe("a content type", () => {
    it.each([
      "application/json",
      "text/html; charset=utf-8",
      "image/svg+xml",
      "Application/JSON;a=b",
      "text/plain",
      "application/vnd.netlog.messages",
    ])("is kept as it is spelled: %s", async (type) => {
      const topic = await use().newTopic();
      await send(topic, { "content-type": type });
      for (const { headers } of await answersOf(topic)) expect(headers["content-type"]).toBe(type);
    });

    it.each([
      undefined,
      "application/octet-stream",
      "application/x-www-form-urlencoded",
      "Application/X-WWW-Form-Urlencoded; charset=utf-8",
      "application/octet-stream; x=1",
    ])("is none where it says nothing of the payload, by any way in: %s", async (type) => {
      const topic = await use().newTopic();
      const element = JSON.stringify({ payload: "m", content_type: type });
      for (const end of ["", " ".repeat(200_000)]) {
        expect((await use().post(`/${topic}/batch?format=json`, `[${element}${end}]`)).status).toBe(201);
      }
      await send(topic, type === undefined ? {} : { "content-type": type });
      for (const { headers } of await answersOf(topic)) {
        expect(headers["content-type"]).toBe("application/octet-stream");
      }
      expect((await use().get(`/${topic}/batch`)).text).not.toContain("content_type");
    });

    it.each([
      "json",
      "/",
      "text/",
      "text/plain, text/html",
      "text/pl ain",
      `text/${"x".repeat(255)}`,
      "a/b;\u00e9",
      "text/a;x",
      'text/a;x="b',
      "text/a;x=1\r\nContent-Type: text/b",
      'text/a;x="1\r\nContent-Type: 2"',
      "text/a\r\ncontent-type: text/a",
      "application/octet-stream;x=1\r\nContent-Type: text/b",
    ])("is refused where it is no media type, or is there twice: %s", async (type) => {
      const topic = await use().newTopic();
      const reply = await rawPublish(topic, `Content-Type: ${type}`);
      expectError(reply, "bad request");
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
    });
  });

  describe("headers", () => {
    it("have names in lower case, and values as they are spelled", async () => {
      const topic = await use().newTopic();
      const reply = await rawPublish(
        topic,
        "X-META-Trace: \t A  b \r\nCE-Id: 1\r\nTraceParent: x\r\nX-Meta-Empty:",
      );
      expect(reply.status).toBe(201);
      const { json } = await use().get(`/${topic}/batch?format=json`);
      expect(json).toMatchObject([
        { headers: { "x-meta-trace": "A  b", "ce-id": "1", traceparent: "x", "x-meta-empty": "" } },
      ]);
    });

    it("that are none of a message's are not kept", async () => {
      const topic = await use().newTopic();
      const others = { "x-other": "1", "x-metal": "2", cell: "3", trace: "4", authorization: "Bearer 5" };
      await send(topic, others);
      const [reply] = await answersOf(topic);
      for (const name of Object.keys(others)) expect(reply?.headers[name]).toBeUndefined();
      expect((await use().get(`/${topic}/batch`)).text).not.toContain('"headers"');
    });

    it.each([
      ["one twice", "X-Meta-A: 1\r\nx-meta-a: 2"],
      ["a trace twice", "Traceparent: 1\r\nTraceparent: 2"],
      ["no ASCII", "X-Meta-A: \u00e9"],
      ["65 of them", Array.from({ length: 65 }, (_, i) => `X-Meta-${i}: 1`).join("\r\n")],
      ["more than 8 KiB", `X-Meta-A: ${"x".repeat(8192)}`],
      [
        "more than 8 KiB with key and type",
        `X-Meta-A: ${"x".repeat(8150)}\r\nContent-Type: text/plain\r\nX-Key: abcdefghi`,
      ],
      ["no name", "X-Meta-: 1"],
      ["no name of an attribute", "Ce-: 1"],
    ])("are refused, and nothing stored: %s", async (_what, headers) => {
      const topic = await use().newTopic();
      expectError(await rawPublish(topic, headers), "bad request");
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
    });

    it("are up to 64, of up to 8 KiB together", async () => {
      const topic = await use().newTopic();
      const most = Array.from({ length: 64 }, (_, i) => [`x-meta-${i}`, "1"] as const);
      expect((await send(topic, Object.fromEntries(most))).status).toBe(201);
      // Name, colon, space and the line's end count.
      const large = { "x-meta-a": "x".repeat(8192 - "x-meta-a".length - 4) };
      expect((await send(topic, large)).status).toBe(201);
      expect((await use().get(`/${topic}/payload/1`)).headers).toMatchObject(large);
      expectError(await send(topic, { "x-meta-a": `${large["x-meta-a"]}x` }), "bad request");
    });
  });

  describe("on batches and streams in", () => {
    it.each(["X-Key: a", "x-meta-a: 1", "Ce-Id: 1"])("%s is refused", async (header) => {
      const topic = await use().newTopic();
      const [name = "", value = ""] = header.split(": ");
      for (const route of ["batch", "stream"]) {
        const headers = { [name]: value, "content-type": "text/plain" };
        const reply = await use().post(`/${topic}/${route}`, "a\nb\n", { headers });
        expect(expectError(reply, "bad request")).toContain(
          name.toLowerCase() === "x-key" ? "X-Key" : name.toLowerCase(),
        );
        expectError(await use().post(`/${topic}/${route}?format=lines&key=a`, "a\n"), "bad request");
      }
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
    });

    it("traces are ignored, and the content type names the format", async () => {
      const topic = await use().newTopic();
      const { traceparent, tracestate } = SENT;
      const headers = { traceparent, tracestate, "content-type": "text/plain" };
      for (const route of ["batch", "stream"]) {
        expect((await use().post(`/${topic}/${route}`, "a\n", { headers })).status).toBe(201);
      }
      expect((await use().get(`/${topic}/batch?format=json`)).text).not.toMatch(/headers|content_type/);
    });
  });

  describe("a payload in a browser", () => {
    it("runs nothing, and is for the server's own pages alone", async () => {
      const topic = await use().newTopic();
      await send(topic, { "content-type": "text/html" });
      for (const { headers } of [
        ...(await answersOf(topic)),
        await use().call("HEAD", `/${topic}/payload/0`),
      ]) {
        expect(headers).toMatchObject({
          "content-type": "text/html",
          "content-security-policy": "sandbox",
          "cross-origin-resource-policy": "same-origin",
          "x-content-type-options": "nosniff",
        });
      }
    });

    it("has the same where it has no type", async () => {
      const topic = await use().newTopic(["<script>"]);
      for (const { headers } of await answersOf(topic)) {
        expect(headers["content-security-policy"]).toBe("sandbox");
        expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
      }
    });
  });

  /** Publishes with these lines as they are, a character a byte. */
  async function rawPublish(topic: string, lines: string): ReturnType<RawConnection["reply"]> {
    const connection = await RawConnection.open(use().url);
    const head = `POST /${topic}/payload HTTP/1.1\r\nHost: ${use().host}\r\nContent-Length: 1\r\n`;
    connection.send(Buffer.from(`${head}${lines}\r\n\r\nx`, "latin1"));
    try {
      return await connection.reply();
    } finally {
      connection.leave();
    }
  }
}
