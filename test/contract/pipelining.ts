/** Requests of one connection that come before the answers to earlier ones: in order, and as if they came alone. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { RawConnection, type RawReply } from "./raw.ts";

export function pipeliningContract(use: UseApi): void {
  const request = (method: string, path: string, headers = "", body = ""): string =>
    `${method} ${path} HTTP/1.1\r\nHost: ${use().host}\r\n${headers}${body === "" ? "" : `Content-Length: ${body.length}\r\n`}\r\n${body}`;
  const get = (path: string, headers = ""): string => request("GET", path, headers);
  const publish = (topic: string, payload: string, headers = "", query = ""): string =>
    request("POST", `/${topic}/payload${query}`, headers, payload);

  /** The answers to `count` requests, sent as `pieces` on one connection. */
  async function answers(pieces: readonly string[], count: number): Promise<RawReply[]> {
    const connection = await RawConnection.open(use().url);
    for (const piece of pieces) connection.send(piece);
    const replies: RawReply[] = [];
    for (let i = 0; i < count; i++) replies.push(await connection.reply());
    connection.leave();
    return replies;
  }

  describe("requests that come before the answers to earlier ones", () => {
    it("are done in order: each sees what those before it did", async () => {
      const topic = use().freshName();
      const requests = [
        request("POST", `/${topic}`),
        publish(topic, "a"),
        publish(topic, "b"),
        get(`/${topic}/payload/1`),
        request("POST", `/${topic}/scanner?id=s&from=0`),
        get(`/${topic}/scan?id=s`),
        request("DELETE", `/${topic}?force=1`),
        publish(topic, "c"),
      ];
      const replies = await answers([requests.join("")], requests.length);
      expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 200, 201, 200, 200, 404]);
      expect([replies[3]?.text, replies[5]?.text]).toEqual(["b", "a"]);
    });

    it("are all answered, however many they are", async () => {
      const topic = await use().newTopic();
      const texts = Array.from({ length: 500 }, (_, i) => `message ${i}`);
      const replies = await answers([texts.map((text) => publish(topic, text)).join("")], texts.length);
      expect(replies.map(({ headers }) => headers["x-offset"])).toEqual(texts.map((_, i) => String(i)));
      expect((await use().get(`/${topic}/batch?format=lines`)).text).toBe(`${texts.join("\n")}\n`);
    });

    it.each([
      ["a key", () => "Idempotency-Key: k\r\n"],
      ["a producer's number", () => "Producer-Id: p\r\nProducer-Epoch: 0\r\nProducer-Seq: 0\r\n"],
      ["an expected offset", (offset: number) => `X-Expected-Offset: ${offset}\r\n`],
    ])("are stored in order, where one of them has %s", async (_what, headersAt) => {
      const topic = await use().newTopic();
      // The first publish of a topic that is to be remembered waits until the topic's state is there; later ones do not.
      for (const [round, first] of [0, 4].entries()) {
        const headers = headersAt(first + 2)
          .replaceAll("k\r", `k${round}\r`)
          .replace("Seq: 0", `Seq: ${round}`);
        const requests = [
          publish(topic, "a"),
          publish(topic, "b"),
          publish(topic, "c", headers),
          publish(topic, "d"),
        ];
        const replies = await answers([requests.join("")], requests.length);
        expect(replies.map(({ status, headers: { "x-offset": offset } }) => [status, offset])).toEqual(
          requests.map((_, i) => [201, String(first + i)]),
        );
      }
      expect((await use().get(`/${topic}/batch?format=lines`)).text).toBe("a\nb\nc\nd\n".repeat(2));
    });

    it("are refused behind one that closes the topic", async () => {
      const topic = await use().newTopic();
      const requests = [publish(topic, "a"), publish(topic, "b", "", "?close=true"), publish(topic, "c")];
      const replies = await answers([requests.join("")], requests.length);
      expect(replies.map(({ status }) => status)).toEqual([201, 201, 409]);
      expectError(replies[2]!, "topic closed");
      expect((await use().get(`/${topic}/batch?format=lines`)).text).toBe("a\nb\n");
    });

    it("are the same, wherever the network cuts them", async () => {
      const topic = await use().newTopic();
      const chunked = `POST /${topic}/payload HTTP/1.1\r\nHost: ${use().host}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nc\n\r\n1\r\n!\r\n0\r\n\r\n`;
      const all = publish(topic, "a") + publish(topic, "b\r\n\r\nb") + chunked + get(`/${topic}/payload/0`);
      for (let at = 1; at < all.length; at += 7) {
        const replies = await answers([all.slice(0, at), all.slice(at)], 4);
        expect(
          replies.map(({ status }) => status),
          `cut at ${at}`,
        ).toEqual([201, 201, 201, 200]);
      }
      const { text } = await use().get(`/${topic}/stream?follow=0`);
      const payloads = text.trimEnd().split("\n");
      expect(payloads.map((line) => (JSON.parse(line) as { payload: string }).payload)).toEqual(
        payloads.map((_, i) => ["a", "b\r\n\r\nb", "c\n!"][i % 3]),
      );
      const bytes = await answers(all.split(""), 4);
      expect(bytes.map(({ status }) => status)).toEqual([201, 201, 201, 200]);
    });

    it("may have large bodies, and large answers", async () => {
      const topic = await use().newTopic(["first"]);
      const large = "x".repeat(3_000_000);
      const requests = [
        publish(topic, large),
        get(`/${topic}/payload/1`),
        publish(topic, "small"),
        publish(topic, large),
        get(`/${topic}/payload/2`),
      ];
      const replies = await answers([requests.join("")], requests.length);
      expect(replies.map(({ status }) => status)).toEqual([201, 200, 201, 201, 200]);
      expect([replies[1]?.text === large, replies[4]?.text]).toEqual([true, "small"]);
    });

    it("may begin in a piece that ends a body which gives way", async () => {
      const topic = await use().newTopic();
      const more = "y".repeat(500_000);
      // The network brings 64 KiB at a time. A body gives way after 256 KiB, and the piece after that may be its last.
      for (let sizeBytes = 320_000; sizeBytes < 400_000; sizeBytes += 9_000) {
        const requests = [publish(topic, "x".repeat(sizeBytes)), publish(topic, more)];
        const replies = await answers([requests.join("")], requests.length);
        expect(
          replies.map(({ status }) => status),
          `${sizeBytes} bytes before`,
        ).toEqual([201, 201]);
      }
    });

    it("are answered behind one that asks for an upgrade", async () => {
      const topic = await use().newTopic();
      const upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
      const chunks = "3\r\nthr\r\n2\r\nee\r\n0\r\n\r\n";
      const requests = [
        get("/", upgrade),
        request("POST", `/${topic}/payload`, upgrade, "one"),
        request("POST", `/${topic}/payload`, "", "two"),
        `${request("POST", `/${topic}/payload`, `${upgrade}Transfer-Encoding: chunked\r\n`)}${chunks}`,
        get(`/${topic}/payload/2`, upgrade),
        get(`/${topic}/payload/0`),
      ];
      for (const pieces of [[requests.join("")], requests]) {
        const replies = await answers(pieces, requests.length);
        expect(replies.map(({ status }) => status)).toEqual([200, 201, 201, 201, 200, 200]);
        expect([replies[4]?.text, replies[5]?.text]).toEqual(["three", "one"]);
      }
    });

    it("are answered before bytes behind them that are no HTTP", async () => {
      const topic = await use().newTopic();
      const connection = await RawConnection.open(use().url);
      connection.send(`${publish(topic, "a")}${publish(topic, "b")}HELLO\r\n\r\n`);
      expect((await connection.reply()).status).toBe(201);
      expect((await connection.reply()).status).toBe(201);
      expectError(await connection.reply(), "bad request");
      expect(await connection.closed()).toBe("");
    });

    it.each([
      ["that is the last by its own word", "HTTP/1.1", "Connection: close\r\n"],
      ["of HTTP/1.0", "HTTP/1.0", ""],
    ])("are not done behind one %s", async (_what, version, headers) => {
      const topic = await use().newTopic();
      const last = `POST /${topic}/payload ${version}\r\nHost: ${use().host}\r\n${headers}Content-Length: 1\r\n\r\na`;
      const connection = await RawConnection.open(use().url);
      connection.send(last + publish(topic, "b"));
      expect((await connection.reply()).status).toBe(201);
      expect(await connection.closed()).toBe("");
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: 0 });
    });

    it("wait behind one that waits, and nothing of them is done when the client leaves", async () => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      const scan = get(`/${topic}/scan?id=${id}&wait=1h`);
      const leaving = await RawConnection.open(use().url);
      leaving.send(get("/") + scan + scan + publish(topic, "of a client that left"));
      await leaving.reply();
      await use().get(`/${topic}`);
      leaving.leave();
      await leaving.closed();
      const staying = await RawConnection.open(use().url);
      staying.send(scan);
      expect(await use().publish(topic, "a")).toBe(0);
      expect((await staying.reply()).text).toBe("a");
      staying.leave();
    });
  });
}
