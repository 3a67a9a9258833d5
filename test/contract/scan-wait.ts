/** Scans that wait: what wakes them, what ends them, and that nobody who left takes a message along. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { RawConnection } from "./raw.ts";

/** Far beyond what a test waits for. */
const LONG = "1h";

export function scanWaitContract(use: UseApi): void {
  const scanRequest = (topic: string, id: string, wait = LONG): string =>
    `GET /${topic}/scan?id=${id}&wait=${wait} HTTP/1.1\r\nHost: ${use().host}\r\n\r\n`;

  /** A connection whose scan waits in the server: what was sent before it on the connection was answered. */
  async function waiting(topic: string, id: string, wait?: string): Promise<RawConnection> {
    const connection = await RawConnection.open(use().url);
    connection.send(`GET / HTTP/1.1\r\nHost: ${use().host}\r\n\r\n${scanRequest(topic, id, wait)}`);
    expect((await connection.reply()).status).toBe(200);
    // Another round trip of the server: the scan has been taken up.
    await use().get(`/${topic}`);
    return connection;
  }

  describe("a scan that waits", () => {
    it("ends with the end of the topic when its time is over", async () => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      for (const wait of ["1ms", "20ms", "0.001s"])
        expectError(await use().scan(topic, id, wait), "end of topic");
    });

    it("is answered by the next message", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic, "end");
      const connection = await waiting(topic, id);
      await use().publish(topic, "b");
      expect(await connection.reply()).toMatchObject({
        status: 200,
        text: "b",
        headers: { "x-offset": "1" },
      });
      connection.leave();
    });

    it("may wait for more than a day, which is taken for a day", async () => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      const connection = await waiting(topic, id, "99999999999h");
      await use().publish(topic, "a");
      expect((await connection.reply()).text).toBe("a");
      connection.leave();
    });

    it("takes turns with others on the same scanner", async () => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      const connections = [await waiting(topic, id), await waiting(topic, id), await waiting(topic, id)];
      for (const text of ["a", "b", "c"]) await use().publish(topic, text);
      const texts = await Promise.all(connections.map(async (each) => (await each.reply()).text));
      expect(texts).toEqual(["a", "b", "c"]);
      for (const connection of connections) connection.leave();
    });

    it("is woken together with those on other scanners", async () => {
      const topic = await use().newTopic();
      const scanners = await Promise.all(Array.from({ length: 20 }, () => use().newScanner(topic)));
      const connections = await Promise.all(scanners.map((id) => waiting(topic, id)));
      await use().publish(topic, "a");
      for (const connection of connections) {
        expect((await connection.reply()).text).toBe("a");
        connection.leave();
      }
    });

    it.each(["close", "reset"] as const)("and whose client leaves takes no message: %s", async (how) => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      const leaving = await waiting(topic, id);
      const staying = await waiting(topic, id);
      leaving.leave(how);
      await leaving.closed();
      await use().publish(topic, "a");
      expect((await staying.reply()).text).toBe("a");
      expectError(await use().scan(topic, id), "end of topic");
      staying.leave();
    });

    it("and whose client only says that it sends no more takes no message, unless it got it", async () => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      const finishing = await waiting(topic, id);
      finishing.finish();
      const unread = await finishing.closed();
      await use().publish(topic, "a");
      expect(unread).toBe("");
      expect((await use().scan(topic, id, "30s")).text).toBe("a");
    });

    it("behind another one on the same connection takes no message when the client leaves", async () => {
      const topic = await use().newTopic();
      const [first, second] = [await use().newScanner(topic), await use().newScanner(topic)];
      const leaving = await RawConnection.open(use().url);
      leaving.send(
        `GET / HTTP/1.1\r\nHost: ${use().host}\r\n\r\n${scanRequest(topic, first)}${scanRequest(topic, second)}`,
      );
      await leaving.reply();
      await use().get(`/${topic}`);
      leaving.leave();
      await leaving.closed();
      await use().publish(topic, "a");
      expect((await use().scan(topic, first, "30s")).text).toBe("a");
      expect((await use().scan(topic, second, "30s")).text).toBe("a");
    });

    it("and whose client leaves before it read the whole answer has not taken the message", async () => {
      // More than the network between the two holds.
      const payload = Buffer.alloc(16 * 1024 * 1024, 7);
      const topic = await use().newTopic();
      await use().post(`/${topic}/payload`, payload);
      const id = await use().newScanner(topic);
      const leaving = await RawConnection.open(use().url);
      leaving.pause();
      leaving.send(scanRequest(topic, id));
      await use().get(`/${topic}`);
      leaving.leave("reset");
      await leaving.closed();
      const reply = await use().scan(topic, id, "30s");
      expect(reply.headers["x-offset"]).toBe("0");
      expect(reply.body.equals(payload)).toBe(true);
      expectError(await use().scan(topic, id), "end of topic");
    });

    it("gets an error when its topic is deleted by force", async () => {
      const topic = await use().newTopic();
      const connection = await waiting(topic, await use().newScanner(topic));
      expect((await use().delete(`/${topic}?force=1`)).status).toBe(200);
      expectError(await connection.reply(), "topic not found");
      connection.leave();
    });

    it("gets an error when its scanner is deleted", async () => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      const connection = await waiting(topic, id);
      expect((await use().delete(`/${topic}/scanner?id=${id}`)).status).toBe(200);
      expectError(await connection.reply(), "scanner not found");
      connection.leave();
    });

    it("keeps its connection for the next request", async () => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      const connection = await waiting(topic, id, "5ms");
      expectError(await connection.reply(), "end of topic");
      connection.send(scanRequest(topic, id));
      await use().publish(topic, "a");
      expect((await connection.reply()).text).toBe("a");
      connection.leave();
    });
  });
}
