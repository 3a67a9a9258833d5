import { expect, test } from "vitest";
import { clientForTest } from "./client-fixture.ts";

/** Numbers, one at a time, each in a turn of the event loop of its own. */
async function* numbers(count: number): AsyncGenerator<string> {
  for (let i = 0; i < count; i++) {
    await new Promise(setImmediate);
    yield String(i);
  }
}

test("a batch is filled where that is asked for, however slowly messages come", async () => {
  const { topic } = await clientForTest();
  const counts: number[] = [];
  const onProgress = ({ count }: { count: number }): void => void counts.push(count);
  await topic.publishAll(numbers(25), { fill: true, batchMessages: 10, onProgress });
  expect(counts).toEqual([10, 20, 25]);
  const { messages } = await topic.readBatch();
  expect(messages.map((message) => message.text())).toEqual(Array.from({ length: 25 }, (_, i) => String(i)));
});

test("what came before a failure of the source is sent, though its batch is not full", async () => {
  const { topic } = await clientForTest();
  async function* failing(): AsyncGenerator<string> {
    yield* numbers(3);
    throw new Error("no more");
  }
  await expect(topic.publishAll(failing(), { fill: true })).rejects.toThrow("no more");
  expect((await topic.info()).latest_offset).toBe(2);
});
