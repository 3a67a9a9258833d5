/** A stretch of a topic, read page by page in both directions from a real server. */
import { describe, expect, it } from "vitest";
import {
  type MessageBatch,
  NetlogClientError,
  type ReadBatchOptions,
  type Topic,
} from "../../../../../lib/client/index.ts";
import { Pages } from "../../../../../server/console/app/feed/pages.ts";
import { parseFilter } from "../../../../../server/console/app/feed/text-filter.ts";
import { clientForTest } from "../../../../lib/client/client-fixture.ts";
import { messageOf } from "./message-for-test.ts";

function pagesOf(topic: Pick<Topic, "readBatch">, from: number, filter = ""): Pages {
  return new Pages({ topic, from, filter: parseFilter(filter), onChange: () => {} });
}

function offsets(pages: Pages): number[] {
  return pages.rows.map(({ offset }) => offset);
}

const range = (start: number, end: number): number[] =>
  Array.from({ length: end - start }, (_, i) => start + i);

describe("pages of a topic", () => {
  it("are read on to the end, and back to the beginning, each message once", async () => {
    const { topic } = await clientForTest();
    await topic.publishBatch(range(0, 1300).map((i) => `m${i}`));
    const pages = pagesOf(topic, 700);
    await pages.newer();
    expect([pages.first, pages.next, pages.isAtEnd]).toEqual([700, 1200, false]);
    await pages.newer();
    await pages.newer();
    expect(pages.isAtEnd).toBe(true);
    await pages.older();
    expect([pages.first, pages.moved, pages.isAtFirst]).toEqual([200, 500, false]);
    await pages.older();
    expect(offsets(pages)).toEqual(range(0, 1300));
    expect(pages.isAtFirst).toBe(true);
  });

  it("go on when messages have come behind the end", async () => {
    const { topic } = await clientForTest();
    const pages = pagesOf(topic, 0);
    await pages.newer();
    expect([pages.rows, pages.isAtEnd]).toEqual([[], true]);
    await topic.publish("one");
    await pages.newer();
    expect(offsets(pages)).toEqual([0]);
    await topic.close();
    await pages.newer();
    expect([pages.isAtEnd, pages.isClosed]).toEqual([true, true]);
  });

  it("search on until something matches, or far enough", async () => {
    const { topic } = await clientForTest();
    await topic.publishBatch(range(0, 3000).map((i) => (i === 2400 ? "needle" : "hay")));
    const pages = pagesOf(topic, 0, "needle");
    await pages.newer();
    expect(offsets(pages)).toEqual([2400]);
    const back = pagesOf(topic, 3000, "needle");
    await back.older();
    expect(offsets(back)).toEqual([2400]);
    await back.older();
    expect([offsets(back), back.isAtFirst]).toEqual([[2400], true]);
  });

  it("of a key hold its messages alone, in both directions", async () => {
    const { topic } = await clientForTest();
    await topic.publishBatch(range(0, 60).map((i) => ({ payload: `m${i}`, key: `k${i % 3}` })));
    const pages = pagesOf(topic, 30, "key:k1");
    await pages.newer();
    await pages.older();
    expect(offsets(pages)).toEqual(range(0, 60).filter((i) => i % 3 === 1));
  });

  it("hold large messages in small pages", async () => {
    const { topic } = await clientForTest();
    for (let i = 0; i < 12; i++) await topic.publish("x".repeat(1024 * 1024));
    const pages = pagesOf(topic, 8);
    await pages.newer();
    const asked: unknown[] = [];
    const readBatch = (options?: ReadBatchOptions): Promise<MessageBatch> => {
      asked.push(options);
      return topic.readBatch(options);
    };
    const again = pagesOf({ readBatch }, 8);
    await again.newer();
    await again.older();
    expect(again.first).toBe(8 - 3);
    expect(asked).toHaveLength(2);
  });

  it("say what retention dropped and what is damaged, and go on behind it", async () => {
    const { topic } = await clientForTest();
    await topic.publishBatch(range(0, 20).map(String));
    const failing: Pick<Topic, "readBatch"> = {
      readBatch: async (options = {}) => {
        const from = Number(options.from);
        if (from < 5) throw new NetlogClientError("offset_not_found", "", { firstOffset: 5 });
        if (from === 5) throw new NetlogClientError("checksum_error", "", { offset: 5, nextOffset: 8 });
        return await topic.readBatch(options);
      },
    };
    const pages = pagesOf(failing, 2);
    await pages.newer();
    await pages.newer();
    await pages.newer();
    expect(pages.rows.slice(0, 3)).toMatchObject([
      { kind: "skipped", offset: 2, count: 3 },
      { kind: "damaged", offset: 5, count: 3 },
      { kind: "message", offset: 8 },
    ]);
    expect(pages.isAtFirst).toBe(true);
  });

  it("keep ten thousand rows, and read again what went", async () => {
    const topic: Pick<Topic, "readBatch"> = {
      readBatch: async ({ from = 0, max = 1 } = {}) => ({
        messages: range(Number(from), Number(from) + max).map((offset) => messageOf(offset)),
        nextOffset: Number(from) + max,
        isClosed: false,
      }),
    };
    const pages = pagesOf(topic, 1000);
    for (let i = 0; i < 25; i++) await pages.newer();
    expect([pages.rows.length, pages.first, pages.next]).toEqual([10_000, 3500, 13_500]);
    await pages.older();
    expect([pages.rows.length, pages.first, pages.next]).toEqual([10_000, 3000, 13_000]);
    expect(offsets(pages)).toEqual(range(3000, 13_000));
  });

  it("keep the rows and say why, when a page does not come", async () => {
    const { topic, client } = await clientForTest({ retry: false });
    await topic.publish("one");
    const pages = pagesOf(topic, 0);
    await pages.newer();
    await client.topic("demo").delete();
    await pages.newer();
    expect(pages.error).toMatchObject({ code: "topic_not_found" });
    expect(offsets(pages)).toEqual([0]);
    expect(pages.busy).toBe(undefined);
  });
});
