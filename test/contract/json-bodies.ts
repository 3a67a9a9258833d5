/** What holds for the body of every route that takes JSON. */
import { beforeAll, describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

/** More levels than the stack of any walk through them has room for. */
const LEVELS = 20_000;
const JSON_TYPE = { headers: { "content-type": "application/json" } };

export function jsonBodyContract(use: UseApi): void {
  describe("JSON in a body", () => {
    let topic = "";
    beforeAll(async () => {
      topic = await use().newTopic(["one"]);
      await use().post(`/${topic}/scanner?id=w&ack=explicit&from=0`);
      await use().get(`/${topic}/scan?id=w`);
    });

    const routes: readonly [string, "POST" | "PATCH", () => string, string, number][] = [
      ["a new topic", "POST", () => `/${use().freshName()}`, '{"segment_size":2048}', 201],
      ["a change of settings", "PATCH", () => `/${topic}`, '{"segment_size":2048}', 200],
      ["a batch", "POST", () => `/${topic}/batch`, '["two"]', 201],
      ["touch", "POST", () => `/${topic}/touch?id=w`, "[0]", 200],
      ["nack", "POST", () => `/${topic}/nack?id=w&delay=1h`, "[0]", 200],
      ["ack", "POST", () => `/${topic}/ack?id=w`, "[0]", 200],
    ];

    it.each(routes)(
      "of %s may be nested as long as it takes, and is refused",
      async (_name, method, path, given) => {
        const inner = given.startsWith("{") ? '{"segment_size":' : "[";
        const closing = given.startsWith("{") ? "}" : "]";
        for (const body of [
          inner + "[".repeat(LEVELS) + "]".repeat(LEVELS) + closing,
          "[".repeat(LEVELS),
          inner + '{"a":'.repeat(5000),
        ]) {
          const reply = await use().call(method, path(), { ...JSON_TYPE, body });
          expect(expectError(reply, "bad request")).toContain("nested too deep");
        }
      },
    );

    it.each(routes)("of %s may begin with a byte order mark", async (_name, method, path, given, status) => {
      const reply = await use().call(method, path(), { ...JSON_TYPE, body: `\ufeff${given}` });
      expect(reply.status, reply.text).toBe(status);
    });
  });
}
