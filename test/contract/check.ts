/** GET /:topic/check, on topics where nothing is wrong; damage is made where the files can be reached. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

export function checkContract(use: UseApi): void {
  describe("GET /:topic/check", () => {
    it("says that a topic is healthy, from any offset on", async () => {
      for (const type of [1, 2]) {
        const topic = await use().newTopic(["a", "b", "c"], { compression_type: type, segment_size: 1024 });
        for (const query of [
          "",
          "?from=",
          "?from=0",
          "?from=1",
          "?from=3",
          "?from=last",
          "?from=end",
          "?from=1day",
        ]) {
          const reply = await use().get(`/${topic}/check${query}`);
          expect(reply.status).toBe(200);
          expect(reply.text).toBe('{"ok":true,"message":"topic healthy"}\n');
        }
      }
    });

    it("says so of an empty topic", async () => {
      const topic = await use().newTopic();
      expect((await use().get(`/${topic}/check`)).json).toEqual({ ok: true, message: "topic healthy" });
    });

    it.each(["x", "-1", "4", "99", "1.5", "soon"])("refuses from=%s", async (from) => {
      const topic = await use().newTopic(["a", "b", "c"]);
      expect(expectError(await use().get(`/${topic}/check?from=${from}`), "bad request")).toContain("from");
    });

    it("knows no topic that was never made", async () => {
      expectError(await use().get("/nobody-made-this/check"), "topic not found");
    });
  });
}
