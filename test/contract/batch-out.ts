/** GET /:topic/batch: many messages in one answer, without a scanner. */
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { within } from "../support/deadline.ts";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Payloads of all kinds, with what JSON makes of them. */
const KINDS: readonly [string | Buffer, object][] = [
  ["text", { payload: "text" }],
  ['"quoted" \\ \t\u0001', { payload: '"quoted" \\ \t\u0001' }],
  ["größer 漢字 😀 \u2028", { payload: "größer 漢字 😀 \u2028" }],
  ["two\nlines\r\n", { payload: "two\nlines\r\n" }],
  ["\ufeffmarked", { payload: "\ufeffmarked" }],
  [Buffer.from([0xff, 0xfe, 0x00]), { payload_base64: "//4A" }],
  [Buffer.from([0xed, 0xa0, 0x80]), { payload_base64: "7aCA" }],
  ["x".repeat(2000), { payload: "x".repeat(2000) }],
  ["\u0000".repeat(600), { payload: "\u0000".repeat(600) }],
];

export function batchOutContract(use: UseApi): void {
  const lines = (...payloads: readonly string[]): string => payloads.map((each) => `${each}\n`).join("");

  describe("GET /:topic/batch", () => {
    it("gives NDJSON by default, fields in their order", async () => {
      const topic = await use().newTopic(["one", "two"]);
      const reply = await use().get(`/${topic}/batch`);
      expect(reply.status).toBe(200);
      expect(reply.headers).toMatchObject({
        "content-type": "application/x-ndjson",
        "x-offset": "0",
        "x-next-offset": "2",
        "x-count": "2",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
      });
      const [first = "", second = "", end] = reply.text.split("\n");
      expect(end).toBe("");
      expect(JSON.parse(second)).toMatchObject({ offset: 1, payload: "two" });
      const { timestamp } = JSON.parse(first) as { timestamp: string };
      expect(timestamp).toMatch(TIMESTAMP);
      expect(first).toBe(`{"offset":0,"timestamp":"${timestamp}","crc32":${crc32("one")},"payload":"one"}`);
      const { headers } = await use().get(`/${topic}/payload/0`);
      expect(timestamp).toBe(headers["x-timestamp"]);
    });

    it("tells any payload in JSON, as text where it is UTF-8 and else in base64", async () => {
      const topic = await use().newTopic(KINDS.map(([payload]) => payload));
      const expected = KINDS.map(([payload, told], offset) => ({
        offset,
        timestamp: expect.stringMatching(TIMESTAMP),
        crc32: crc32(payload),
        ...told,
      }));
      const array = await use().get(`/${topic}/batch?format=json`);
      expect(array.headers["content-type"]).toMatch(/^application\/json/);
      expect(array.json).toEqual(expected);
      expect(array.text.endsWith("]\n")).toBe(true);
      const ndjson = await use().get(`/${topic}/batch?format=ndjson`);
      expect(
        ndjson.text
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as unknown),
      ).toEqual(expected);
    });

    it("gives JSON that can be posted, and makes the same messages", async () => {
      const topic = await use().newTopic(KINDS.map(([payload]) => payload));
      const copy = await use().newTopic();
      const { text } = await use().get(`/${topic}/batch?format=json`);
      const posted = await use().post(`/${copy}/batch?format=json`, text);
      expect(posted.json).toEqual({ ok: true, offset: 0, count: KINDS.length });
      for (const [offset, [payload]] of KINDS.entries()) {
        const { body } = await use().get(`/${copy}/payload/${offset}`);
        expect(body.equals(Buffer.from(payload))).toBe(true);
      }
    });

    it("gives lines up to a payload that none can hold, and says so when that is the first", async () => {
      for (const bad of ["two\nlines", "ends in\r", "\n"]) {
        const topic = await use().newTopic(["a", "b\rc", bad, "d"]);
        const reply = await use().get(`/${topic}/batch?format=lines`);
        expect(reply.text).toBe(lines("a", "b\rc"));
        expect(reply.headers).toMatchObject({ "x-next-offset": "2", "x-count": "2" });
        expect(reply.headers["content-type"]).toMatch(/^text\/plain/);
        // A client that asks for the head alone learns as well where it would stop.
        const head = await use().call("HEAD", `/${topic}/batch?format=lines`);
        expect(head.headers).toMatchObject({ "x-next-offset": "2", "x-count": "2" });
        expectError(await use().get(`/${topic}/batch?format=lines&from=2`), "not acceptable");
        expect((await use().get(`/${topic}/batch?format=lines&from=3`)).text).toBe(lines("d"));
      }
    });

    it("gives frames as they lie in the file, from the one that holds the offset on", async () => {
      const topic = await use().newTopic(["single"]);
      await use().post(`/${topic}/batch?format=lines`, lines("a", "b", "c"));
      const all = await use().get(`/${topic}/batch?format=frames`);
      expect(all.headers).toMatchObject({
        "content-type": "application/vnd.netlog.frames",
        "x-offset": "0",
        "x-next-offset": "4",
        "x-count": "4",
      });
      const frames = framesIn(all.body);
      expect(frames).toMatchObject([
        { baseOffset: 0, count: 1 },
        { baseOffset: 1, count: 3 },
      ]);
      expect(frames[0]?.entry.subarray(9).toString()).toBe("single");
      const inside = await use().get(`/${topic}/batch?format=frames&from=2`);
      expect(framesIn(inside.body)).toMatchObject([{ baseOffset: 1, count: 3 }]);
      expect(inside.headers).toMatchObject({ "x-offset": "1", "x-next-offset": "4", "x-count": "3" });
      const one = await use().get(`/${topic}/batch?format=frames&max=1`);
      expect(one.headers).toMatchObject({ "x-next-offset": "1", "x-count": "1" });
      const least = await use().get(`/${topic}/batch?format=frames&from=1&max=1&max_bytes=1`);
      expect(least.headers).toMatchObject({ "x-next-offset": "4", "x-count": "3" });
    });

    it("gives at most max messages, and more than there may be for more than a hundred thousand", async () => {
      const topic = await use().newTopic();
      await use().post(
        `/${topic}/batch?format=lines`,
        lines(...Array.from({ length: 1200 }, (_, i) => `${i}`)),
      );
      for (const [max, count] of [
        ["", 1000],
        ["&max=1", 1],
        ["&max=1100", 1100],
        ["&max=99999999999999999999", 1200],
      ]) {
        const reply = await use().get(`/${topic}/batch?from=0${max}&format=lines`);
        expect([reply.headers["x-count"], reply.headers["x-next-offset"]]).toEqual([`${count}`, `${count}`]);
        expect(reply.text.split("\n").length - 1).toBe(count);
      }
    });

    it("gives at most max_bytes, but one message always", async () => {
      const topic = await use().newTopic(["x".repeat(1000), "y".repeat(1000), "z".repeat(1000)]);
      const two = await use().get(`/${topic}/batch?max_bytes=2500&format=lines`);
      expect(two.headers["x-count"]).toBe("2");
      for (const format of ["ndjson", "json", "lines", "frames"]) {
        const reply = await use().get(`/${topic}/batch?max_bytes=1&from=1&format=${format}`);
        expect(reply.headers).toMatchObject({ "x-offset": "1", "x-count": "1", "x-next-offset": "2" });
        const room = await use().get(`/${topic}/batch?max_bytes=2600&format=${format}`);
        expect(room.body.length).toBeLessThanOrEqual(2600);
        expect(room.headers["x-count"]).toBe("2");
      }
    });

    it("walks through a topic of any compression, in steps of any size", async () => {
      for (const type of [1, 2, 3]) {
        const topic = await use().newTopic([], { compression_type: type, segment_size: 4096 });
        const payloads = Array.from({ length: 300 }, (_, i) => `message ${i} ${"x".repeat(i % 50)}`);
        for (let i = 0; i < 300; i += 30) {
          await use().post(`/${topic}/batch?format=lines`, lines(...payloads.slice(i, i + 30)));
        }
        for (const max of [1, 7, 1000]) {
          let text = "";
          for (let next = "0"; next !== "300"; ) {
            const reply = await use().get(`/${topic}/batch?format=lines&max=${max}&from=${next}`);
            expect(reply.headers["x-offset"]).toBe(next);
            next = String(reply.headers["x-next-offset"]);
            text += reply.text;
          }
          expect(text).toBe(lines(...payloads));
        }
      }
    });

    it("begins at any spelling of an offset", async () => {
      const topic = await use().newTopic(["a", "b", "c"]);
      const expected = {
        "": "0",
        first: "0",
        Beginning: "0",
        "1": "1",
        last: "2",
        "1day": "0",
        "9999year": "0",
      };
      for (const [from, offset] of Object.entries(expected)) {
        expect((await use().get(`/${topic}/batch?from=${from}`)).headers["x-offset"], from).toBe(offset);
      }
      const ended = await use().get(`/${topic}/batch?from=end`);
      expect([ended.status, ended.headers["x-next-offset"], ended.text]).toEqual([204, "3", ""]);
    });

    it("is 404 beyond the next message, and 400 for what is no offset", async () => {
      const topic = await use().newTopic(["a"]);
      expect((await use().get(`/${topic}/batch?from=1`)).status).toBe(204);
      expectError(await use().get(`/${topic}/batch?from=2`), "offset not found");
      expectError(await use().get(`/${topic}/batch?from=nowhere`), "bad request");
      expectError(await use().get(`/${topic}/batch?from=-1`), "bad request");
    });

    it("waits for the first message alone", async () => {
      const topic = await use().newTopic();
      const waiting = use().get(`/${topic}/batch?from=0&wait=1m&format=lines`);
      await use().publish(topic, "came");
      const reply = await within("the answer", waiting);
      expect([reply.status, reply.text]).toEqual([200, "came\n"]);
      const late = await use().get(`/${topic}/batch?from=1&wait=20ms`);
      expect([late.status, late.headers["x-next-offset"]]).toEqual([204, "1"]);
    });

    it("tells a waiting client that the topic was deleted", async () => {
      const topic = await use().newTopic();
      const waiting = use().get(`/${topic}/batch?wait=1m`);
      await use().get(`/${topic}`);
      await use().delete(`/${topic}`);
      expectError(await waiting, "topic not found");
    });

    it("has a HEAD of the same headers", async () => {
      const topic = await use().newTopic(["a", "b"]);
      const [get, head] = [await use().get(`/${topic}/batch`), await use().call("HEAD", `/${topic}/batch`)];
      expect([head.status, head.text]).toEqual([200, ""]);
      for (const name of ["content-type", "content-length", "x-offset", "x-next-offset", "x-count"]) {
        expect(head.headers[name]).toBe(get.headers[name]);
      }
    });

    it.each([
      ["max=0"],
      ["max=-1"],
      ["max="],
      ["max=1.5"],
      ["max=1e3"],
      ["max_bytes=0"],
      ["max_bytes=many"],
      ["format=xml"],
      ["format="],
      ["format=messages"],
      ["what=ever"],
      ["from=0&from=0"],
      ["max=1&max=1"],
    ])("refuses ?%s", async (query) => {
      const topic = await use().newTopic(["a"]);
      expect(expectError(await use().get(`/${topic}/batch?${query}`), "bad request")).toMatch(
        query.split("=")[0] ?? "",
      );
    });

    it("tells the first of several failures in the contract's order", async () => {
      const topic = await use().newTopic(["two\nlines"]);
      const accept = { headers: { accept: "image/png" } };
      expectError(await use().get("/no-such-topic/batch?max=0", accept), "topic not found");
      expectError(await use().get(`/${topic}/batch?max=0&from=9`, accept), "bad request");
      expectError(await use().get(`/${topic}/batch?wait=9`, accept), "invalid duration");
      expectError(await use().get(`/${topic}/batch?from=9`, accept), "offset not found");
      expectError(await use().get(`/${topic}/batch?from=1`, accept), "not acceptable");
    });
  });

  describe("the format of GET /:topic/batch", () => {
    it.each([
      [undefined, "application/x-ndjson"],
      ["*/*", "application/x-ndjson"],
      ["application/json", "application/json"],
      ["application/*", "application/x-ndjson"],
      ["text/*", "text/plain"],
      ["TEXT/PLAIN", "text/plain"],
      ["text/html, text/plain;q=0.5, */*;q=0.1", "text/plain"],
      ["application/json;q=0.2, text/plain;q=0.9", "text/plain"],
      ["application/x-ndjson;q=0, */*;q=0.1, text/plain;q=0", "application/json"],
      ["application/json, text/plain, */*", "application/json"],
      ["application/vnd.netlog.frames", "application/vnd.netlog.frames"],
      ["nonsense, text/plain", "text/plain"],
    ])("for Accept: %s is %s", async (accept, type) => {
      const topic = await use().newTopic(["a"]);
      const reply = await use().get(`/${topic}/batch`, accept === undefined ? {} : { headers: { accept } });
      expect(String(reply.headers["content-type"]).split(";")[0]).toBe(type);
    });

    it.each(["image/png", "text/event-stream", "*/*;q=0", "application/vnd.netlog.messages"])(
      "there is none for Accept: %s, unless format says one",
      async (accept) => {
        const topic = await use().newTopic(["a"]);
        const reason = expectError(
          await use().get(`/${topic}/batch`, { headers: { accept } }),
          "not acceptable",
        );
        for (const name of ["ndjson", "json", "lines", "frames"]) expect(reason).toContain(name);
        const named = await use().get(`/${topic}/batch?format=lines`, { headers: { accept } });
        expect(named.text).toBe("a\n");
      },
    );

    it("is not that of a stream", async () => {
      const topic = await use().newTopic(["a"]);
      expectError(await use().get(`/${topic}/batch?format=sse`), "not acceptable");
    });
  });
}

interface FrameFacts {
  readonly baseOffset: number;
  readonly count: number;
  readonly entry: Buffer;
}

/** Takes frames apart by the layout of the contract, and verifies every checksum. */
export function framesIn(bytes: Buffer): FrameFacts[] {
  const frames: FrameFacts[] = [];
  for (let at = 0; at < bytes.length; ) {
    expect(bytes.toString("latin1", at, at + 4)).toBe("NLF\0");
    const length = bytes.readUInt32BE(at + 28);
    const entry = bytes.subarray(at + 40, at + 40 + length);
    expect(entry.length).toBe(length);
    expect(bytes.readUInt32BE(at + 32)).toBe(crc32(entry));
    expect(bytes.readUInt32BE(at + 36)).toBe(crc32(bytes.subarray(at, at + 36)));
    frames.push({
      baseOffset: Number(bytes.readBigUInt64BE(at + 4)),
      count: bytes.readUInt32BE(at + 24),
      entry,
    });
    at += 40 + length;
  }
  return frames;
}
