/** `PATCH /:topic`, and sync under its proper verb. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

export function changeSettingsContract(use: UseApi): void {
  const patch = (topic: string, body: string | Buffer, query = "") =>
    use().call("PATCH", `/${topic}${query}`, { body });

  describe("PATCH /:topic", () => {
    it("changes what is named, takes zero for the default, and answers with the topic's info", async () => {
      const topic = await use().newTopic(["a"], { segment_size: 2048, batch_num_messages: 7 });
      const reply = await patch(topic, '{"segment_size":0,"retention_size":5000,"durability":"buffered"}');
      expect(reply.status).toBe(200);
      expect(reply.headers["content-type"]).toBe("application/json; charset=utf-8");
      const info = await use().get(`/${topic}`);
      expect(reply.json).toEqual(info.json);
      expect(info.json).toMatchObject({
        name: topic,
        latest_offset: 0,
        settings: {
          segment_age: "30day",
          segment_size: 1_073_741_824,
          batch_num_messages: 7,
          retention_size: 5000,
          durability: "written",
        },
      });
    });

    it("holds for what is published from then on", async () => {
      const topic = await use().newTopic(["a"]);
      await patch(topic, '{"durability":"written"}');
      const written = await use().post(`/${topic}/payload`, "b");
      expect(written.headers["x-durability"]).toBe("written");
      await patch(topic, '{"durability":"synced","compression_type":2}');
      const synced = await use().post(`/${topic}/payload`, "c");
      expect(synced.headers["x-durability"]).toBe("synced");
      for (const [offset, text] of ["a", "b", "c"].entries()) {
        expect((await use().get(`/${topic}/payload/${offset}`)).text).toBe(text);
      }
    });

    it("loses neither of two that come at once", async () => {
      const topic = await use().newTopic();
      await Promise.all([patch(topic, '{"segment_size":2048}'), patch(topic, '{"retention_size":4096}')]);
      const { settings } = (await use().get(`/${topic}`)).json as { settings: unknown };
      expect(settings).toMatchObject({ segment_size: 2048, retention_size: 4096 });
    });

    it.each([
      ["", /JSON object|setting/],
      ["{}", /segment_size/],
      ["[]", /object/],
      ["null", /object/],
      ['"segment_size"', /object/],
      ["{", /JSON/],
      ['{"colour":1}', /colour.*segment_size/],
      ['{"segment_size":"1024"}', /segment_size/],
      ['{"segment_size":1023}', /segment_size/],
      ['{"segment_age":"soon"}', /segment_age/],
      ['{"durability":"perhaps"}', /durability/],
    ])("refuses %s, and changes nothing", async (body, reason) => {
      const topic = await use().newTopic();
      const before = (await use().get(`/${topic}`)).json;
      expect(expectError(await patch(topic, body), "bad request")).toMatch(reason);
      expect((await use().get(`/${topic}`)).json).toEqual(before);
    });

    it("refuses a compression that there is not, with nothing else of it done", async () => {
      const topic = await use().newTopic();
      const body = '{"segment_size":2048,"compression_type":4}';
      expectError(await patch(topic, body), "invalid compression type");
      expect((await use().get(`/${topic}`)).text).toContain('"segment_size":1073741824');
    });

    it("knows no topic that was never made, whatever the body is", async () => {
      for (const name of [use().freshName(), ".x"]) expectError(await patch(name, "{"), "topic not found");
    });

    it("takes no parameters, and a body of settings' size", async () => {
      const topic = await use().newTopic();
      expectError(await patch(topic, '{"segment_size":2048}', "?force=1"), "bad request");
      expectError(await patch(topic, " ".repeat(64 * 1024 + 1)), "payload too large");
    });
  });

  describe("POST /:topic/sync", () => {
    it("is GET's proper verb", async () => {
      const topic = await use().newTopic(["a"], { durability: "written" });
      for (const method of ["GET", "POST"] as const) {
        const reply = await use().call(method, `/${topic}/sync`);
        expect(reply.status).toBe(200);
        expect(reply.text).toBe('{"ok":true,"message":"synced"}\n');
      }
      expectError(await use().post("/no-such-topic/sync"), "topic not found");
      const options = await use().call("OPTIONS", `/${topic}/sync`);
      expect(options.headers.allow).toBe("GET, POST, OPTIONS");
    });
  });
}
