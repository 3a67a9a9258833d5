/** Refusals that say what to do next, and what they must not say. */
import { describe, expect, it } from "vitest";
import type { Method, Reply } from "./api.ts";
import type { UseApi } from "./contract.ts";
import { type ErrorText, expectError } from "./expect-error.ts";
import { rawCall } from "./raw.ts";

export function reasonContract(use: UseApi): void {
  const reasonOf = async (
    method: Method,
    path: string,
    text: ErrorText,
    options: Parameters<ReturnType<UseApi>["call"]>[2] = {},
  ): Promise<string> => expectError(await use().call(method, path, options), text);

  describe("a reason says what to do next:", () => {
    it("how to make a topic that is missing", async () => {
      const name = use().freshName();
      for (const path of [`/${name}`, `/${name}/payload/0`, `/${name}/scan?id=x`]) {
        expect(await reasonOf("GET", path, "topic not found")).toContain(`make it with POST /${name}`);
      }
      const published = await use().post(`/${name}/payload`, "x");
      expect(expectError(published, "topic not found")).toContain(`make it with POST /${name}`);
      expect(await reasonOf("DELETE", `/${name}`, "topic not found")).not.toContain("POST");
      expect(await reasonOf("GET", "/.x", "topic not found")).toContain("1 to 255 of");
    });

    it("where the server's own pages are", async () => {
      expect(await reasonOf("GET", "/metrics", "topic not found")).toContain("/-/metrics");
      expect(await reasonOf("GET", "/-/healthz", "not found")).toContain("did you mean /-/health?");
      expect(await reasonOf("GET", "/-/status", "not found")).toContain(
        "health, metrics, openapi.json, ready",
      );
    });

    it("which route is nearest to one that there is not", async () => {
      for (const [path, meant] of [
        ["/t/", "/t"],
        ["//t", "/t"],
        ["/t/sync/", "/t/sync"],
        ["/t/payload/0/", "/t/payload/0"],
        ["/t/payloads/7", "/t/payload/7"],
        ["/t/Scan", "/t/scan"],
        ["/t/sync/now", "/t/sync"],
      ] as const) {
        expect(await reasonOf("GET", path, "not found"), path).toContain(`did you mean ${meant}?`);
      }
      expect(await reasonOf("GET", "/t/consume", "not found")).toContain("ack, batch, check");
    });

    it("which verb is meant", async () => {
      const patch = await reasonOf("PATCH", "/t/ack", "method not allowed");
      expect(patch).toMatch(/^\/t\/ack does not take PATCH; it takes POST \(.+\)$/);
      for (const [method, path, meant] of [
        ["GET", "/t/payload", "GET /t/payload/<offset>"],
        ["PUT", "/t/payload/file", "POST /t/payload"],
        ["POST", "/", "POST /<name>"],
        ["GET", "/t/ack", "it takes POST"],
        ["DELETE", "/t/batch", "GET (many messages in one answer)"],
      ] as const) {
        expect(await reasonOf(method, path, "method not allowed"), path).toContain(meant);
      }
    });

    it("which Host or Origin is missing, and what allows it", async () => {
      const origin = "https://page.example";
      const page = await reasonOf("GET", "/", "forbidden", { headers: { origin } });
      expect(page).toContain(`"${origin}"`);
      expect(page).toContain("--cors-origin");
      const cross = await reasonOf("GET", "/", "forbidden", { headers: { "sec-fetch-site": "cross-site" } });
      expect(cross).toContain("--cors-origin");
      const host = await rawCall(use().url, "GET / HTTP/1.1\r\nHost: queue.example\r\n\r\n");
      expect(expectError(host, "forbidden")).toMatch(/"queue\.example".*--allowed-host/);
    });

    it("how to delete a topic that has scanners", async () => {
      const topic = await use().newTopic();
      await use().newScanner(topic);
      expect(await reasonOf("DELETE", `/${topic}`, "resource busy")).toContain(`/${topic}?force=true`);
    });

    it("how to make a scanner that is missing, or not named", async () => {
      const topic = await use().newTopic();
      const make = `POST /${topic}/scanner`;
      for (const query of ["", "?id="]) {
        const reason = await reasonOf("GET", `/${topic}/scan${query}`, "scanner not found");
        expect(reason).toContain("id is missing");
        expect(reason).toContain(make);
      }
      expect(await reasonOf("GET", `/${topic}/scan?id=w1`, "scanner not found")).toContain(`${make}?id=w1`);
      const stream = await reasonOf("GET", `/${topic}/stream?id=w1`, "scanner not found");
      expect(stream).toContain(`${make}?id=w1`);
      const deleted = await reasonOf("DELETE", `/${topic}/scanner?id=w1`, "scanner not found");
      expect(deleted).toContain(`GET /${topic}/scanner lists`);
    });

    it("which offsets there are", async () => {
      const topic = await use().newTopic(["a", "b"]);
      for (const path of ["payload/9", "batch?from=9", "stream?from=9"]) {
        const reason = await reasonOf("GET", `/${topic}/${path}`, "offset not found");
        expect(reason, path).toContain("first offset that is kept is 0, and 2 is the next");
      }
      const empty = await use().newTopic();
      expect(await reasonOf("GET", `/${empty}/payload/9`, "offset not found")).toContain("holds no message");
      await use().newScanner(topic, "0", "&id=w1&ack=explicit");
      const settled = await reasonOf("POST", `/${topic}/ack?id=w1&offset=1`, "offset not found");
      expect(settled).toContain("never gave out the message 1");
    });

    it("where a message goes that was posted as the settings of a topic", async () => {
      const topic = await use().newTopic();
      for (const body of ["hello, a secret", '"a secret"', "[1]", '{"user":1}']) {
        const reason = expectError(await use().post(`/${topic}`, body), "bad request");
        expect(reason, body).toContain(`POST /${topic}/payload takes a message`);
        expect(reason).not.toContain("secret");
      }
      const mistyped = expectError(await use().post(`/${topic}`, '{"segment_size":1}'), "bad request");
      expect(mistyped).not.toContain("payload");
    });
  });

  describe("a form, as curl -F sends it,", () => {
    const body = '--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nhello\r\n--x--\r\n';
    const headers = { "content-type": "multipart/form-data; boundary=x" };

    it.each(["/payload", "/batch", "/stream", "/batch?format=lines", "/stream?format=lines", ""])(
      "is refused with the flag that is meant: POST /:topic%s",
      async (path) => {
        const topic = await use().newTopic();
        const reply: Reply = await use().post(`/${topic}${path}`, body, { headers });
        expect(expectError(reply, "unsupported media type")).toContain("curl --data-binary @");
        expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
      },
    );
  });
}
