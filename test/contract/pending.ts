/** The messages of a scanner that are given out and not settled. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

export function pendingContract(use: UseApi): void {
  const pending = async (topic: string, query = ""): Promise<unknown> => {
    const reply = await use().get(`/${topic}/pending?id=w${query}`);
    expect(reply.status, reply.text).toBe(200);
    return reply.json;
  };
  const newWorker = async (payloads: readonly string[]): Promise<string> => {
    const topic = await use().newTopic(payloads);
    await use().newScanner(topic, "0", "&id=w&ack=explicit&ack_wait=1h");
    return topic;
  };

  describe("GET /:topic/pending", () => {
    it("tells of each message how often it was given out, and when it is due", async () => {
      const topic = await newWorker(["a", "b", "c", "d"]);
      expect(await pending(topic)).toEqual([]);
      const { headers } = await use().get(`/${topic}/scan?id=w&max=4`);
      expect(headers["x-count"]).toBe("4");
      await use().post(`/${topic}/ack?id=w&offset=0`);
      await use().post(`/${topic}/nack?id=w&offset=1`);
      await use().scan(topic, "w");
      await use().post(`/${topic}/nack?id=w&offset=2&delay=1day`);
      await use().post(`/${topic}/nack?id=w&offset=3`);
      const published = Date.parse((await use().get(`/${topic}/payload/3`)).headers["x-timestamp"] as string);
      const found = (await pending(topic)) as { due: string }[];
      expect(found).toEqual([
        { offset: 1, deliveries: 2, state: "leased", due: expect.any(String) },
        { offset: 2, deliveries: 1, state: "delayed", due: expect.any(String) },
        { offset: 3, deliveries: 1, state: "due", due: null },
      ]);
      const hoursLeft = found.map(({ due }) => Math.floor((Date.parse(due) - published) / 3_600_000));
      expect(hoursLeft.slice(0, 2)).toEqual([1, 24]);
    });

    it("gives them a list at a time, in the order of offsets", async () => {
      const topic = await newWorker(["a", "b", "c"]);
      await use().get(`/${topic}/scan?id=w&max=3`);
      const offsets = async (query: string): Promise<number[]> =>
        ((await pending(topic, query)) as { offset: number }[]).map(({ offset }) => offset);
      expect(await offsets("&limit=2")).toEqual([0, 1]);
      expect(await offsets("&limit=2&after=1")).toEqual([2]);
      expect(await offsets("&after=2")).toEqual([]);
    });

    it("is no use of the scanner, and changes nothing", async () => {
      const topic = await newWorker(["a"]);
      await use().scan(topic, "w");
      const before = (await use().get(`/${topic}/scanner?id=w`)).json as object;
      await pending(topic);
      const after = (await use().get(`/${topic}/scanner?id=w`)).json as object;
      expect({ ...after, oldest_pending: "" }).toEqual({ ...before, oldest_pending: "" });
    });

    it("refuses what its siblings refuse", async () => {
      const topic = await newWorker(["a"]);
      const plain = await use().newScanner(topic);
      expectError(await use().get(`/${topic}/pending`), "bad request");
      expectError(await use().get(`/${topic}/pending?id=none`), "scanner not found");
      expectError(await use().get(`/${use().freshName()}/pending?id=w`), "topic not found");
      expectError(await use().get(`/${topic}/pending?id=${plain}`), "scanner without ack");
      for (const query of ["after=-1", "after=x", "limit=0", "max=1"]) {
        expectError(await use().get(`/${topic}/pending?id=w&${query}`), "bad request");
      }
    });
  });
}
