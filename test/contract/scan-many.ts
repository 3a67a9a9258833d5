/** GET and POST /:topic/scan with max or format: many messages of a scanner in one answer. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { RawConnection } from "./raw.ts";

export function scanManyContract(use: UseApi): void {
  describe("a scan with max or format", () => {
    it("gives up to max messages, and the next one those behind them", async () => {
      const topic = await use().newTopic(["a", "b", "c", "d", "e"]);
      const id = await use().newScanner(topic, "1");
      const first = await use().get(`/${topic}/scan?id=${id}&max=3&format=lines`);
      expect([first.status, first.text]).toEqual([200, "b\nc\nd\n"]);
      expect(first.headers).toMatchObject({ "x-offset": "1", "x-next-offset": "4", "x-count": "3" });
      expect(first.headers["x-skipped"]).toBeUndefined();
      const second = await use().get(`/${topic}/scan?id=${id}&max=100001`);
      expect(second.headers).toMatchObject({ "content-type": "application/x-ndjson", "x-count": "1" });
      expect(JSON.parse(second.text)).toMatchObject({ offset: 4, payload: "e" });
      expectError(await use().get(`/${topic}/scan?id=${id}&max=3`), "end of topic");
    });

    it("gives one where only the format is named", async () => {
      const topic = await use().newTopic(["a", "b"]);
      const id = await use().newScanner(topic);
      expect((await use().get(`/${topic}/scan?id=${id}&format=lines`)).text).toBe("a\n");
      expect((await use().get(`/${topic}/scan?id=${id}&format=json`)).json).toMatchObject([{ offset: 1 }]);
    });

    it("answers as ever without both, whatever Accept says", async () => {
      const topic = await use().newTopic(["a", "b"]);
      const id = await use().newScanner(topic);
      for (const accept of ["application/json", "image/png"]) {
        const reply = await use().get(`/${topic}/scan?id=${id}`, { headers: { accept } });
        expect(reply.headers["content-type"]).toBe("application/octet-stream");
      }
    });

    it("has POST for its proper verb, and no HEAD", async () => {
      const topic = await use().newTopic(["a", "b", "c"]);
      const id = await use().newScanner(topic);
      expect((await use().post(`/${topic}/scan?id=${id}`)).text).toBe("a");
      expect((await use().post(`/${topic}/scan?id=${id}&max=9&format=lines`)).text).toBe("b\nc\n");
      expectError(await use().post(`/${topic}/scan?id=${id}`), "end of topic");
      const head = await use().call("HEAD", `/${topic}/scan?id=${id}`);
      expect([head.status, head.headers.allow]).toEqual([405, "GET, POST, OPTIONS"]);
    });

    it("waits for the first message alone", async () => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      const waiting = use().get(`/${topic}/scan?id=${id}&max=10&wait=1m&format=lines`);
      await use().publish(topic, "came");
      expect((await waiting).text).toBe("came\n");
      expectError(await use().get(`/${topic}/scan?id=${id}&max=10&wait=10ms`), "end of topic");
    });

    it("takes nothing where the format cannot hold the first", async () => {
      const topic = await use().newTopic(["a", "two\nlines", "c"]);
      const id = await use().newScanner(topic);
      expect((await use().get(`/${topic}/scan?id=${id}&max=9&format=lines`)).text).toBe("a\n");
      expectError(await use().get(`/${topic}/scan?id=${id}&max=9&format=lines`), "not acceptable");
      expect((await use().get(`/${topic}/scan?id=${id}&max=9&format=json`)).json).toMatchObject([
        { offset: 1 },
        { offset: 2 },
      ]);
    });

    it("refuses what it cannot give, and takes nothing", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      const scan = `/${topic}/scan?id=${id}`;
      expectError(await use().get(`${scan}&format=frames`), "not acceptable");
      expectError(await use().get(`${scan}&format=sse`), "not acceptable");
      expectError(await use().get(`${scan}&max=1`, { headers: { accept: "image/png" } }), "not acceptable");
      for (const query of ["max=0", "max=x", "format=xml", "max=1&what=ever", "max=1&max=1"]) {
        expectError(await use().get(`${scan}&${query}`), "bad request");
      }
      expectError(await use().get(`${scan}&max=1&wait=5`), "invalid duration");
      expectError(await use().get(`/${topic}/scan?id=nobody&max=0`), "scanner not found");
      expect((await use().get(scan)).text).toBe("a");
    });

    it("gives all of them back when the client leaves before it has them", async () => {
      const payload = Buffer.alloc(1_000_000, "x");
      const topic = await use().newTopic(Array.from({ length: 8 }, () => payload));
      const id = await use().newScanner(topic);
      const connection = await RawConnection.open(use().url);
      connection.pause();
      connection.send(`GET /${topic}/scan?id=${id}&max=8 HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      await expect.poll(() => nextOf(use, topic, id)).not.toBe(0);
      connection.leave("reset");
      await expect.poll(() => nextOf(use, topic, id)).toBe(0);
      const again = await use().get(`/${topic}/scan?id=${id}&max=8&format=lines`);
      expect([again.headers["x-offset"], again.headers["x-count"]]).toEqual(["0", "8"]);
    });
  });
}

async function nextOf(use: UseApi, topic: string, id: string): Promise<number | undefined> {
  const info = (await use().get(`/${topic}`)).json as { scanners: Record<string, { next: number }> };
  return info.scanners[id]?.next;
}
