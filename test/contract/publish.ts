/** POST /:topic/payload: one message, whatever it says it is. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

export function publishContract(use: UseApi): void {
  describe("POST /:topic/payload", () => {
    it("stores the body as one message, and answers 201 without a body", async () => {
      const topic = await use().newTopic();
      const reply = await use().post(`/${topic}/payload`, "hello");
      expect(reply.status).toBe(201);
      expect(reply.text).toBe("");
      expect(reply.headers).toMatchObject({
        "content-length": "0",
        "x-offset": "0",
        "x-durability": "synced",
      });
      expect((await use().get(`/${topic}/payload/0`)).text).toBe("hello");
    });

    it("gives offsets without gaps, from 0", async () => {
      const topic = await use().newTopic();
      for (const offset of [0, 1, 2, 3]) expect(await use().publish(topic, `m${offset}`)).toBe(offset);
    });

    it("gives each of many that come at once an offset of its own", async () => {
      const topic = await use().newTopic();
      const texts = Array.from({ length: 64 }, (_, i) => `m${i}`);
      const offsets = await Promise.all(texts.map((text) => use().publish(topic, text)));
      expect([...offsets].sort((a, b) => a - b)).toEqual(texts.map((_, i) => i));
      for (const [i, offset] of offsets.entries()) {
        expect((await use().get(`/${topic}/payload/${offset}`)).text).toBe(texts[i]);
      }
    });

    it("keeps every byte, of any content", async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      const payloads = [
        bytes,
        Buffer.from([0]),
        Buffer.from("\r\n\r\n"),
        Buffer.from([0xff, 0xfe, 0xc3]),
        Buffer.from("NLF"),
      ];
      const topic = await use().newTopic(payloads);
      for (const [offset, payload] of payloads.entries()) {
        expect((await use().get(`/${topic}/payload/${offset}`)).body.equals(payload), `${offset}`).toBe(true);
      }
    });

    it("takes any content type but a form, and keeps the bytes as they were sent", async () => {
      const topic = await use().newTopic();
      const all: Record<string, string>[] = [
        { "content-type": "application/x-www-form-urlencoded" },
        { "content-type": "application/json" },
        { "content-type": "multipart/mixed; boundary=x" },
        {},
      ];
      for (const [offset, headers] of all.entries()) {
        expect((await use().post(`/${topic}/payload`, "a=b+c%20{", { headers })).status).toBe(201);
        const read = await use().get(`/${topic}/payload/${offset}`);
        expect(read.text).toBe("a=b+c%20{");
      }
    });

    it("takes PUT as well, which is what curl -T sends", async () => {
      const topic = await use().newTopic();
      for (const offset of [0, 1]) {
        const reply = await use().call("PUT", `/${topic}/payload?durability=written`, { body: "a file" });
        expect(reply.status).toBe(201);
        expect(reply.headers).toMatchObject({ "x-offset": String(offset), "x-durability": "written" });
      }
      // A message that was answered as written can be read when it is synced.
      expect((await use().call("POST", `/${topic}/sync`)).status).toBe(200);
      expect((await use().get(`/${topic}/payload/1`)).text).toBe("a file");
      expectError(await use().call("PUT", `/${topic}/payload`, { body: "" }), "bad request");
      expect((await use().call("OPTIONS", `/${topic}/payload`)).headers.allow).toBe("POST, PUT, OPTIONS");
    });

    it("refuses an empty body, and gives no offset to it", async () => {
      const topic = await use().newTopic();
      expectError(await use().post(`/${topic}/payload`), "bad request");
      expectError(await use().post(`/${topic}/payload`, ""), "bad request");
      expect(await use().publish(topic, "a")).toBe(0);
    });

    it("knows no topic that was never made", async () => {
      expectError(await use().post("/nobody-made-this/payload", "x"), "topic not found");
    });

    it("can be read at once, from a compressed topic too", async () => {
      for (const type of [1, 2, 3]) {
        const topic = await use().newTopic([], { compression_type: type });
        for (const text of ["a", "b".repeat(5000), "c"]) {
          const offset = await use().publish(topic, text);
          expect((await use().get(`/${topic}/payload/${offset}`)).text).toBe(text);
        }
      }
    });

    it("is as durable as the topic, or as asked for", async () => {
      for (const ofTopic of ["synced", "written"] as const) {
        const topic = await use().newTopic([], { durability: ofTopic });
        const reached = async (query: string): Promise<unknown> => {
          const reply = await use().post(`/${topic}/payload${query}`, "x");
          expect(reply.status).toBe(201);
          return reply.headers["x-durability"];
        };
        expect(await reached("")).toBe(ofTopic);
        expect(await reached("?durability=synced")).toBe("synced");
        expect(["written", "synced"]).toContain(await reached("?durability=written"));
      }
    });

    it.each(["", "none", "SYNCED", "synced,written"])("knows no durability %j", async (durability) => {
      const topic = await use().newTopic();
      const reply = await use().post(`/${topic}/payload?durability=${durability}`, "x");
      expect(expectError(reply, "bad request")).toContain("durability");
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
    });
  });
}
