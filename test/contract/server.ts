/** What the server tells about itself, under `/-/`. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

export function serverContract(use: UseApi): void {
  describe("the server itself", () => {
    it("is alive", async () => {
      const reply = await use().get("/-/health");
      expect(reply.status).toBe(200);
      expect(reply.text).toBe('{"ok":true}\n');
    });

    it("is ready, and lists the topics that it cannot serve", async () => {
      const reply = await use().get("/-/ready");
      expect(reply.status).toBe(200);
      expect(reply.json).toMatchObject({ ok: true, failed: expect.any(Array) });
    });

    it("tells its name and version", async () => {
      const reply = await use().get("/-/version");
      expect(reply.status).toBe(200);
      expect(reply.json).toEqual({
        ok: true,
        name: "netlog",
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        node: expect.stringMatching(/^\d+\.\d+\.\d+/),
      });
    });

    it("describes its routes as OpenAPI 3.1", async () => {
      const reply = await use().get("/-/openapi.json");
      expect(reply.status).toBe(200);
      expect(reply.headers["content-type"]).toBe("application/json; charset=utf-8");
      expect(reply.json).toMatchObject({
        openapi: expect.stringMatching(/^3\.1\./),
        info: { title: "netlog" },
        paths: { "/{topic}/scan": { get: {}, post: {} }, "/{topic}/payload/{offset}": { get: {}, head: {} } },
      });
    });

    it("tells its figures in Prometheus' text format", async () => {
      await use().newTopic(["a"]);
      const reply = await use().get("/-/metrics");
      expect(reply.status).toBe(200);
      expect(reply.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
      expect(reply.text).toMatch(/\nnetlog_topic_high_watermark\{topic="[^"]+"\} \d+\n/);
      expect(reply.text).toMatch(/\nprocess_cpu_seconds_total \d/);
      expectError(await use().get("/-/metrics?format=json"), "bad request");
    });

    it.each(["health", "ready", "version", "metrics", "openapi.json"])(
      "refuses a parameter of %s, which takes none",
      async (name) => {
        expectError(await use().get(`/-/${name}?x=1`), "bad request");
      },
    );

    it.each(["health", "ready", "version", "openapi.json"])(
      "tells %s without a body to HEAD, and changes nothing",
      async (name) => {
        const [head, get] = [await use().call("HEAD", `/-/${name}`), await use().get(`/-/${name}`)];
        expect(head.status).toBe(200);
        expect(head.text).toBe("");
        expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
        expect(get.headers["cache-control"]).toBe("no-store");
        expectError(await use().post(`/-/${name}`), "method not allowed");
        expect((await use().call("OPTIONS", `/-/${name}`)).headers.allow).toBe("GET, HEAD, OPTIONS");
      },
    );
  });
}
