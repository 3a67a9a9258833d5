/** GET /:topic/payload/:offset, and all the ways to say an offset. */
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Reply } from "./api.ts";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

const RFC_3339_MS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const DAY_MS = 86_400_000;

export function readContract(use: UseApi): void {
  describe("GET /:topic/payload/:offset", () => {
    it("gives the bytes, and tells offset, checksum and time", async () => {
      const before = Date.now();
      const topic = await use().newTopic(["a", "message number two"]);
      const reply = await use().get(`/${topic}/payload/1`);
      expect(reply.status).toBe(200);
      expect(reply.text).toBe("message number two");
      expect(reply.headers).toMatchObject({
        "content-type": "application/octet-stream",
        "content-length": "18",
        "x-offset": "1",
        "x-crc32": String(crc32("message number two")),
        "x-timestamp": expect.stringMatching(RFC_3339_MS),
        "x-content-type-options": "nosniff",
      });
      const timestampMs = Date.parse(String(reply.headers["x-timestamp"]));
      expect(timestampMs).toBeGreaterThanOrEqual(before - 1);
      expect(timestampMs).toBeLessThanOrEqual(Date.now() + 1);
    });

    it("may be kept where the offset is a number, and not at all elsewhere", async () => {
      const topic = await use().newTopic(["a"]);
      const { id } = (await use().get(`/${topic}`)).json as { id: string };
      const byNumber = await use().get(`/${topic}/payload/00`);
      expect(byNumber.headers["cache-control"]).toBe("private, no-cache");
      expect(byNumber.headers.etag).toBe(`"${id}:0:e8b7be43"`);
      for (const spelling of ["first", "last", "1day", "2020-01-01T00:00:00Z"]) {
        const reply = await use().get(`/${topic}/payload/${spelling}`);
        expect(reply.text).toBe("a");
        expect(reply.headers["cache-control"]).toBe("no-store");
        expect(reply.headers.etag).toBeUndefined();
      }
      expect((await use().get(`/${topic}/payload/1`)).headers["cache-control"]).toBe("no-store");
    });

    it("is not sent again to a client that says it has it", async () => {
      const topic = await use().newTopic(["a", "b"]);
      const path = `/${topic}/payload/0`;
      const etag = String((await use().get(path)).headers.etag);
      const ask = (method: "GET" | "HEAD", ifNoneMatch: string): Promise<Reply> =>
        use().call(method, path, { headers: { "if-none-match": ifNoneMatch } });
      for (const held of [etag, `W/${etag}`, `"x, y" ,${etag}`, `W/"x",W/${etag}`, "*", " * "]) {
        for (const method of ["GET", "HEAD"] as const) {
          const reply = await ask(method, held);
          expect([reply.status, reply.text], held).toEqual([304, ""]);
          expect(reply.headers).toMatchObject({ etag, "cache-control": "private, no-cache" });
          expect(reply.headers["content-length"]).toBeUndefined();
        }
      }
      for (const other of ["", '""', etag.slice(1, -1), etag.replace(":0:", ":1:"), '"*"']) {
        expect((await ask("GET", other)).text, other).toBe("a");
      }
      const missing = await use().get(`/${topic}/payload/2`, { headers: { "if-none-match": "*" } });
      expectError(missing, "end of topic");
    });

    it("has another tag in a topic that was deleted and made again", async () => {
      const topic = await use().newTopic(["same"]);
      const path = `/${topic}/payload/0`;
      const etag = String((await use().get(path)).headers.etag);
      await use().delete(`/${topic}`);
      await use().post(`/${topic}`);
      await use().publish(topic, "same");
      const reply = await use().get(path, { headers: { "if-none-match": etag } });
      expect([reply.status, reply.text]).toEqual([200, "same"]);
      expect(reply.headers.etag).not.toBe(etag);
    });

    it.each(["beginning", "first", "oldest", "start", "START", "First", "0", "00", "+0", "-0"])(
      "reads the first message by %j",
      async (spelling) => {
        const topic = await use().newTopic(["one", "two", "three"]);
        const reply = await use().get(`/${topic}/payload/${spelling}`);
        expect(reply.text).toBe("one");
        expect(reply.headers["x-offset"]).toBe("0");
      },
    );

    it.each(["last", "latest", "LATEST", "2", "002"])("reads the newest message by %j", async (spelling) => {
      const topic = await use().newTopic(["one", "two", "three"]);
      expect((await use().get(`/${topic}/payload/${spelling}`)).text).toBe("three");
    });

    it.each(["1h", "1day", "2month23day2h3m0.5s", "1week", "3years", "90s"])(
      "reads the first message not older than %s",
      async (spelling) => {
        const topic = await use().newTopic(["one", "two"]);
        expect((await use().get(`/${topic}/payload/${spelling}`)).text).toBe("one");
      },
    );

    it("reads the first message not older than a time", async () => {
      const topic = await use().newTopic(["one", "two"]);
      const hourAgo = new Date(Date.now() - DAY_MS / 24);
      const zoned = new Date(hourAgo.getTime() + 2 * (DAY_MS / 24)).toISOString().replace("Z", "+02:00");
      for (const time of [
        "2020-02-29T00:00:00Z",
        hourAgo.toISOString(),
        hourAgo.toISOString().toLowerCase(),
        zoned,
      ]) {
        for (const spelling of [time, encodeURIComponent(time), time.replace("+", "%20")]) {
          expect((await use().get(`/${topic}/payload/${spelling}`)).text, spelling).toBe("one");
        }
      }
    });

    it.each(["end", "now", "2100-01-01T00:00:00Z", "NOW", "3"])(
      "finds nothing yet at the end of the topic: %s",
      async (spelling) => {
        const topic = await use().newTopic(["one", "two", "three"]);
        expectError(await use().get(`/${topic}/payload/${spelling}`), "end of topic");
      },
    );

    it.each(["first", "last", "end", "0", "1day"])(
      "finds nothing yet in an empty topic: %j",
      async (spelling) => {
        const topic = await use().newTopic();
        expectError(await use().get(`/${topic}/payload/${spelling}`), "end of topic");
      },
    );

    it.each(["4", "99", "9007199254740993", "9223372036854775807", "-1", "-99"])(
      "finds no message beyond the next one, or below 0: %s",
      async (spelling) => {
        const topic = await use().newTopic(["one", "two", "three"]);
        const reply = await use().get(`/${topic}/payload/${spelling}`);
        expectError(reply, "offset not found");
        expect(reply.headers["x-first-offset"]).toBeUndefined();
      },
    );

    it.each([
      ...[
        "x",
        "1.5",
        "0x1",
        "1e3",
        "1day2year",
        "5parsecs",
        "--1",
        "1 2",
        "99999999999999999999",
        "NaN",
        "null",
      ],
      ...["2020-13-01T00:00:00Z", "2020-02-30T00:00:00Z", "2020-01-01", "firstly", "-1h", "1h1h"],
    ])("refuses what is no offset: %s", async (spelling) => {
      const topic = await use().newTopic(["one"]);
      const reply = await use().get(`/${topic}/payload/${encodeURIComponent(spelling)}`);
      expect(expectError(reply, "invalid offset")).toContain(spelling);
    });

    it("needs an offset behind the last slash", async () => {
      const topic = await use().newTopic(["a"]);
      for (const query of ["", "?x=1"]) {
        const reason = expectError(await use().get(`/${topic}/payload/${query}`), "invalid offset");
        expect(reason).toContain("/:topic/payload/");
      }
      expect((await use().call("HEAD", `/${topic}/payload/`)).status).toBe(400);
      expectError(await use().get("/nobody-made-this/payload/"), "topic not found");
      expectError(await use().post(`/${topic}/payload/`, "b"), "method not allowed");
    });

    it("knows no topic that was never made", async () => {
      expectError(await use().get("/nobody-made-this/payload/0"), "topic not found");
    });
  });
}
