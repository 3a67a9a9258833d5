/** Paths are taken as sent: cut at "/", each part decoded once, nothing resolved, nothing redirected. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { rawCall } from "./raw.ts";

export function pathContract(use: UseApi): void {
  describe("paths", () => {
    it("are percent-decoded part by part, literal parts too", async () => {
      const topic = await use().newTopic(["a"]);
      const encoded = Array.from(topic, (char) => `%${char.charCodeAt(0).toString(16)}`).join("");
      expect((await use().get(`/${encoded}/%70ayload/%30`)).text).toBe("a");
      expect((await use().get(`/${topic}/payload/%66irst`)).text).toBe("a");
      expect((await use().get(`/${topic}%3Fx=1`)).status).toBe(404);
    });

    it("are decoded once, not twice", async () => {
      const topic = await use().newTopic(["a"]);
      expectError(await use().get(`/${topic}/payload/%2530`), "invalid offset");
      expectError(await use().get(`/${topic}/%2570ayload/0`), "not found");
      expectError(await use().get(`/%25${topic}`), "topic not found");
    });

    it("keep a decoded slash within its part", async () => {
      const topic = await use().newTopic(["a"]);
      expectError(await use().get(`/${topic}%2Fpayload%2F0`), "topic not found");
      expectError(await use().get(`/${topic}%2Fsync`), "topic not found");
      expectError(await use().post(`/${topic}%2Fpayload`, "x"), "invalid topic name");
      expectError(await use().get(`/${topic}/payload/0%2F`), "invalid offset");
    });

    it.each(["%", "%2", "%zz", "%ff", "%c3%28", "%ed%a0%80"])(
      "with a malformed encoding are refused: %s",
      async (bad) => {
        const topic = await use().newTopic();
        for (const path of [
          `/${bad}`,
          `/${topic}${bad}/sync`,
          `/${topic}/payload/${bad}`,
          `/${topic}/${bad}`,
        ]) {
          expectError(await use().get(path), "bad request");
        }
      },
    );

    it("are not resolved", async () => {
      const topic = await use().newTopic(["a"]);
      const { url, host } = use();
      for (const path of [`/x/../${topic}`, `/./${topic}`, `/${topic}/../${topic}`, `/${topic}/./sync`]) {
        expectError(await rawCall(url, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`), "not found");
      }
      for (const path of ["/..", "/.", "/%2e%2e", "/%2E"]) {
        expectError(await rawCall(url, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`), "topic not found");
        expectError(
          await rawCall(url, `POST ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
          "invalid topic name",
        );
      }
      expectError(await rawCall(url, `GET //${topic} HTTP/1.1\r\nHost: ${host}\r\n\r\n`), "not found");
    });

    it("that try to climb out of the data folder reach nothing and make nothing", async () => {
      const { url, host } = use();
      const before = (await use().get("/")).text;
      for (const name of [
        "..%2f..%2fetc",
        "%2e%2e%2fx",
        "..%5cx",
        "x%00y",
        ".lock",
        ".creating-x",
        "a%2fb",
      ]) {
        const request = `${name} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
        expectError(await rawCall(url, `POST /${request}`), "invalid topic name");
        expectError(await rawCall(url, `GET /${request}`), "topic not found");
        expectError(await rawCall(url, `DELETE /${request}`), "topic not found");
      }
      expect((await use().get("/")).text).toBe(before);
    });

    it("come as absolute URLs as well", async () => {
      const topic = await use().newTopic(["a"]);
      const { url, host } = use();
      const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
      expect(await rawCall(url, get(`http://${host}/${topic}/payload/0`))).toMatchObject({
        status: 200,
        text: "a",
      });
      expect(await rawCall(url, get(`http://${host}`))).toMatchObject({ status: 200 });
      expect(await rawCall(url, get(`http://${host}/${topic}/payload/last?x=1`))).toMatchObject({
        text: "a",
      });
      expectError(await rawCall(url, get(`http://${host}/x/../${topic}`)), "not found");
    });

    it("stand alone: a target that is no path is refused", async () => {
      const { url, host } = use();
      expectError(await rawCall(url, `GET * HTTP/1.1\r\nHost: ${host}\r\n\r\n`), "bad request");
      expectError(await rawCall(url, `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`), "bad request");
    });

    it("may be an asterisk for OPTIONS, which speaks for all of them", async () => {
      const { url, host } = use();
      const reply = await rawCall(url, `OPTIONS * HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      expect(reply.status).toBe(204);
      expect(reply.headers.allow?.split(", ")).toEqual(
        expect.arrayContaining(["GET", "HEAD", "POST", "DELETE", "OPTIONS"]),
      );
    });
  });
}
