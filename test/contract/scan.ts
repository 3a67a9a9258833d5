/** GET /:topic/scan, where it does not wait. */
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { RawConnection } from "./raw.ts";

export function scanContract(use: UseApi): void {
  describe("GET /:topic/scan", () => {
    it("gives the next message, with offset, checksum and time", async () => {
      const topic = await use().newTopic(["message number one"]);
      const reply = await use().scan(topic, await use().newScanner(topic));
      expect(reply.status).toBe(200);
      expect(reply.text).toBe("message number one");
      expect(reply.headers).toMatchObject({
        "content-type": "application/octet-stream",
        "content-length": "18",
        "x-offset": "0",
        "x-crc32": String(crc32("message number one")),
        "x-timestamp": expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        "cache-control": "no-store",
      });
      expect(reply.headers["x-skipped"]).toBeUndefined();
    });

    it("gives each message once, in order, and then the end", async () => {
      for (const type of [1, 2, 3]) {
        const payloads = ["a", "b", "c", "d"];
        const topic = await use().newTopic(payloads, { compression_type: type });
        const id = await use().newScanner(topic, "1");
        for (const offset of [1, 2, 3]) {
          const reply = await use().scan(topic, id);
          expect([reply.headers["x-offset"], reply.text]).toEqual([String(offset), payloads[offset]]);
        }
        expectError(await use().scan(topic, id), "end of topic");
        await use().publish(topic, "e");
        expect((await use().scan(topic, id)).text).toBe("e");
      }
    });

    it("moves the scanner's next, and not its from", async () => {
      const topic = await use().newTopic(["a", "b", "c"]);
      const id = await use().newScanner(topic, "1");
      await use().scan(topic, id);
      expect((await use().get(`/${topic}`)).json).toMatchObject({
        scanners: { [id]: { id, next: 2, from: 1, persistent: false } },
      });
    });

    it("gives bytes as they are, however large", async () => {
      const payloads = [
        Buffer.from([0, 255, 128, 10, 13]),
        Buffer.alloc(16_384, 233),
        Buffer.alloc(300_000, 254),
      ];
      const topic = await use().newTopic(payloads);
      const id = await use().newScanner(topic);
      for (const payload of payloads) {
        const reply = await use().scan(topic, id);
        expect(reply.body.equals(payload)).toBe(true);
        expect(reply.headers["x-crc32"]).toBe(String(crc32(payload)));
      }
    });

    it("shares a scanner's messages among those who scan with it", async () => {
      const payloads = Array.from({ length: 40 }, (_, i) => `m${i}`);
      const topic = await use().newTopic(payloads);
      const id = await use().newScanner(topic);
      const replies = await Promise.all(payloads.map(() => use().scan(topic, id)));
      expect(replies.map(({ text }) => text).sort()).toEqual([...payloads].sort());
      expectError(await use().scan(topic, id), "end of topic");
    });

    it("gives requests that come together on one connection one message after the other", async () => {
      const topic = await use().newTopic(["a", "b", "c"]);
      const id = await use().newScanner(topic);
      const connection = await RawConnection.open(use().url);
      const request = `GET /${topic}/scan?id=${id} HTTP/1.1\r\nHost: ${use().host}\r\n\r\n`;
      connection.send(request.repeat(3));
      for (const text of ["a", "b", "c"]) expect((await connection.reply()).text).toBe(text);
      connection.leave();
    });

    it("finds no scanner without an id, or with one that is none", async () => {
      const topic = await use().newTopic(["a"]);
      for (const query of ["", "?id=", "?id=nobody", "?wait=1s"]) {
        expectError(await use().get(`/${topic}/scan${query}`), "scanner not found");
      }
    });

    it("knows no topic that was never made", async () => {
      expectError(await use().get("/nobody-made-this/scan?id=x"), "topic not found");
    });

    it("with a message at hand does not care how long it might have waited", async () => {
      const topic = await use().newTopic(["a", "b", "c", "d", "e"]);
      const id = await use().newScanner(topic);
      for (const [wait, text] of [
        ["0", "a"],
        ["1h", "b"],
        ["2day", "c"],
        ["100year", "d"],
        ["0.5ms", "e"],
      ] as const) {
        expect((await use().scan(topic, id, wait)).text).toBe(text);
      }
    });

    it.each(["5", "soon", "-1s", "1s1s", "s", "1.5day", "1h 1m", "00"])("refuses wait=%s", async (wait) => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      expect(
        expectError(await use().scan(topic, id, encodeURIComponent(wait)), "invalid duration"),
      ).toContain(wait);
      expect((await use().scan(topic, id)).text).toBe("a");
    });
  });
}
