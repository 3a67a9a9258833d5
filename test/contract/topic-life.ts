/** Topics that end by themselves, and topics with a content type: the settings, and what they do. */
import { describe, expect, it } from "vitest";
import { encodeMessage } from "../../lib/message/message.ts";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

const FUTURE = "2099-01-01T00:00:00.000Z";

export function topicLifeContract(use: UseApi): void {
  const settingsOf = async (topic: string): Promise<object> =>
    ((await use().get(`/${topic}`)).json as { settings: object }).settings;
  const patch = (topic: string, change: object) =>
    use().call("PATCH", `/${topic}`, { body: JSON.stringify(change) });

  describe("ttl, expires_at and content_type", () => {
    it("are shown where they are set, and absent where they are not", async () => {
      const plain = await use().newTopic();
      expect(Object.keys(await settingsOf(plain)).join()).not.toMatch(/ttl|expires_at|content_type/);
      const given = { ttl: "1h0m0s", content_type: "text/csv" };
      expect(await settingsOf(await use().newTopic([], given))).toMatchObject(given);
      expect(await settingsOf(await use().newTopic([], { expires_at: FUTURE }))).toMatchObject({
        expires_at: FUTURE,
      });
    });

    it.each([
      { ttl: "999ms" },
      { ttl: 60 },
      { ttl: "soon" },
      { expires_at: "2020-01-01T00:00:00Z" },
      { expires_at: "tomorrow" },
      { expires_at: 4_102_444_800 },
      { content_type: "json" },
      { content_type: 5 },
    ])("are refused as %j, at creation and by PATCH", async (settings) => {
      const [name] = Object.keys(settings);
      const fresh = use().freshName();
      const refusal = await use().post(`/${fresh}`, JSON.stringify(settings));
      expect(expectError(refusal, "bad request")).toContain(name);
      expectError(await use().get(`/${fresh}`), "topic not found");
      const topic = await use().newTopic();
      expect(expectError(await patch(topic, settings), "bad request")).toContain(name);
    });

    it("know ttl or expires_at, not both, and go from one to the other in one change", async () => {
      const both = { ttl: "1h", expires_at: FUTURE };
      expectError(await use().post(`/${use().freshName()}`, JSON.stringify(both)), "bad request");
      const topic = await use().newTopic([], { ttl: "1h" });
      expectError(await patch(topic, { expires_at: FUTURE }), "bad request");
      expect((await patch(topic, { expires_at: FUTURE, ttl: null })).status).toBe(200);
      const settings = await settingsOf(topic);
      expect(settings).toMatchObject({ expires_at: FUTURE });
      expect(settings).not.toHaveProperty("ttl");
    });

    it("fix the content type at creation", async () => {
      const topic = await use().newTopic([], { content_type: "text/csv" });
      for (const other of ["application/json", "", null]) {
        expect(expectError(await patch(topic, { content_type: other }), "bad request")).toContain("text/csv");
      }
      expect((await patch(topic, { content_type: "text/csv", segment_size: 2048 })).status).toBe(200);
      const plain = await use().newTopic();
      expectError(await patch(plain, { content_type: "text/csv" }), "bad request");
    });
  });

  describe("a topic's content type", () => {
    it("is in every answer, of the messages that bring none", async () => {
      const topic = await use().newTopic(["a"], { content_type: "text/csv" });
      await use().post(`/${topic}/payload`, "b", { headers: { "content-type": "text/html" } });
      const id = await use().newScanner(topic);
      for (const [offset, type] of ["text/csv", "text/html"].entries()) {
        const read = await use().get(`/${topic}/payload/${offset}`);
        const scanned = await use().scan(topic, id);
        for (const { headers } of [read, scanned]) expect(headers["content-type"]).toBe(type);
      }
      for (const route of ["batch", "stream?follow=0"]) {
        const lines = (await use().get(`/${topic}/${route}`)).text.trim().split("\n");
        const types = lines.map((line) => (JSON.parse(line) as { content_type: string }).content_type);
        expect(types, route).toEqual(["text/csv", "text/html"]);
      }
    });
  });

  describe("a topic of application/json", () => {
    it("takes JSON alone: as a payload, in a batch of every format, and in a stream up to the bad one", async () => {
      const topic = await use().newTopic(['{"a":1}'], { content_type: "application/json" });
      const messages = Buffer.concat(["1", "x"].map((text) => encodeMessage(Buffer.from(text))));
      const bodies: [string, string | Buffer][] = [
        ["payload", "{"],
        ["batch?format=messages", messages],
        ["batch?format=ndjson", "1\nx\n"],
        ["batch?format=lines", "1\nx\n"],
        ["batch?format=json", '["1","x"]'],
      ];
      for (const [route, body] of bodies) {
        const reply = await use().post(`/${topic}/${route}`, body);
        expect(expectError(reply, "bad request"), route).toMatch(/not JSON.*application\/json/);
      }
      const stream = await use().post(`/${topic}/stream`, "2\nx\n3\n");
      expect(stream.status).toBe(400);
      expect(stream.json).toMatchObject({ offset: 1, count: 1 });
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: 1 });
    });
  });
}
