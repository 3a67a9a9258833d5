/** What holds for every route: envelopes, headers, methods. */
import { describe, expect, it } from "vitest";
import type { Method, Reply } from "./api.ts";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

/** Part 1's paths below a topic, with the methods that they know, and some that they never will. */
const ROUTES: readonly (readonly [path: string, methods: readonly Method[], never: readonly Method[]])[] = [
  ["/", ["GET", "HEAD"], ["POST", "PUT", "DELETE"]],
  ["/:topic", ["GET", "HEAD", "POST", "DELETE"], ["PUT"]],
  ["/:topic/payload", ["POST", "PUT"], ["GET", "HEAD", "PATCH", "DELETE"]],
  ["/:topic/payload/0", ["GET", "HEAD"], ["POST", "PUT", "DELETE"]],
  ["/:topic/sync", ["GET"], ["HEAD", "PUT", "DELETE"]],
  ["/:topic/scanner", ["POST", "DELETE"], ["PUT"]],
  ["/:topic/scan", ["GET"], ["HEAD", "PUT", "DELETE"]],
  ["/:topic/check", ["GET", "HEAD"], ["POST", "PUT", "DELETE"]],
];

export function conventionContract(use: UseApi): void {
  describe("answers", () => {
    it("end JSON with a line end and say that it is JSON in UTF-8", async () => {
      const topic = await use().newTopic();
      for (const path of ["/", `/${topic}`, `/${topic}/sync`, `/${topic}/check`, "/nothing"]) {
        const reply = await use().get(path);
        expect(reply.text.endsWith("}\n") || reply.text.endsWith("]\n"), reply.text).toBe(true);
        expect(reply.headers["content-type"]).toBe("application/json; charset=utf-8");
      }
    });

    it("forbid guessing of types and keeping, whatever their status", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      const replies = [
        await use().get("/"),
        await use().get(`/${topic}`),
        await use().post(`/${topic}/payload`, "b"),
        await use().get(`/${topic}/payload/last`),
        await use().scan(topic, id),
        await use().call("OPTIONS", `/${topic}`),
        await use().get("/nothing"),
        await use().post("/.nothing"),
        await use().call("PUT", `/${topic}`),
      ];
      for (const { headers } of replies) {
        expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "cache-control": "no-store" });
      }
    });

    it("carry their length, so that a client knows where they end", async () => {
      const topic = await use().newTopic(["abc"]);
      for (const [path, length] of [
        [`/${topic}/payload/0`, 3],
        [`/${topic}/sync`, 31],
      ] as const) {
        expect((await use().get(path)).headers["content-length"]).toBe(String(length));
      }
    });
  });

  describe("methods", () => {
    for (const [route, methods, never] of ROUTES) {
      it(`that ${route} does not know are refused: ${never.join(", ")}`, async () => {
        const path = route.replace(":topic", await use().newTopic(["a"]));
        for (const method of never) {
          const reply = await use().call(method, path);
          expect(reply.status, method).toBe(405);
          expect(allowed(reply.headers.allow)).toEqual(expect.arrayContaining([...methods, "OPTIONS"]));
          expect(allowed(reply.headers.allow)).not.toContain(method);
          if (method !== "HEAD") expectError(reply, "method not allowed");
        }
      });

      it(`that ${route} knows are listed by OPTIONS`, async () => {
        const path = route.replace(":topic", await use().newTopic(["a"]));
        const reply = await use().call("OPTIONS", path);
        expect(reply.status).toBe(204);
        expect(reply.text).toBe("");
        expect(allowed(reply.headers.allow)).toEqual(expect.arrayContaining([...methods, "OPTIONS"]));
      });
    }

    it("are listed by OPTIONS of a topic that is not there", async () => {
      expect((await use().call("OPTIONS", "/nobody-made-this")).status).toBe(204);
    });

    it("HEAD gives what GET gives, without the body", async () => {
      const topic = await use().newTopic(["abc"]);
      for (const path of ["/", `/${topic}`, `/${topic}/payload/0`, `/${topic}/check`, "/nothing"]) {
        const [got, head] = [await use().get(path), await use().call("HEAD", path)];
        expect(head.status).toBe(got.status);
        expect(head.text).toBe("");
        expect(ofTheAnswer(head.headers)).toEqual(ofTheAnswer(got.headers));
      }
    });

    it("HEAD of a scan takes no message", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      expect((await use().call("HEAD", `/${topic}/scan?id=${id}`)).status).toBe(405);
      expect((await use().scan(topic, id)).text).toBe("a");
    });
  });

  describe("routes", () => {
    it("that are none are not found, with any method", async () => {
      const topic = await use().newTopic();
      for (const path of [
        `/${topic}/nothing`,
        `/${topic}/payload/0/x`,
        `/${topic}/`,
        `/${topic}/scan/`,
        "//",
      ]) {
        for (const method of ["GET", "POST", "DELETE", "OPTIONS"] as const) {
          expectError(await use().call(method, path), "not found");
        }
      }
    });

    it("under /-/ are the server's own, never a topic's", async () => {
      for (const path of ["/-/", "/-/nothing", "/-/scan", "/-/payload", "/-/payload/0"]) {
        expectError(await use().get(path), "not found");
        expectError(await use().post(path, "x"), "not found");
      }
      expectError(await use().get("/-"), "topic not found");
    });

    it("tell that the server is alive", async () => {
      const reply = await use().get("/-/health");
      expect(reply.status).toBe(200);
      expect(reply.json).toMatchObject({ ok: true });
      expect((await use().call("HEAD", "/-/health")).status).toBe(200);
    });
  });
}

function allowed(header: string | string[] | undefined): string[] {
  return String(header).split(", ");
}

/** Without what depends on the time and the connection, which the client closes after a HEAD. */
function ofTheAnswer(headers: Reply["headers"]): Reply["headers"] {
  return { ...headers, date: "", connection: "", "keep-alive": "" };
}
