/** GET /:topic/stream as server-sent events, to the byte. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { LiveStream } from "./live-stream.ts";

const RETRY = "retry: 1000\n\n";

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
      expect(await events(`/${topic}/stream?follow=0`)).toBe(RETRY + event);
    });

    it("come as the messages do", async () => {
      const topic = await use().newTopic();
      const stream = await LiveStream.open(`${use().url}/${topic}/stream?format=sse`);
      await stream.comes(RETRY);
      await use().publish(topic, "a");
      await stream.comes("id: 0\ndata: a\n\n");
    });

    it("go on behind Last-Event-ID, which wins over from", async () => {
      const topic = await use().newTopic(["a", "b", "c"]);
      expect(await events(`/${topic}/stream?follow=0&from=0`, "1")).toBe(`${RETRY}id: 2\ndata: c\n\n`);
      expect(await events(`/${topic}/stream?follow=0`, "2")).toBe(RETRY);
      expect(await events(`/${topic}/stream?follow=0&from=2`, "")).toBe(`${RETRY}id: 2\ndata: c\n\n`);
      const headers = { "last-event-id": "3" };
      expectError(await use().get(`/${topic}/stream?follow=0`, { headers }), "offset not found");
    });

    it.each(["x", "-1", "1.5", "99999999999999999999"])(
      "do not begin behind Last-Event-ID: %s",
      async (id) => {
        const topic = await use().newTopic(["a"]);
        expectError(await use().get(`/${topic}/stream`, { headers: { "last-event-id": id } }), "bad request");
      },
    );

    it("of a scanner take no notice of Last-Event-ID", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      expect(await events(`/${topic}/stream?follow=0&id=${id}`, "garbage")).toBe(
        `${RETRY}id: 0\ndata: a\n\n`,
      );
    });
  });
}
