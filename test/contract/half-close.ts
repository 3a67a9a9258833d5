/** Clients that say they send no more, and still listen: `nc -N`, and many scripts. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { RawConnection } from "./raw.ts";

export function halfCloseContract(use: UseApi): void {
  const request = (method: string, path: string, body = "", version = "HTTP/1.1"): string =>
    `${method} ${path} ${version}\r\nHost: ${use().host}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  /** A connection that has sent `text`, and its end right behind it. */
  async function finished(text: string): Promise<RawConnection> {
    const connection = await RawConnection.open(use().url);
    connection.send(text);
    connection.finish();
    return connection;
  }

  describe("a client that sends no more behind its requests", () => {
    it("gets all answers, and then the end", async () => {
      const topic = await use().newTopic();
      const texts = Array.from({ length: 200 }, (_, i) => `message ${i}`);
      const connection = await finished(
        texts.map((text) => request("POST", `/${topic}/payload`, text)).join(""),
      );
      for (const [offset] of texts.entries()) {
        expect(await connection.reply()).toMatchObject({
          status: 201,
          headers: { "x-offset": String(offset) },
        });
      }
      expect(await connection.closed()).toBe("");
    });

    it("gets an answer that takes long, or that is large", async () => {
      const topic = await use().newTopic();
      const large = "x".repeat(8_000_000);
      const publishing = await finished(request("POST", `/${topic}/payload?durability=synced`, large));
      expect((await publishing.reply()).status).toBe(201);
      expect(await publishing.closed()).toBe("");
      const reading = await finished(request("GET", `/${topic}/payload/0`));
      expect((await reading.reply()).text === large).toBe(true);
      expect(await reading.closed()).toBe("");
      const streaming = await finished(
        request("GET", `/${topic}/stream?follow=0&format=lines`, "", "HTTP/1.0"),
      );
      expect((await streaming.closed()).endsWith(`\r\n\r\n${large}\n`)).toBe(true);
    });

    it("gets its answer in HTTP/1.0 as well", async () => {
      const topic = await use().newTopic();
      const connection = await finished(request("POST", `/${topic}/payload`, "a", "HTTP/1.0"));
      expect((await connection.reply()).status).toBe(201);
      expect(await connection.closed()).toBe("");
    });

    it("gets a message that is there, and waits for none", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic, "0");
      const scan = request("GET", `/${topic}/scan?id=${id}&wait=1h`);
      const first = await finished(scan);
      expect((await first.reply()).text).toBe("a");
      expect(await first.closed()).toBe("");
      const second = await finished(scan);
      expect(await second.closed()).toBe("");
      await use().publish(topic, "b");
      expect((await use().scan(topic, id)).text).toBe("b");
    });

    it("gets what stands before a request that waits, and nothing behind it is done", async () => {
      const topic = await use().newTopic();
      const connection = await finished(
        request("GET", `/${topic}/sync`) +
          request("GET", `/${topic}/batch?wait=1h`) +
          request("POST", `/${topic}/payload`, "a"),
      );
      expect((await connection.reply()).status).toBe(200);
      expect(await connection.closed()).toBe("");
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
    });

    it("ends a stream that follows, and its scanner keeps what comes later", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic, "0");
      const connection = await RawConnection.open(use().url);
      connection.send(request("GET", `/${topic}/stream?id=${id}&format=lines`));
      await expect.poll(() => connection.received).toContain("a\n");
      connection.finish();
      await connection.closed();
      await use().publish(topic, "b");
      expect((await use().scan(topic, id)).text).toBe("b");
    });

    it("gets an error for a body that is not whole", async () => {
      const topic = await use().newTopic();
      const connection = await finished(
        request("POST", `/${topic}/payload`, "a") + request("POST", `/${topic}/payload`, "half").slice(0, -2),
      );
      expect((await connection.reply()).status).toBe(201);
      expectError(await connection.reply(), "bad request");
      expect(await connection.closed()).toBe("");
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: 0 });
    });
  });
}
