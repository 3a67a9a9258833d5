/**
 * The first failure answers, in this order: request syntax; route; method; Host, Origin; size of the body; topic;
 * scanner; parameters and body; offset; state. Each case has the failure that it names, and every one behind it.
 */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { RawConnection } from "./raw.ts";

const FOREIGN = { origin: "http://elsewhere.example" };
const TOO_LARGE = 17 * 1024 * 1024;

export function orderContract(use: UseApi): void {
  describe("the first failure answers:", () => {
    it("a malformed path before a foreign origin", async () => {
      expectError(await use().get("/%zz/nothing", { headers: FOREIGN }), "bad request");
    });

    it("an unknown route before a foreign origin", async () => {
      expectError(await use().get("/x/nothing", { headers: FOREIGN }), "not found");
    });

    it("a wrong method before a foreign origin", async () => {
      expectError(await use().call("PUT", "/x/sync", { headers: FOREIGN }), "method not allowed");
    });

    it("a foreign origin before the size of the body", async () => {
      expectError(
        await withDeclaredBody("/nobody-made-this/payload", "Origin: http://elsewhere.example\r\n"),
        "forbidden",
      );
    });

    it("the size of the body before an unknown topic", async () => {
      expectError(await withDeclaredBody("/nobody-made-this/payload"), "payload too large");
      expectError(await withDeclaredBody("/.no-name"), "payload too large");
    });

    it("an unknown topic before scanner, parameters and body", async () => {
      for (const path of [
        "/scan?id=x&wait=zz",
        "/scan?id=x&id=x",
        "/payload/zz",
        "/check?from=zz&from=zz",
        "/sync?a=1&a=1",
      ]) {
        expectError(await use().get(`/nobody-made-this${path}`), "topic not found");
      }
      expectError(await use().post("/nobody-made-this/payload", ""), "topic not found");
      expectError(await use().post("/nobody-made-this/payload?durability=zz", "x"), "topic not found");
      expectError(await use().post("/nobody-made-this/scanner?from=zz&more=1"), "topic not found");
      expectError(await use().delete("/nobody-made-this/scanner"), "topic not found");
      expectError(await use().delete("/nobody-made-this?force=1&force=1"), "topic not found");
    });

    it("a name that is none before its settings", async () => {
      expectError(await use().post("/.no-name", "{"), "invalid topic name");
      expectError(await use().post("/-no-name", '{"segment_size":"x"}'), "invalid topic name");
    });

    it("an unknown scanner before the other parameters", async () => {
      const topic = await use().newTopic();
      expectError(await use().scan(topic, "nobody", "zz"), "scanner not found");
      expectError(await use().get(`/${topic}/scan?wait=zz`), "scanner not found");
      expectError(await use().get(`/${topic}/scan?id=x&wait=1s&wait=1s`), "scanner not found");
    });

    it("parameters before an offset that is not there", async () => {
      const topic = await use().newTopic();
      expectError(await use().post(`/${topic}/scanner?from=99&more=1`), "bad request");
      expectError(await use().post(`/${topic}/scanner?from=-1&persist=1&persist=1`), "bad request");
      expectError(await use().get(`/${topic}/payload/99?a=1&a=1`), "bad request");
    });

    it("parameters and body before the state", async () => {
      const topic = await use().newTopic();
      await use().newScanner(topic);
      expectError(await use().post(`/${topic}`, "{"), "bad request");
      expectError(await use().post(`/${topic}`, '{"compression_type":9}'), "invalid compression type");
      expectError(await use().post(`/${topic}`, "{}"), "topic exists");
      expectError(await use().delete(`/${topic}?force=0&force=0`), "bad request");
      expectError(await use().delete(`/${topic}`), "resource busy");
      expect((await use().get(`/${topic}`)).status).toBe(200);
    });
  });

  /** The answer to a POST that says how much it will send, and sends nothing of it. */
  async function withDeclaredBody(path: string, headers = ""): Promise<Parameters<typeof expectError>[0]> {
    const { url, host } = use();
    const connection = await RawConnection.open(url);
    connection.send(
      `POST ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}Content-Length: ${TOO_LARGE}\r\n\r\n`,
    );
    const reply = await connection.reply();
    connection.leave();
    return reply;
  }
}
