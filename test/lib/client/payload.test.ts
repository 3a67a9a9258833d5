import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { Payload, Topic } from "../../../lib/client/index.ts";
import { clientForTest, textsOf } from "./client-fixture.ts";

/** What plain JavaScript hands over, where no compiler looks. */
const OTHERS: readonly (readonly [unknown, string])[] = [
  [{ order: 7 }, "Object"],
  [["one"], "Array"],
  [7, "Number"],
  [null, "Null"],
  [undefined, "Undefined"],
  [Promise.resolve("one"), "Promise"],
  [new Uint16Array(1), "Uint16Array"],
];

async function* later(payload: Payload): AsyncGenerator<Payload> {
  yield payload;
}

const WAYS: readonly (readonly [string, (topic: Topic, payload: Payload) => Promise<unknown>])[] = [
  ["publish", (topic, payload) => topic.publish(payload)],
  ["publishBatch", (topic, payload) => topic.publishBatch(["sound", payload])],
  ["publishAll of an array", (topic, payload) => topic.publishAll([payload])],
  ["publishAll of batches", (topic, payload) => topic.publishAll(later([payload] as unknown as Payload))],
];

describe.each(WAYS)("%s", (_name, publish) => {
  it.each(OTHERS)("refuses %o, and stores nothing", async (payload, kind) => {
    const { topic } = await clientForTest();
    await expect(publish(topic, payload as Payload)).rejects.toMatchObject({
      code: "invalid_argument",
      isUndone: true,
      message: expect.stringContaining(`given as ${kind}; JSON.stringify`),
    });
    expect((await topic.info()).latest_offset).toBe(-1);
  });

  it("takes bytes of another realm", async () => {
    const { topic } = await clientForTest();
    for (const made of ["Uint8Array.of(97)", "Uint8Array.of(97).buffer"]) {
      await publish(topic, runInNewContext(made) as Payload);
    }
    expect((await textsOf(topic.stream({ follow: false }))).filter((text) => text === "a")).toHaveLength(2);
  });
});

describe("calls that take many messages", () => {
  it.each([
    ["one", "one text"],
    [{ order: 7 }, "Object"],
    [undefined, "Undefined"],
  ])("refuse %o", async (payloads, given) => {
    const { topic } = await clientForTest();
    for (const call of ["publishBatch", "publishAll"] as const) {
      const message = `${call} takes many messages, such as an array of them, and was given ${given}`;
      await expect(topic[call](payloads as unknown as string[])).rejects.toMatchObject({
        code: "invalid_argument",
        message,
      });
    }
    const live = later("one") as unknown as string[];
    await expect(topic.publishBatch(live)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("take several at once of a source that gives them later", async () => {
    const { topic } = await clientForTest();
    async function* batches(): AsyncGenerator<Payload | Payload[]> {
      yield ["one", "two"];
      yield "three";
      yield [];
    }
    expect(await topic.publishAll(batches())).toMatchObject({ count: 3 });
    expect(await textsOf(topic.stream({ follow: false }))).toEqual(["one", "two", "three"]);
  });
});
