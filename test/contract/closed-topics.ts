/** Topics that end: `POST /:topic/close`, `close=true`, and what readers see at the end. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { LiveStream } from "./live-stream.ts";

export function closedTopicContract(use: UseApi): void {
  const close = async (topic: string): Promise<void> => {
    const reply = await use().post(`/${topic}/close`);
    expect(reply.status, reply.text).toBe(200);
    expect(reply.json).toMatchObject({ ok: true });
  };
  const closedTopic = async (...payloads: string[]): Promise<string> => {
    const topic = await use().newTopic(payloads);
    await close(topic);
    return topic;
  };

  describe("a closed topic", () => {
    it("takes no message any more, by any way", async () => {
      const topic = await closedTopic("a");
      for (const [route, body] of [
        ["payload", "x"],
        ["batch?format=lines", "x\n"],
        ["batch?format=json", '["x"]'],
        ["stream", "x\n"],
        ["payload?close=true", "x"],
        ["payload?expected_offset=1", "x"],
      ] as const) {
        const reply = await use().post(`/${topic}/${route}`, body);
        expect(reply.headers["x-netlog-error"], route).toBe("topic_closed");
        expect(reply.status, route).toBe(409);
      }
      expectError(await use().post(`/${topic}/payload`, "x"), "topic closed");
      expect((await use().get(`/${topic}`)).json).toMatchObject({ closed: true, latest_offset: 0 });
    });

    it("can be closed again, empty or not", async () => {
      await close(await closedTopic());
      await close(await closedTopic("a"));
    });

    it("is closed by its info alone where it is", async () => {
      const topic = await use().newTopic(["a"]);
      expect((await use().get(`/${topic}`)).json).not.toHaveProperty("closed", true);
    });

    it("refuses bad parameters and bodies first", async () => {
      const topic = await closedTopic("a");
      expectError(await use().post(`/${topic}/payload?durability=x`, "x"), "bad request");
      expectError(await use().post(`/${topic}/payload`, ""), "bad request");
      expectError(await use().post(`/${topic}/batch?format=json`, "x"), "bad request");
      expectError(await use().post(`/${topic}/close?x=1`), "bad request");
      expectError(await use().post(`/${topic}/close`, "x"), "bad request");
      expectError(await use().post("/nobody-made-this/close"), "topic not found");
    });
  });

  describe("close=true", () => {
    it("makes a payload the last message", async () => {
      const topic = await use().newTopic(["a"]);
      const reply = await use().post(`/${topic}/payload?close=true`, "b");
      expect([reply.status, reply.headers["x-offset"]]).toEqual([201, "1"]);
      expectError(await use().post(`/${topic}/payload`, "x"), "topic closed");
      expect((await use().get(`/${topic}`)).json).toMatchObject({ closed: true, latest_offset: 1 });
      expect((await use().get(`/${topic}/payload/1`)).text).toBe("b");
    });

    it("makes a batch the last messages", async () => {
      const topic = await use().newTopic();
      const reply = await use().post(`/${topic}/batch?format=lines&close=true`, "a\nb\n");
      expect(reply.json).toEqual({ ok: true, offset: 0, count: 2 });
      expectError(await use().post(`/${topic}/batch?format=lines`, "x\n"), "topic closed");
    });

    it("gives a retry under the same key its first answer", async () => {
      const topic = await use().newTopic();
      const headers = { "idempotency-key": "a" };
      await use().post(`/${topic}/payload?close=true`, "m", { headers });
      const again = await use().post(`/${topic}/payload?close=true`, "m", { headers });
      expect(again.status).toBe(201);
      expect(again.headers).toMatchObject({ "x-offset": "0", "x-duplicate": "true" });
      expectError(await use().post(`/${topic}/payload`, "m", { headers }), "idempotency mismatch");
    });

    it("closes nothing where the message is refused", async () => {
      const topic = await use().newTopic();
      const headers = { "x-expected-offset": "5" };
      expectError(await use().post(`/${topic}/payload?close=true`, "m", { headers }), "offset mismatch");
      expectError(await use().post(`/${topic}/payload?close=true`, ""), "bad request");
      expectError(await use().post(`/${topic}/payload?close=maybe`, "m"), "bad request");
      expect(await use().publish(topic, "a")).toBe(0);
    });

    it.each(["0", "false", "no", ""])("is off as %j", async (word) => {
      const topic = await use().newTopic();
      expect((await use().post(`/${topic}/payload?close=${word}`, "a")).status).toBe(201);
      expect(await use().publish(topic, "b")).toBe(1);
    });

    it("is no parameter of a stream in", async () => {
      const topic = await use().newTopic();
      expectError(await use().post(`/${topic}/stream?close=true`, "a\n"), "bad request");
    });
  });

  describe("readers of a closed topic", () => {
    it("see its end behind the last message, at once, whatever wait says", async () => {
      const topic = await closedTopic("a");
      const id = await use().newScanner(topic);
      const last = await use().scan(topic, id, "1h");
      expect(last.text).toBe("a");
      expect(last.headers["x-closed"]).toBeUndefined();
      for (const wait of [undefined, "1h"]) {
        const end = await use().scan(topic, id, wait);
        expectError(end, "end of topic");
        expect(end.headers["x-closed"]).toBe("true");
        const query = wait === undefined ? "" : `&wait=${wait}`;
        const many = await use().get(`/${topic}/scan?id=${id}&max=5${query}`);
        expectError(many, "end of topic");
        expect(many.headers["x-closed"]).toBe("true");
        const batch = await use().get(`/${topic}/batch?from=1${query}`);
        expect([batch.status, batch.headers["x-closed"], batch.headers["x-next-offset"]]).toEqual([
          204,
          "true",
          "1",
        ]);
        const keyed = await use().get(`/${topic}/batch?from=0&key=k${query}`);
        expect([keyed.status, keyed.headers["x-closed"]]).toEqual([204, "true"]);
      }
      const batch = await use().get(`/${topic}/batch?wait=1h`);
      expect([batch.status, batch.headers["x-count"]]).toEqual([200, "1"]);
    });

    it("see it where they wait already", async () => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      const waiting = [use().scan(topic, id, "1h"), use().get(`/${topic}/batch?wait=1h`)] as const;
      await close(topic);
      const [scan, batch] = await Promise.all(waiting);
      expectError(scan, "end of topic");
      expect([scan.headers["x-closed"], batch.status, batch.headers["x-closed"]]).toEqual([
        "true",
        204,
        "true",
      ]);
    });

    it("see no end of a topic that is open", async () => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      expect((await use().scan(topic, id)).headers["x-closed"]).toBeUndefined();
      expect((await use().get(`/${topic}/batch`)).headers["x-closed"]).toBeUndefined();
    });

    it("with acknowledgements see it when nothing is pending", async () => {
      const topic = await closedTopic("a");
      const id = await use().newScanner(topic, "0", "&ack=explicit");
      await use().scan(topic, id);
      const pending = await use().scan(topic, id);
      expectError(pending, "end of topic");
      expect(pending.headers["x-closed"]).toBeUndefined();
      await use().post(`/${topic}/ack?id=${id}&offset=0`);
      expect((await use().scan(topic, id, "1h")).headers["x-closed"]).toBe("true");
    });

    it.each([
      ["sse", "id: 0\ndata: a\n\n", "event: closed\ndata: 1\n\n"],
      ["ndjson", undefined, '{"closed":true,"next":1}\n'],
      ["lines", "a\n", ""],
    ])("see it in a stream that follows: %s", async (format, message, end) => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      const open = (query: string): Promise<LiveStream> =>
        LiveStream.open(`${use().url}/${topic}/stream?format=${format}&${query}`);
      const streams = [await open("from=0"), await open(`id=${id}`)];
      await use().post(`/${topic}/payload?close=true`, "a");
      for (const stream of streams) {
        const { end: how, rest } = await stream.ended();
        expect(how).toBe("complete");
        if (message !== undefined) expect(rest).toContain(message);
        expect(rest.endsWith(end)).toBe(true);
      }
    });

    it("see it in a stream that begins before it, and in one that does not follow", async () => {
      const topic = await closedTopic("a", "b");
      for (const query of ["from=1", "from=1&follow=0"]) {
        const sse = await use().get(`/${topic}/stream?format=sse&${query}`);
        expect(sse.text).toMatch(/id: 1\ndata: b\n\nevent: closed\ndata: 2\n\n$/);
        const ndjson = await use().get(`/${topic}/stream?${query}`);
        expect(ndjson.text).toMatch(/"payload":"b"}\n{"closed":true,"next":2}\n$/);
      }
      expect((await use().get(`/${topic}/stream?format=lines&follow=1`)).text).toBe("a\nb\n");
      expect((await use().get(`/${topic}/stream?format=json&follow=0`)).json).toHaveLength(2);
      const frames = await use().get(`/${topic}/stream?format=frames`);
      expect(frames.body.length).toBeGreaterThan(0);
    });

    it("in a browser do not come back, where they begin at the end", async () => {
      const topic = await closedTopic("a");
      for (const headers of [{ "last-event-id": "0" }, {}]) {
        const reply = await use().get(`/${topic}/stream?format=sse&from=end`, { headers });
        expect([reply.status, reply.text]).toEqual([204, ""]);
        expect(reply.headers["x-closed"]).toBe("true");
      }
      const ndjson = await use().get(`/${topic}/stream?from=end`);
      expect([ndjson.status, ndjson.text]).toEqual([200, '{"closed":true,"next":1}\n']);
    });
  });
}
