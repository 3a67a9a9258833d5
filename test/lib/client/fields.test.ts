import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Message } from "../../../lib/client/index.ts";
import { textsOf } from "./client-fixture.ts";
import { line, published, refused, Script, streaming } from "./scripted-fetch.ts";

const carried = ({ key, contentType, headers }: Message) => ({ key, contentType, headers });
const NOTHING = { key: undefined, contentType: undefined, headers: {} };

function answer(headers: Record<string, string>): Response {
  const payload = "one";
  return new Response(payload, {
    headers: {
      "X-Offset": "0",
      "X-Crc32": String(crc32(payload)),
      "Content-Type": "application/octet-stream",
      ...headers,
    },
  });
}

const FIELDS = {
  "X-Key": "gr%C3%BCn%2520",
  "Content-Type": "text/html; charset=utf-8",
  "X-Meta-Trace": "abc",
  "Ce-Id": "7",
  Traceparent: "00-1",
  "X-Timestamp": "2026-01-01T00:00:00.000Z",
};
const EXPECTED = {
  key: "grün%20",
  contentType: "text/html; charset=utf-8",
  headers: { "x-meta-trace": "abc", "ce-id": "7", traceparent: "00-1" },
};

describe("what a message carries", () => {
  it("goes out in headers of its publish", async () => {
    const script = new Script(published());
    await script
      .client()
      .topic("t")
      .publish("one", {
        key: "grün %",
        contentType: "application/json",
        headers: { "X-Meta-Trace": "a, b", "ce-id": "7" },
      });
    const { headers, target } = script.asked[0]!;
    expect(target).toBe("/t/payload");
    expect(Object.fromEntries(headers)).toEqual({
      "x-key": "gr%C3%BCn%20%25",
      "content-type": "application/json",
      "x-meta-trace": "a, b",
      "ce-id": "7",
    });
  });

  it.each([
    "application/octet-stream",
    "Application/Octet-Stream; x=1",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-8",
  ])("is nothing for %s, and for a publish without any", async (contentType) => {
    const script = new Script(published());
    const topic = script.client().topic("t");
    await topic.publish("one", { contentType, headers: {} });
    expect([...script.asked[0]!.headers]).toEqual([]);
    expect(script.asked[0]?.target).toBe("/t/payload");
  });

  it("comes in with read and with scan, the key decoded once", async () => {
    const script = new Script(answer(FIELDS), answer(FIELDS), answer({}));
    const topic = script.client().topic("t");
    expect(carried(await topic.read(0))).toEqual(EXPECTED);
    expect(carried((await topic.scanner("s").scan())!)).toEqual(EXPECTED);
    expect(carried(await topic.read(0))).toEqual(NOTHING);
  });

  it("comes in as NDJSON, beside messages that carry nothing", async () => {
    const fields = { key: "grün%20", content_type: EXPECTED.contentType, headers: EXPECTED.headers };
    const withFields = `${JSON.stringify({ ...JSON.parse(line(1)), ...fields })}\n`;
    const script = new Script(
      new Response(line(0) + withFields, { headers: { "X-Count": "2", "X-Next-Offset": "2" } }),
      new Response(line(0) + withFields),
      streaming("ends", line(0), withFields),
    );
    const topic = script.client().topic("t");
    const expected = [NOTHING, EXPECTED];
    expect((await topic.readBatch()).messages.map(carried)).toEqual(expected);
    expect((await topic.scanner("s").scanBatch()).map(carried)).toEqual(expected);
    const streamed: Message[] = [];
    for await (const message of topic.stream({ from: 0, follow: false })) streamed.push(message);
    expect(streamed.map(carried)).toEqual(expected);
  });
});

describe("the end of a closed topic", () => {
  const end = (): Response =>
    new Response(null, { status: 204, headers: { "X-Next-Offset": "1", "X-Closed": "true" } });

  it("ends a stream, which would follow for ever", async () => {
    const script = new Script(streaming("ends", `${line(0)}{"closed":true,"next":1}\n`));
    expect(await textsOf(script.client().topic("t").stream({ from: 0 }))).toEqual(["m0"]);
    expect(script.asked).toHaveLength(1);
  });

  it("ends lines of text, behind those that are there", async () => {
    const script = new Script(new Response("m0\n"), streaming("ends", '{"closed":true,"next":1}\n'));
    const lines: string[] = [];
    for await (const piece of script.client().topic("t").streamLines({ from: 0 })) {
      lines.push(Buffer.from(piece).toString());
    }
    expect(lines).toEqual(["m0\n"]);
  });

  it("ends a wait without end", async () => {
    const script = new Script(end());
    const batch = await script.client().topic("t").readBatch({ waitMs: Number.POSITIVE_INFINITY });
    expect(batch).toEqual({ messages: [], nextOffset: 1, isClosed: true });
    const closed = new Script(refused(404, "end_of_topic", { "X-Closed": "true" }));
    const scanner = closed.client().topic("t").scanner("s");
    expect(await scanner.scan({ waitMs: Number.POSITIVE_INFINITY })).toBeUndefined();
    expect(await textsOf(scanner.messages())).toEqual([]);
    expect(closed.asked).toHaveLength(2);
  });
});

describe("reading by key", () => {
  it("asks for each key, and looks on while there is more to look at", async () => {
    const more = { "X-Next-Offset": "500", "X-More": "true" };
    const script = new Script(
      new Response(null, { status: 204, headers: more }),
      new Response(line(700), { headers: { "X-Count": "1", "X-Next-Offset": "701" } }),
    );
    const { messages, nextOffset } = await script
      .client()
      .topic("t")
      .readBatch({ key: ["a&b", "ü"] });
    expect([messages.length, nextOffset]).toEqual([1, 701]);
    expect(script.asked.map(({ target }) => target)).toEqual([
      "/t/batch?from=first&key=a%26b&key=%C3%BC&format=ndjson",
      "/t/batch?from=500&key=a%26b&key=%C3%BC&format=ndjson",
    ]);
  });

  it("of a scanner looks on, too, and ends at the end", async () => {
    const script = new Script(
      refused(404, "end_of_topic", { "X-More": "true" }),
      refused(404, "end_of_topic", { "X-More": "true" }),
      refused(404, "end_of_topic"),
    );
    expect(await script.client().topic("t").scanner("s").scan()).toBeUndefined();
    expect(script.asked).toHaveLength(3);
  });

  it("as lines of text goes on behind the message, not behind the number of lines", async () => {
    const script = new Script(streaming("breaks", line(5)), streaming("stays", line(9)));
    const topic = script.client().topic("t");
    const lines: string[] = [];
    const read = async (): Promise<void> => {
      for await (const piece of topic.streamLines({ from: 0, key: "k", count: 2 })) {
        lines.push(Buffer.from(piece).toString());
      }
    };
    await script.settle(read());
    expect(lines).toEqual(["m5\n", "m9\n"]);
    expect(script.asked.map(({ target }) => target)).toEqual([
      "/t/stream?from=0&key=k&format=ndjson",
      "/t/stream?from=6&key=k&format=ndjson",
    ]);
  });
});
