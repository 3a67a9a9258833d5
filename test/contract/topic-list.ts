/** Topics with their figures, a page at a time. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

interface Listed {
  readonly name: string;
  readonly [figure: string]: unknown;
}

interface Page {
  readonly count: number;
  readonly topics: readonly Listed[];
  readonly next?: string;
}

/** What they are sorted by, as the server itself describes it. */
async function sorts(use: UseApi): Promise<string[]> {
  const { paths } = (await use().get("/-/openapi.json")).json as {
    paths: Record<string, { get: { parameters: { name: string; schema: { enum: string[] } }[] } }>;
  };
  const sort = paths["/-/topics"]!.get.parameters.find(({ name }) => name === "sort");
  return sort!.schema.enum;
}

export function topicListContract(use: UseApi): void {
  const list = async (query: string): Promise<Page> => {
    const reply = await use().get(`/-/topics?${query}`);
    expect(reply.status, reply.text).toBe(200);
    return reply.json as Page;
  };
  /** All pages of two topics each, behind each other. */
  const walk = async (query: string): Promise<readonly Listed[]> => {
    const found: Listed[] = [];
    let after = "";
    for (;;) {
      const { topics, next } = await list(`${query}&limit=2&after=${encodeURIComponent(after)}`);
      found.push(...topics);
      if (next === undefined) return found;
      expect(topics).toHaveLength(2);
      after = next;
    }
  };
  /** Topics of one prefix, which no other test has, with so many messages each. */
  const make = async (counts: readonly number[]): Promise<string> => {
    const prefix = use().freshName();
    for (const [index, count] of counts.entries()) {
      const name = `${prefix}-${index}`;
      await use().post(`/${name}`);
      const lines = "x\n".repeat(count);
      if (count > 0) await use().post(`/${name}/batch?format=lines`, lines);
    }
    return prefix;
  };

  describe("GET /-/topics", () => {
    it("tells the figures of a topic", async () => {
      const topic = await use().newTopic(["a", "bcd"]);
      await use().post(`/${topic}/scanner?id=behind&from=0`);
      await use().post(`/${topic}/scanner?id=ahead&from=end`);
      await use().get(`/${topic}/payload/1`);
      await use().get(`/${topic}/stream?follow=0&format=lines`);
      const { count, topics, next } = await list(`prefix=${topic}`);
      expect([count, next]).toEqual([1, undefined]);
      const info = (await use().get(`/${topic}`)).json as { disk_size: number };
      const message = await use().get(`/${topic}/payload/1`);
      expect(topics).toEqual([
        {
          name: topic,
          messages: 2,
          disk_size: info.disk_size,
          messages_in: 2,
          bytes_in: 4,
          messages_out: 3,
          bytes_out: "bcd".length + "a\nbcd\n".length,
          newest: message.headers["x-timestamp"],
          scanners: 2,
          lag: 2,
        },
      ]);
    });

    it("tells nothing that is not there: no message, no scanner", async () => {
      const topic = await use().newTopic();
      const { topics } = await list(`prefix=${topic}`);
      expect(topics).toMatchObject([{ messages: 0, messages_in: 0, newest: null, scanners: 0, lag: null }]);
    });

    it("says that a topic is closed", async () => {
      const topic = await use().newTopic(["a"]);
      expect((await list(`prefix=${topic}`)).topics[0]).not.toHaveProperty("closed");
      await use().post(`/${topic}/close`);
      expect((await list(`prefix=${topic}`)).topics).toMatchObject([{ messages: 1, closed: true }]);
    });

    it("gives all pages in any order, each topic once", async () => {
      const counts = [3, 1, 4, 1, 5, 0, 2];
      const prefix = await make(counts);
      const names = counts.map((_, index) => `${prefix}-${index}`);
      for (const sort of await sorts(use)) {
        const found = await walk(`prefix=${prefix}&sort=${sort}`);
        expect(found.map(({ name }) => name).toSorted(), sort).toEqual(names);
      }
    });

    it("sorts by a figure, and by name where it is equal", async () => {
      const prefix = await make([3, 1, 4, 1]);
      const order = async (sort: string): Promise<string> => {
        const found = await walk(`prefix=${prefix}&sort=${sort}`);
        return found.map(({ name }) => name.slice(-1)).join("");
      };
      expect(await order("name")).toBe("0123");
      expect(await order("-name")).toBe("3210");
      expect(await order("messages")).toBe("1302");
      expect(await order("-messages")).toBe("2031");
      await use().post(`/${prefix}-3/scanner?from=0`);
      expect(await order("-lag")).toBe("3210");
      expect(await order("scanners")).toBe("0123");
    });

    it("goes on behind a topic that was deleted, or has other figures, meanwhile", async () => {
      const prefix = await make([1, 2, 3, 4]);
      const { next = "" } = await list(`prefix=${prefix}&sort=messages&limit=2`);
      await use().delete(`/${prefix}-1`);
      await use().publish(`${prefix}-0`, "x");
      const { topics } = await list(`prefix=${prefix}&sort=messages&after=${encodeURIComponent(next)}`);
      expect(topics.map(({ messages }) => messages)).toEqual([3, 4]);
    });

    it("counts those of all pages", async () => {
      const prefix = await make([0, 0, 0]);
      const { count, topics } = await list(`prefix=${prefix}&limit=1`);
      expect([count, topics.length]).toEqual([3, 1]);
      expect(await list(`prefix=${prefix}-none`)).toEqual({ count: 0, topics: [] });
    });

    it.each([
      ["sort=size", "sort"],
      ["sort=--name", "sort"],
      ["sort=messages&after=orders", "after"],
      ["limit=0", "limit"],
      ["limit=some", "limit"],
      ["prefix=a&prefix=b", "prefix"],
      ["filter=a", "filter"],
    ])("refuses %s", async (query, named) => {
      expect(expectError(await use().get(`/-/topics?${query}`), "bad request")).toContain(named);
    });

    it("takes a limit that is too high for the highest", async () => {
      expect((await list("limit=1000000")).topics.length).toBeLessThanOrEqual(500);
    });
  });
}
