/** Reading by key: `key=` on batch, stream and the scanner's creation. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { LiveStream } from "./live-stream.ts";

const MIB = 1024 * 1024;

export function readByKeyContract(use: UseApi): void {
  const publish = async (topic: string, payload: string | Buffer, key?: string): Promise<void> => {
    const query = key === undefined ? "" : `?key=${encodeURIComponent(key)}`;
    const reply = await use().post(`/${topic}/payload${query}`, payload);
    expect(reply.status, reply.text).toBe(201);
  };
  /** m0 … m5 with the keys a, b, none, a, ü, b. */
  const keyedTopic = async (): Promise<string> => {
    const topic = await use().newTopic();
    for (const [i, key] of ["a", "b", undefined, "a", "ü", "b"].entries()) await publish(topic, `m${i}`, key);
    return topic;
  };
  const offsetsIn = (ndjson: string): number[] =>
    ndjson
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => (JSON.parse(line) as { offset: number }).offset);

  describe("a batch by key", () => {
    it("has the messages of any of the keys, and says where it goes on", async () => {
      const topic = await keyedTopic();
      for (const [query, offsets, next] of [
        ["key=a", [0, 3], 6],
        ["key=%C3%BC&key=b", [1, 4, 5], 6],
        ["key=a&key=a", [0, 3], 6],
        ["key=a&from=1", [3], 6],
        ["key=b&max=1", [1], 2],
        ["key=b&from=2&max=1", [5], 6],
      ] as const) {
        const reply = await use().get(`/${topic}/batch?${query}`);
        expect(offsetsIn(reply.text), query).toEqual(offsets);
        expect(reply.headers).toMatchObject({
          "x-offset": String(offsets[0]),
          "x-next-offset": String(next),
          "x-count": String(offsets.length),
        });
        expect(reply.headers["x-more"]).toBeUndefined();
      }
      expect((await use().get(`/${topic}/batch?key=b&format=lines`)).text).toBe("m1\nm5\n");
    });

    it("is empty where none has it, and goes on behind what was looked at", async () => {
      const topic = await keyedTopic();
      const reply = await use().get(`/${topic}/batch?key=c`);
      expect([reply.status, reply.text]).toEqual([204, ""]);
      expect(reply.headers["x-next-offset"]).toBe("6");
      expect(reply.headers["x-more"]).toBeUndefined();
    });

    it("waits for a message that has one, past others", async () => {
      const topic = await keyedTopic();
      const waiting = use().get(`/${topic}/batch?key=c&from=end&wait=30s`);
      await publish(topic, "other", "a");
      await publish(topic, "more");
      await publish(topic, "meant", "c");
      const reply = await waiting;
      expect(reply.status).toBe(200);
      expect(reply.headers).toMatchObject({ "x-offset": "8", "x-next-offset": "9", "x-count": "1" });
    });

    it("has one time for all its waits", async () => {
      const topic = await keyedTopic();
      const waiting = use().get(`/${topic}/batch?key=c&from=end&wait=200ms`);
      await publish(topic, "other", "a");
      const reply = await waiting;
      expect(reply.status).toBe(204);
      expect(["6", "7"]).toContain(reply.headers["x-next-offset"]);
    });

    it("ends where it has looked at 16 MiB, and says that this is not the end", async () => {
      const topic = await use().newTopic();
      for (let i = 0; i < 3; i++) await publish(topic, Buffer.alloc(8 * MIB, "x"));
      await publish(topic, "meant", "k");
      const first = await use().get(`/${topic}/batch?key=k&wait=30s`);
      expect(first.status).toBe(204);
      expect(first.headers).toMatchObject({ "x-next-offset": "2", "x-more": "true" });
      const second = await use().get(`/${topic}/batch?key=k&from=2`);
      expect(offsetsIn(second.text)).toEqual([3]);
    });

    it("has no frames", async () => {
      const topic = await keyedTopic();
      expectError(await use().get(`/${topic}/batch?key=a&format=frames`), "not acceptable");
      const accept = "application/vnd.netlog.frames";
      expectError(await use().get(`/${topic}/batch?key=a`, { headers: { accept } }), "not acceptable");
      expectError(await use().get(`/${topic}/stream?key=a&format=frames`), "not acceptable");
    });
  });

  describe("a stream by key", () => {
    it("gives what is there, and what comes", async () => {
      const topic = await keyedTopic();
      expect((await use().get(`/${topic}/stream?key=a&follow=0&format=lines`)).text).toBe("m0\nm3\n");
      expect((await use().get(`/${topic}/stream?key=c&follow=0`)).text).toBe("");
      const stream = await LiveStream.open(`${use().url}/${topic}/stream?key=b&key=c&from=2&format=lines`);
      await stream.comes("m5\n");
      await publish(topic, "other", "a");
      await publish(topic, "new", "c");
      await stream.comes("new\n");
    });

    it("begins at once, however far its first message is", async () => {
      const topic = await use().newTopic();
      for (let i = 0; i < 3; i++) await publish(topic, Buffer.alloc(8 * MIB, "x"));
      await publish(topic, "meant", "k");
      const stream = await LiveStream.open(`${use().url}/${topic}/stream?key=k&from=0&format=lines`);
      await stream.comes("meant\n");
      expect((await use().get(`/${topic}/stream?key=k&follow=0&format=lines`)).text).toBe("meant\n");
    });

    it("takes no key where a scanner has its own", async () => {
      const topic = await keyedTopic();
      const id = await use().newScanner(topic, "0", "&key=b");
      expectError(await use().get(`/${topic}/stream?id=${id}&key=a`), "bad request");
      expect((await use().get(`/${topic}/stream?id=${id}&follow=0&format=lines`)).text).toBe("m1\nm5\n");
    });
  });

  describe("a scanner by key", () => {
    it("gives the messages of its keys, and passes over the others", async () => {
      const topic = await keyedTopic();
      const id = await use().newScanner(topic, "0", "&key=b&key=%C3%BC");
      expect((await use().scan(topic, id)).text).toBe("m1");
      expect(offsetsIn((await use().get(`/${topic}/scan?id=${id}&max=9`)).text)).toEqual([4, 5]);
      expectError(await use().scan(topic, id), "end of topic");
      const waiting = use().scan(topic, id, "30s");
      await publish(topic, "other", "a");
      await publish(topic, "meant", "b");
      expect((await waiting).text).toBe("meant");
    });

    it("counts offsets as its lag, and what it passes over neither as pending nor as skipped", async () => {
      const topic = await keyedTopic();
      const id = await use().newScanner(topic, "0", "&key=%C3%BC&ack=explicit");
      expect((await use().scan(topic, id)).text).toBe("m4");
      const { json } = await use().get(`/${topic}/scanner?id=${id}`);
      expect(json).toMatchObject({ pending: 1, skipped: 0, settings: { key: ["ü"] } });
    });

    it("ends a scan that has looked at 16 MiB, and goes on from there", async () => {
      const topic = await use().newTopic();
      for (let i = 0; i < 3; i++) await publish(topic, Buffer.alloc(8 * MIB, "x"));
      await publish(topic, "meant", "k");
      const id = await use().newScanner(topic, "0", "&key=k");
      const first = await use().scan(topic, id, "30s");
      expectError(first, "end of topic");
      expect(first.headers).toMatchObject({ "x-more": "true", "x-next-offset": "2" });
      expect((await use().scan(topic, id)).text).toBe("meant");
    });

    it("is another one with other keys, in any order the same", async () => {
      const topic = await use().newTopic();
      const make = (query: string): ReturnType<ReturnType<UseApi>["post"]> =>
        use().post(`/${topic}/scanner?id=s${query}`);
      expect((await make("&key=a&key=b")).status).toBe(201);
      expect((await make("&key=b&key=a")).status).toBe(200);
      expect((await make("")).status).toBe(200);
      expectError(await make("&key=a"), "scanner exists");
      expect((await use().post(`/${topic}/scanner?id=plain`)).status).toBe(201);
      expectError(await use().post(`/${topic}/scanner?id=plain&key=a`), "scanner exists");
    });
  });

  it.each([
    ["an empty one", "key="],
    ["1,025 bytes", `key=${"k".repeat(1025)}`],
    ["broken encoding", "key=%zz"],
    ["no UTF-8", "key=%ff"],
    ["65 of them", Array.from({ length: 65 }, (_, i) => `key=${i}`).join("&")],
    ["another parameter twice", "key=a&key=b&from=0&from=0"],
  ])("keys to read by are refused: %s", async (_what, query) => {
    const topic = await use().newTopic(["a"]);
    expectError(await use().get(`/${topic}/batch?${query}`), "bad request");
    expectError(await use().get(`/${topic}/stream?follow=0&${query}`), "bad request");
    expectError(await use().post(`/${topic}/scanner?${query}`), "bad request");
  });

  it("keys to read by are up to 64", async () => {
    const topic = await keyedTopic();
    const query = ["a", ...Array.from({ length: 63 }, (_, i) => String(i))]
      .map((key) => `key=${key}`)
      .join("&");
    expect(offsetsIn((await use().get(`/${topic}/batch?${query}`)).text)).toEqual([0, 3]);
  });
}
