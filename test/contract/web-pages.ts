/** Pages in a browser are kept out, and so are names that another site points at this machine. */
import { describe, expect, it } from "vitest";
import type { CallOptions } from "./api.ts";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { rawCall } from "./raw.ts";

export function webPageContract(use: UseApi): void {
  describe("pages of other origins", () => {
    const foreign: readonly (readonly [string, CallOptions["headers"]])[] = [
      ["another site", { origin: "http://elsewhere.example" }],
      ["another site under TLS", { origin: "https://elsewhere.example" }],
      ["another port of this machine", { origin: "http://localhost:1" }],
      ["this machine without a port", { origin: "http://127.0.0.1" }],
      ["a name that begins like ours", { origin: "http://localhost.elsewhere.example" }],
      ["nowhere, as a sandboxed page says", { origin: "null" }],
      ["a browser's extension", { origin: "moz-extension://0f5b" }],
      ["an empty one", { origin: "" }],
      ["a page that sends no Origin, of another site", { "sec-fetch-site": "cross-site" }],
      ["a page that sends no Origin, of another port of this machine", { "sec-fetch-site": "same-site" }],
    ];

    it.each(foreign)("publish nothing: %s", async (_name, headers = {}) => {
      const topic = await use().newTopic();
      const form = { ...headers, "content-type": "text/plain" };
      expectError(await use().post(`/${topic}/payload`, "x", { headers: form }), "forbidden");
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
    });

    it.each(foreign)("read nothing, and eat nothing from a scanner: %s", async (_name, headers = {}) => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      for (const path of ["/", `/${topic}`, `/${topic}/payload/0`, `/${topic}/scan?id=${id}`]) {
        const reply = await use().get(path, { headers });
        expectError(reply, "forbidden");
        expect(reply.headers["access-control-allow-origin"]).toBeUndefined();
      }
      expectError(await use().call("OPTIONS", `/${topic}`, { headers }), "forbidden");
      expect((await use().scan(topic, id)).text).toBe("a");
    });

    it("make and delete nothing", async () => {
      const topic = await use().newTopic();
      const headers = { origin: "http://elsewhere.example" };
      expectError(await use().post(`/${use().freshName()}`, "", { headers }), "forbidden");
      expectError(await use().call("DELETE", `/${topic}?force=1`, { headers }), "forbidden");
      expect((await use().get(`/${topic}`)).status).toBe(200);
    });
  });

  describe("what a browser sends of our own pages", () => {
    it("passes", async () => {
      const topic = await use().newTopic();
      const own = new URL(use().url).origin;
      for (const headers of [
        { origin: own },
        { origin: own.toUpperCase().replace(/^[A-Z]+/, (scheme) => scheme.toLowerCase()) },
        { origin: own, "sec-fetch-site": "same-origin" },
        { "sec-fetch-site": "same-origin" },
        { "sec-fetch-site": "none" },
      ]) {
        expect((await use().post(`/${topic}/payload`, "x", { headers })).status).toBe(201);
        expect((await use().get(`/${topic}`, { headers })).status).toBe(200);
      }
    });
  });

  describe("a payload, as a part of a page", () => {
    const parts = [
      "script",
      "style",
      "worker",
      "sharedworker",
      "serviceworker",
      "iframe",
      "frame",
      "object",
      "embed",
    ];

    it.each(parts)("is none, of the server's own page either: %s", async (part) => {
      const topic = await use().newTopic(["alert(1)"]);
      const id = await use().newScanner(topic);
      const headers = {
        "sec-fetch-site": "same-origin",
        "sec-fetch-mode": "no-cors",
        "sec-fetch-dest": part,
      };
      for (const path of [
        `/${topic}/payload/0`,
        `/${topic}/scan?id=${id}`,
        `/${topic}/scan?id=${id}&max=1`,
        `/${topic}/batch?format=lines`,
        `/${topic}/stream?follow=0`,
        `/-/streams/${topic}?offset=-1`,
      ]) {
        const reply = await use().get(path, { headers });
        expect(expectError(reply, "forbidden"), path).toContain(`as ${part} (Sec-Fetch-Dest)`);
      }
      expectError(await use().post(`/${topic}/scan?id=${id}`, undefined, { headers }), "forbidden");
      expect((await use().scan(topic, id)).text).toBe("alert(1)");
    });

    it.each(["empty", "document", "image", "video", ""])("is for %j as ever", async (part) => {
      const topic = await use().newTopic(["x"]);
      const headers = { "sec-fetch-site": "same-origin", "sec-fetch-dest": part };
      expect((await use().get(`/${topic}/payload/0`, { headers })).text).toBe("x");
      expect((await use().get(`/${topic}/batch?format=lines`, { headers })).text).toBe("x\n");
    });
  });

  describe("Host", () => {
    const get = (host: string): string => `GET / HTTP/1.1\r\n${host}\r\n\r\n`;

    it.each([
      "elsewhere.example",
      "elsewhere.example:80",
      "localhost.elsewhere.example",
      "127.0.0.1.nip.io",
      "0.0.0.0",
    ])("is none of ours: %s", async (host) => {
      expectError(await rawCall(use().url, get(`Host: ${host}`)), "forbidden");
      expectError(
        await rawCall(use().url, `POST /x/payload HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1\r\n\r\nx`),
        "forbidden",
      );
    });

    it("may be any name of this machine, with any port or none", async () => {
      for (const host of [
        "localhost",
        "LOCALHOST",
        "localhost:1",
        "127.0.0.1",
        `127.0.0.1:${use().port}`,
        "[::1]",
        "[::1]:80",
      ]) {
        expect((await rawCall(use().url, get(`Host: ${host}`))).status, host).toBe(200);
      }
    });

    it("counts in the target as well, where that is an URL", async () => {
      const target = "GET http://elsewhere.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n";
      expectError(await rawCall(use().url, target), "forbidden");
    });

    it("must be there in HTTP/1.1, once", async () => {
      expectError(await rawCall(use().url, "GET / HTTP/1.1\r\n\r\n"), "bad request");
      expectError(await rawCall(use().url, get("Host: localhost\r\nHost: localhost")), "bad request");
      expectError(await rawCall(use().url, get("Host: localhost\r\nHost: elsewhere.example")), "bad request");
    });

    it("may be missing in HTTP/1.0, which no browser speaks", async () => {
      expect((await rawCall(use().url, "GET / HTTP/1.0\r\n\r\n")).status).toBe(200);
    });
  });
}
