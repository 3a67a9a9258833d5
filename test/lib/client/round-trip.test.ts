import fc from "fast-check";
import { expect, it } from "vitest";
import type { Message } from "../../../lib/client/index.ts";
import { clientForTest } from "./client-fixture.ts";
import "../../support/fixed-seed.ts";

const payload = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 200 }),
  fc.string({ unit: "grapheme", minLength: 1 }).map((text) => new TextEncoder().encode(text)),
);

it("gives back every payload as it was, whichever way it went in and out", async () => {
  const { client } = await clientForTest();
  let topics = 0;
  const bytes = (messages: Iterable<Message>): number[][] =>
    Array.from(messages, (message) => [...message.payload]);
  const property = fc.asyncProperty(
    fc.array(payload, { minLength: 1, maxLength: 20 }),
    fc.constantFrom("one", "none", "gzip", "all"),
    async (payloads, way) => {
      const topic = await client.createTopic(`t${topics++}`);
      if (way === "one") for (const each of payloads) await topic.publish(each);
      else if (way === "all") await topic.publishAll(payloads, { batchMessages: 3 });
      else await topic.publishBatch(payloads, { compression: way === "gzip" ? "gzip" : "none" });

      const expected = payloads.map((each) => [...each]);
      expect(bytes((await topic.readBatch()).messages)).toEqual(expected);
      const streamed: Message[] = [];
      for await (const message of topic.stream({ follow: false })) streamed.push(message);
      expect(bytes(streamed)).toEqual(expected);
      const scanner = await topic.createScanner();
      expect(bytes(await scanner.scanBatch())).toEqual(expected);
      expect([...(await topic.read("last")).payload]).toEqual(expected.at(-1));
      await topic.delete({ force: true });
    },
  );
  await fc.assert(property, { numRuns: 40 });
});

it.each([Number.NaN, -1])("refuses a wait that is none: %s", async (waitMs) => {
  const { topic } = await clientForTest();
  await expect(topic.readBatch({ waitMs })).rejects.toMatchObject({ code: "invalid_argument" });
  await expect(topic.scanner("s").scan({ waitMs })).rejects.toMatchObject({ code: "invalid_argument" });
});
