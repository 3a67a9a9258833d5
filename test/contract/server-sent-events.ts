/** GET /:topic/stream as server-sent events, to the byte. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { LiveStream } from "./live-stream.ts";

/** How a stream begins whose first message is to be the one behind `before`. */
function opening(before: number): string {
  return `retry: 1000\nid: ${before}\n\n`;
}

export function serverSentEventContract(use: UseApi): void {
  const events = async (path: string, lastEventId?: string): Promise<string> => {
    const headers = {
      accept: "text/event-stream",
      ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
    };
    const reply = await use().get(path, { headers });
    expect(reply.status, reply.text).toBe(200);
    expect(reply.headers["content-type"]).toMatch(/^text\/event-stream/);
    return reply.text;
  };

  describe("server-sent events", () => {
    it.each([
      ["text", "id: 0\ndata: text\n\n"],
      ["größer", "id: 0\ndata: größer\n\n"],
      ["two\nlines", "id: 0\ndata: two\ndata: lines\n\n"],
      ["ends in\n", "id: 0\ndata: ends in\ndata: \n\n"],
      ["\n", "id: 0\ndata: \ndata: \n\n"],
      [" data: x", "id: 0\ndata:  data: x\n\n"],
      ["a\rb", "id: 0\nevent: base64\ndata: YQ1i\n\n"],
      ["a\r\n", "id: 0\nevent: base64\ndata: YQ0K\n\n"],
      [Buffer.from([0xff]), "id: 0\nevent: base64\ndata: /w==\n\n"],
    ])("tell %j", async (payload, event) => {
      const topic = await use().newTopic([payload]);
      expect(await events(`/${topic}/stream?follow=0`)).toBe(opening(-1) + event);
    });

    it("come as the messages do", async () => {
      const topic = await use().newTopic();
      const stream = await LiveStream.open(`${use().url}/${topic}/stream?format=sse`);
      await stream.comes(opening(-1));
      await use().publish(topic, "a");
      await stream.comes("id: 0\ndata: a\n\n");
    });

    it.each(["end", "now", "2", "2100-01-01T00:00:00Z"])(
      "tell the place before the first one, so that a reader finds it again: from=%s",
      async (from) => {
        const topic = await use().newTopic(["a", "b"]);
        const headers = { accept: "text/event-stream" };
        const path = `/${topic}/stream?from=${from}`;
        const broken = await LiveStream.open(`${use().url}${path}`, headers);
        await broken.comes(opening(1));
        broken.leave();
        await use().publish(topic, "c");
        const again = await LiveStream.open(`${use().url}${path}`, { ...headers, "last-event-id": "1" });
        await again.comes(`${opening(1)}id: 2\ndata: c\n\n`);
      },
    );

    it("go on at the first kept where a topic was made anew, and say so", async () => {
      const topic = await use().newTopic(["a", "b"]);
      const skipped = "event: skipped\ndata: 0\n\n";
      const path = `/${topic}/stream?from=end&follow=0`;
      expect(await events(path, "1")).toBe(opening(1));
      for (const beyond of ["2", "99", "9007199254740990"]) {
        expect(await events(path, beyond)).toBe(
          `${opening(-1)}${skipped}id: 0\ndata: a\n\nid: 1\ndata: b\n\n`,
        );
      }
      const empty = await use().newTopic();
      expect(await events(`/${empty}/stream?follow=0`, "7")).toBe(opening(-1) + skipped);
      expect(await events(`/${empty}/stream?follow=0`, "-1")).toBe(opening(-1));
    });

    it("of a topic made anew are shown in NDJSON as well, and not found in formats that cannot tell", async () => {
      const topic = await use().newTopic(["a"]);
      const headers = { "last-event-id": "5" };
      const lines = (await use().get(`/${topic}/stream?follow=0`, { headers })).text.split("\n");
      expect(lines[0]).toBe('{"skipped":0,"next":0}');
      expect(JSON.parse(lines[1]!)).toMatchObject({ offset: 0, payload: "a" });
      for (const format of ["lines", "json", "frames"]) {
        const reply = await use().get(`/${topic}/stream?follow=0&format=${format}`, { headers });
        expectError(reply, "offset not found");
      }
    });

    it("go on behind Last-Event-ID, which wins over from", async () => {
      const topic = await use().newTopic(["a", "b", "c"]);
      expect(await events(`/${topic}/stream?follow=0&from=0`, "1")).toBe(`${opening(1)}id: 2\ndata: c\n\n`);
      expect(await events(`/${topic}/stream?follow=0`, "2")).toBe(opening(2));
      expect(await events(`/${topic}/stream?follow=0&from=2`, "")).toBe(`${opening(1)}id: 2\ndata: c\n\n`);
      expect(await events(`/${topic}/stream?follow=0&from=2`, "-1")).toContain("id: 0\ndata: a\n\n");
    });

    it.each(["x", "-2", "-0", "1.5", "99999999999999999999"])(
      "do not begin behind Last-Event-ID: %s",
      async (id) => {
        const topic = await use().newTopic(["a"]);
        expectError(await use().get(`/${topic}/stream`, { headers: { "last-event-id": id } }), "bad request");
      },
    );

    it("of a scanner take no notice of Last-Event-ID", async () => {
      const topic = await use().newTopic(["a", "b"]);
      const id = await use().newScanner(topic, "1");
      const path = `/${topic}/stream?follow=0&id=${id}`;
      expect(await events(path, "garbage")).toBe(`${opening(0)}id: 1\ndata: b\n\n`);
      expect(await events(path, "0")).toBe(opening(1));
    });

    it("stay errors where coming back would change nothing", async () => {
      const headers = { accept: "text/event-stream" };
      const topic = await use().newTopic();
      expectError(await use().get("/nobody-made-this/stream", { headers }), "topic not found");
      expectError(await use().get(`/${topic}/stream?id=nobody`, { headers }), "scanner not found");
      expectError(await use().get(`/${topic}/stream?from=9`, { headers }), "offset not found");
      const foreign = { ...headers, origin: "http://elsewhere.example" };
      expectError(await use().get(`/${topic}/stream`, { headers: foreign }), "forbidden");
    });
  });
}
