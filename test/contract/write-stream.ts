/** POST /:topic/stream: messages without end, committed while they arrive. */
import { describe, expect, it } from "vitest";
import type { Reply } from "./api.ts";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { binaryMessage } from "./messages.ts";
import { RawConnection, type RawReply } from "./raw.ts";

const MIB = 1024 * 1024;

/** What was kept, of an error; whose other fields are decided like those of any other. */
function keptOf(
  reply: RawReply | Reply,
  text: "bad request" | "payload too large" | "topic not found",
): object {
  const { offset, count, ...rest } = JSON.parse(reply.text) as Record<string, unknown>;
  const error = `${JSON.stringify(rest)}\n`;
  expect(reply.text).toBe(`${JSON.stringify({ ...rest, offset, count })}\n`);
  const headers = { ...reply.headers, "content-length": String(Buffer.byteLength(error)) };
  expectError({ status: reply.status, headers, text: error }, text);
  return { offset, count };
}

export function writeStreamContract(use: UseApi): void {
  const open = async (topic: string, query = "", headers = ""): Promise<RawConnection> => {
    const connection = await RawConnection.open(use().url);
    connection.send(
      `POST /${topic}/stream${query} HTTP/1.1\r\nHost: ${use().host}\r\n${headers}Transfer-Encoding: chunked\r\n\r\n`,
    );
    return connection;
  };
  const chunk = (bytes: string | Buffer): Buffer =>
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), Buffer.from(bytes), Buffer.from("\r\n")]);
  const END = "0\r\n\r\n";

  /** The next message that a scanner gets. */
  const follow = async (topic: string): Promise<() => Promise<string>> => {
    const id = await use().newScanner(topic);
    return async () => (await use().scan(topic, id, "30s")).text;
  };

  describe("POST /:topic/stream", () => {
    it("commits lines while they arrive, and the last one at its end", async () => {
      const topic = await use().newTopic(["before"]);
      const next = await follow(topic);
      expect(await next()).toBe("before");
      const connection = await open(topic);
      connection.send(chunk("one\ntw"));
      expect(await next()).toBe("one");
      connection.send(chunk("o\r\n\nthree"));
      expect(await next()).toBe("two");
      connection.send(END);
      const reply = await connection.reply();
      expect(reply.text).toBe('{"ok":true,"offset":1,"count":3}\n');
      expect(reply.status).toBe(201);
      expect(reply.headers).toMatchObject({ "x-offset": "1", "x-count": "3", "x-durability": "synced" });
      expect(await next()).toBe("three");
      connection.leave();
    });

    it("takes PUT as well, which is what curl -T sends, and lines where nobody tells a type", async () => {
      const topic = await use().newTopic();
      expect((await use().call("PUT", `/${topic}/stream`, { body: "a\nb" })).json).toEqual({
        ok: true,
        offset: 0,
        count: 2,
      });
      const allow = (await use().call("DELETE", `/${topic}/stream`)).headers.allow;
      expect(allow).toBe("GET, POST, PUT, OPTIONS");
    });

    it("takes NDJSON and messages, by content type or by format", async () => {
      const topic = await use().newTopic();
      const messages = Buffer.concat([binaryMessage("one"), binaryMessage("two\n")]);
      for (const [type, format, body] of [
        ["application/x-ndjson", "ndjson", '{"a":1}\n{"b":2}\n'],
        ["application/vnd.netlog.messages", "messages", messages],
      ] as const) {
        const typed = await use().post(`/${topic}/stream`, body, { headers: { "content-type": type } });
        expect(typed.json).toMatchObject({ ok: true, count: 2 });
        const named = await use().post(`/${topic}/stream?format=${format}`, body);
        expect(named.json).toMatchObject({ ok: true, count: 2 });
      }
      expect((await use().get(`/${topic}/payload/7`)).text).toBe("two\n");
    });

    it("tells the next offset when nothing was sent", async () => {
      const topic = await use().newTopic(["a", "b"]);
      const reply = await use().post(`/${topic}/stream`, "");
      expect(reply.json).toEqual({ ok: true, offset: 2, count: 0 });
    });

    it("tells what it kept when a message is refused", async () => {
      const topic = await use().newTopic(["before"]);
      const bad = binaryMessage("three");
      bad[1] = bad[1]! ^ 1;
      const body = Buffer.concat([binaryMessage("one"), binaryMessage("two"), bad, binaryMessage("four")]);
      const reply = await use().post(`/${topic}/stream?format=messages`, body);
      expect(keptOf(reply, "bad request")).toEqual({ offset: 1, count: 2 });
      expect(reply.text).toContain("message 2 at byte 24, checksum");
      expect(await use().publish(topic, "next")).toBe(3);
    });

    it("refuses a line that is larger than a payload, and keeps those before it", async () => {
      const topic = await use().newTopic();
      const connection = await open(topic);
      connection.send(chunk("one\n"));
      for (let i = 0; i < 17; i++) connection.send(chunk(Buffer.alloc(MIB, 120)));
      expect(keptOf(await connection.reply(), "payload too large")).toEqual({ offset: 0, count: 1 });
      connection.leave();
    });

    it("keeps the whole lines of a body that breaks off, and drops the one that was cut", async () => {
      for (const how of ["close", "reset"] as const) {
        const topic = await use().newTopic();
        const next = await follow(topic);
        const connection = await open(topic);
        connection.send(chunk("one\ntwo\nthr"));
        expect([await next(), await next()]).toEqual(["one", "two"]);
        connection.leave(how);
        expect(await use().publish(topic, "next")).toBe(2);
      }
    });

    it("tells what it kept when the body ends too early and the client still listens", async () => {
      const topic = await use().newTopic();
      const connection = await open(topic);
      connection.send(chunk("one\ntwo\nthr"));
      connection.finish();
      const reply = await connection.reply();
      expect(keptOf(reply, "bad request")).toEqual({ offset: 0, count: 2 });
      expect(reply.headers.connection).toBe("close");
      await connection.closed();
    });

    it("tells what it kept when the body turns out to be no HTTP", async () => {
      const topic = await use().newTopic();
      const connection = await open(topic);
      connection.send(chunk("one\n"));
      connection.send("this is no chunk\r\n");
      expect(keptOf(await connection.reply(), "bad request")).toEqual({ offset: 0, count: 1 });
      connection.leave();
    });

    it("ends when its topic is deleted", async () => {
      const topic = await use().newTopic();
      const next = await follow(topic);
      const connection = await open(topic);
      connection.send(chunk("one\n"));
      expect(await next()).toBe("one");
      expect((await use().delete(`/${topic}?force=1`)).status).toBe(200);
      expect(keptOf(await connection.reply(), "topic not found")).toMatchObject({ count: 1 });
      connection.leave();
    });

    it("asks for the body of a client that waits to be asked", async () => {
      const topic = await use().newTopic();
      const connection = await open(topic, "", "Expect: 100-continue\r\n");
      expect((await connection.reply()).status).toBe(100);
      connection.send(chunk("one\n"));
      connection.send(END);
      expect((await connection.reply()).status).toBe(201);
      connection.leave();
      const refused = await open("nobody-made-this", "", "Expect: 100-continue\r\n");
      expectError(await refused.reply(), "topic not found");
      refused.leave();
    });

    it("keeps the connection for the next request", async () => {
      const topic = await use().newTopic();
      const connection = await open(topic);
      connection.send(
        `${chunk("one\n")}${END}POST /${topic}/stream HTTP/1.1\r\nHost: ${use().host}\r\nContent-Length: 4\r\n\r\ntwo\n`,
      );
      expect((await connection.reply()).text).toBe('{"ok":true,"offset":0,"count":1}\n');
      expect((await connection.reply()).text).toBe('{"ok":true,"offset":1,"count":1}\n');
      connection.leave();
    });

    it.each([
      ["?format=json", "", "bad request"],
      ["?format=lines&x=1", "", "bad request"],
      ["", "Content-Type: application/json\r\n", "unsupported media type"],
      ["", "Content-Type: application/x-www-form-urlencoded\r\n", "unsupported media type"],
      ["", "Content-Encoding: br\r\n", "unsupported media type"],
    ] as const)("refuses %s %s before it begins, and keeps nothing", async (query, headers, text) => {
      const topic = await use().newTopic();
      const connection = await open(topic, query, headers);
      connection.send(chunk("one\n") + END);
      expectError(await connection.reply(), text);
      connection.leave();
      expect(await use().publish(topic, "first")).toBe(0);
    });

    it("brings a hundred thousand lines in order, of whatever length", async () => {
      const topic = await use().newTopic();
      const lines = Array.from({ length: 100_000 }, (_, i) => `${i} ${"x".repeat(i % 97)}`);
      const reply = await use().post(`/${topic}/stream`, lines.join("\n"));
      expect(reply.json).toEqual({ ok: true, offset: 0, count: 100_000 });
      for (const offset of [0, 1, 4711, 65_536, 99_999]) {
        expect((await use().get(`/${topic}/payload/${offset}`)).text).toBe(lines[offset]);
      }
    });
  });
}
