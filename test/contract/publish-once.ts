/** Publishing once: `Idempotency-Key`, and producers that number what they publish. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Reply } from "./api.ts";
import type { UseApi } from "./contract.ts";
import { type ErrorText, expectError } from "./expect-error.ts";

const MAX = Number.MAX_SAFE_INTEGER;

export function publishOnceContract(use: UseApi): void {
  const publish = (
    topic: string,
    body: string | Buffer,
    headers: Record<string, string>,
    query = "",
  ): Promise<Reply> => use().post(`/${topic}/payload${query}`, body, { headers });
  const payloadsOf = async (topic: string): Promise<string[]> =>
    ((await use().get(`/${topic}/batch?format=json`)).status === 204
      ? []
      : ((await use().get(`/${topic}/batch?format=json`)).json as { payload: string }[])
    ).map(({ payload }) => payload);
  const expectStored = (reply: Reply, offset: number, isDuplicate: boolean): void => {
    expect(reply.status, reply.text).toBe(201);
    expect(reply.headers["x-offset"]).toBe(String(offset));
    expect(reply.headers["x-duplicate"]).toBe(isDuplicate ? "true" : undefined);
  };

  describe("Idempotency-Key", () => {
    it("stores a payload once, and answers the second time as the first", async () => {
      const topic = await use().newTopic(["before"]);
      const headers = { "idempotency-key": "a" };
      const first = await publish(topic, "m", headers);
      expectStored(first, 1, false);
      await use().publish(topic, "between");
      const second = await publish(topic, "m", headers);
      expectStored(second, 1, true);
      expect(second.text).toBe(first.text);
      expect(second.headers["x-durability"]).toBe(first.headers["x-durability"]);
      expect(await payloadsOf(topic)).toEqual(["before", "m", "between"]);
    });

    it.each([
      ["lines", "a\nb\n"],
      ["ndjson", "1\n2\n"],
      ["json", '["a","b"]'],
    ])("stores a batch once: %s", async (format, body) => {
      const topic = await use().newTopic();
      const send = (): Promise<Reply> =>
        use().post(`/${topic}/batch?format=${format}`, body, { headers: { "idempotency-key": "a" } });
      const [first, second] = [await send(), await send()];
      expectStored(first, 0, false);
      expectStored(second, 0, true);
      expect(first.json).toEqual({ ok: true, offset: 0, count: 2 });
      expect(second.text).toBe(first.text);
      expect(second.headers["x-count"]).toBe("2");
      expect(await payloadsOf(topic)).toHaveLength(2);
    });

    it("is the same with quotes and without", async () => {
      const topic = await use().newTopic();
      expectStored(await publish(topic, "m", { "idempotency-key": '"abc"' }), 0, false);
      expectStored(await publish(topic, "m", { "idempotency-key": "abc" }), 0, true);
    });

    it("is the same whatever headers come with it, and however the body is packed", async () => {
      const topic = await use().newTopic();
      const key = { "idempotency-key": "a" };
      expectStored(await publish(topic, "m", { ...key, "x-meta-try": "1", traceparent: "x" }), 0, false);
      expectStored(await publish(topic, "m", { ...key, "x-meta-try": "2" }), 0, true);
      const packed = { ...key, "content-encoding": "gzip" };
      expectStored(await publish(topic, gzipSync("m"), packed), 0, true);
      expectStored(await publish(topic, "m", key, "?durability=written"), 0, true);
    });

    it.each<[string, string, Record<string, string>, string]>([
      ["body", "other", {}, ""],
      ["key of the message", "m", { "x-key": "k" }, ""],
      ["content type", "m", { "content-type": "text/plain" }, ""],
      ["end", "m", {}, "?close=true"],
    ])("refuses another %s", async (_what, body, headers, query) => {
      const topic = await use().newTopic();
      const key = { "idempotency-key": "a" };
      expectStored(await publish(topic, "m", key), 0, false);
      expectError(await publish(topic, body, { ...key, ...headers }, query), "idempotency mismatch");
      expect(await payloadsOf(topic)).toEqual(["m"]);
      expectStored(await publish(topic, "m", key), 0, true);
    });

    it("refuses the same bytes in another format", async () => {
      const topic = await use().newTopic();
      const headers = { "idempotency-key": "a" };
      await publish(topic, "m", headers);
      for (const format of ["lines", "ndjson"]) {
        const reply = await use().post(`/${topic}/batch?format=${format}`, "m", { headers });
        expectError(reply, "idempotency mismatch");
      }
    });

    it("is each topic's own", async () => {
      const [one, other] = [await use().newTopic(), await use().newTopic()];
      expectStored(await publish(one, "m", { "idempotency-key": "a" }), 0, false);
      expectStored(await publish(other, "x", { "idempotency-key": "a" }), 0, false);
    });

    it("lets those that come meanwhile wait for the first", async () => {
      const topic = await use().newTopic();
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => publish(topic, "m", { "idempotency-key": "a" })),
      );
      expect(replies.map(({ status }) => status)).toEqual(Array<number>(20).fill(201));
      expect(new Set(replies.map(({ headers }) => headers["x-offset"]))).toEqual(new Set(["0"]));
      expect(replies.filter(({ headers }) => headers["x-duplicate"] === undefined)).toHaveLength(1);
      expect(await payloadsOf(topic)).toEqual(["m"]);
    });

    it("tries the second where the first failed", async () => {
      const topic = await use().newTopic();
      const headers = { "idempotency-key": "a" };
      expectError(await publish(topic, "m", { ...headers, "x-expected-offset": "5" }), "offset mismatch");
      expectStored(await publish(topic, "other", headers), 0, false);
    });

    it.each([
      ["empty", ""],
      ["empty in quotes", '""'],
      ["of 256 characters", "k".repeat(256)],
      ["with a space", "a b"],
      ["not ASCII", "\u00e9"],
    ])("is refused where it is %s, and nothing is stored", async (_what, key) => {
      const topic = await use().newTopic();
      expectError(await publish(topic, "m", { "idempotency-key": key }), "bad request");
      expect(await payloadsOf(topic)).toEqual([]);
    });

    it("has up to 255 characters", async () => {
      const topic = await use().newTopic();
      const headers = { "idempotency-key": "k".repeat(255) };
      expectStored(await publish(topic, "m", headers), 0, false);
      expectStored(await publish(topic, "m", headers), 0, true);
    });

    it("is refused on a stream in, and so are producers and conditions", async () => {
      const topic = await use().newTopic();
      for (const name of [
        "Idempotency-Key",
        "Producer-Id",
        "Producer-Epoch",
        "Producer-Seq",
        "X-Expected-Offset",
      ]) {
        const reply = await use().post(`/${topic}/stream`, "a\n", { headers: { [name]: "0" } });
        expect(expectError(reply, "bad request")).toContain(name);
      }
      expect(await payloadsOf(topic)).toEqual([]);
    });
  });

  describe("a producer", () => {
    const from = (epoch: number, seq: number, id = "p"): Record<string, string> => ({
      "producer-id": id,
      "producer-epoch": String(epoch),
      "producer-seq": String(seq),
    });

    it("numbers what it publishes, and what it sends again is answered as the first time", async () => {
      const topic = await use().newTopic(["before"]);
      expectStored(await publish(topic, "a", from(0, 0)), 1, false);
      expectStored(await publish(topic, "b", from(0, 1)), 2, false);
      expectStored(await publish(topic, "b", from(0, 1)), 2, true);
      expectStored(await publish(topic, "a", from(0, 0, "other")), 3, false);
      expect(await payloadsOf(topic)).toEqual(["before", "a", "b", "a"]);
    });

    it("has one number for a batch", async () => {
      const topic = await use().newTopic();
      const send = (seq: number): Promise<Reply> =>
        use().post(`/${topic}/batch?format=lines`, "a\nb\n", { headers: from(0, seq) });
      expectStored(await send(0), 0, false);
      expectStored(await send(1), 2, false);
      const again = await send(1);
      expectStored(again, 2, true);
      expect(again.json).toEqual({ ok: true, offset: 2, count: 2 });
    });

    it("leaves no gap", async () => {
      const topic = await use().newTopic();
      await publish(topic, "a", from(0, 0));
      const reply = await publish(topic, "c", from(0, 2));
      expectError(reply, "producer gap");
      expect(reply.headers).toMatchObject({ "producer-expected-seq": "1", "producer-received-seq": "2" });
      expect(await payloadsOf(topic)).toEqual(["a"]);
      expectStored(await publish(topic, "b", from(0, 1)), 1, false);
    });

    it("is shut out by a higher epoch, which begins at 0", async () => {
      const topic = await use().newTopic();
      await publish(topic, "a", from(3, 0));
      expectError(await publish(topic, "x", from(4, 1)), "bad request");
      expectStored(await publish(topic, "b", from(4, 0)), 1, false);
      const fenced = await publish(topic, "x", from(3, 1));
      expectError(fenced, "producer fenced");
      expect(fenced.headers["producer-epoch"]).toBe("4");
      expect(await payloadsOf(topic)).toEqual(["a", "b"]);
    });

    it("is known by none of its numbers before its first", async () => {
      const topic = await use().newTopic();
      const reply = await publish(topic, "a", from(0, 1));
      expect(reply.status, reply.text).toBeGreaterThanOrEqual(400);
      expect(await payloadsOf(topic)).toEqual([]);
    });

    it("may send several at once, in their order", async () => {
      const topic = await use().newTopic();
      const replies = await Promise.all(Array.from({ length: 10 }, () => publish(topic, "a", from(0, 0))));
      expect(new Set(replies.map(({ headers }) => headers["x-offset"]))).toEqual(new Set(["0"]));
      expect(await payloadsOf(topic)).toEqual(["a"]);
    });

    it.each<[string, Record<string, string>]>([
      ["an id alone", { "producer-id": "p" }],
      ["no id", { "producer-epoch": "0", "producer-seq": "0" }],
      ["no epoch", { "producer-id": "p", "producer-seq": "0" }],
      ["no number", { "producer-id": "p", "producer-epoch": "0" }],
      ["an empty id", { ...from(0, 0), "producer-id": "" }],
      ["an id of 256 characters", { ...from(0, 0), "producer-id": "p".repeat(256) }],
      ["an id that is not ASCII", { ...from(0, 0), "producer-id": "\u00e9" }],
      ["a negative epoch", { ...from(0, 0), "producer-epoch": "-1" }],
      ["a number that is none", { ...from(0, 0), "producer-seq": "x" }],
      ["a fraction", { ...from(0, 0), "producer-seq": "0.5" }],
      ["an empty number", { ...from(0, 0), "producer-seq": "" }],
      ["a number beyond 2^53-1", { ...from(0, 0), "producer-epoch": "9007199254740992" }],
    ])("is refused with %s, and nothing is stored", async (_what, headers) => {
      const topic = await use().newTopic();
      expectError(await publish(topic, "m", headers), "bad request");
      expect(await payloadsOf(topic)).toEqual([]);
    });

    it("has epochs up to 2^53-1", async () => {
      const topic = await use().newTopic();
      expectStored(await publish(topic, "a", from(MAX, 0)), 0, false);
      expectStored(await publish(topic, "a", from(MAX, 0)), 0, true);
    });
  });

  it.each<[string, ErrorText, Record<string, string>]>([
    ["the key", "idempotency mismatch", { "idempotency-key": "a", "x-expected-offset": "9" }],
    ["the producer", "offset mismatch", { "x-expected-offset": "9" }],
  ])("looks at %s before the condition", async (_what, error, headers) => {
    const topic = await use().newTopic();
    await publish(topic, "m", { "idempotency-key": "a" });
    expectError(await publish(topic, "other", headers), error);
  });
}
