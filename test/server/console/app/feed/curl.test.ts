/** The lines that the page copies do what they say when a POSIX shell runs them. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { curlToPublish, curlToRead, quoted } from "../../../../../server/console/app/feed/curl.ts";
import { clientForTest } from "../../../../lib/client/client-fixture.ts";

const run = async (line: string): Promise<string> => {
  const { stdout } = await promisify(execFile)("/bin/sh", ["-c", line], { encoding: "utf8" });
  return stdout;
};

describe("quotes", () => {
  it.each(["plain", "", "it's", '$(touch /tmp/x) `id` \\ " !', "two\nlines", "-n", "ü *"])(
    "keep %j as it is",
    async (word) => {
      expect(await run(`printf %s ${quoted(word)}`)).toBe(word);
    },
  );
});

describe("a copied line", () => {
  it("names the token by a variable, and never holds it", () => {
    const line = curlToRead({ url: "http://localhost:7200", hasToken: true }, "orders", 7);
    expect(line).toBe(
      'curl -sS -H "Authorization: Bearer $NETLOG_TOKEN" http://localhost:7200/orders/payload/7',
    );
  });

  it.each([
    ["text with 'quotes', $dollars and\ntwo lines", {}],
    ["@not-a-file", { key: "größe 7%", contentType: "text/html", headers: { "x-meta-a": "it's" } }],
    ["with a CR\r and a tab\t", {}],
    [Uint8Array.of(0, 255, 37, 92, 39, 10, 13, 0x41), { contentType: "image/png" }],
  ])("publishes %j once more, with all that it has", async (payload, fields) => {
    const { server, topic } = await clientForTest();
    await topic.publish(payload, fields);
    const message = await topic.read(0);
    const where = { url: server.url, hasToken: false };
    await run(curlToPublish(where, "demo", message));
    const again = await topic.read(1);
    expect(Buffer.from(again.payload)).toEqual(Buffer.from(message.payload));
    expect([again.key, again.contentType, again.headers]).toEqual([
      message.key,
      message.contentType,
      message.headers,
    ]);
    expect(await run(`${curlToRead(where, "demo", 1)} | od -An -tx1 | tr -d ' \\n'`)).toBe(
      Buffer.from(message.payload).toString("hex"),
    );
  });

  it("takes a long payload from the file that the page downloads", () => {
    const message = {
      offset: 9,
      payload: new Uint8Array(100_000),
      key: undefined,
      contentType: undefined,
      headers: {},
    };
    expect(curlToPublish({ url: "http://h", hasToken: false }, "t", message)).toBe(
      "curl -sS -X POST -H 'Content-Type: application/octet-stream' --data-binary @message-9.bin http://h/t/payload",
    );
  });
});
