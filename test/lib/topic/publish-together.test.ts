/** Appends on terms that come in one turn of the event loop. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Published, PublishOptions, Topic } from "../../../lib/index.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { openNetlog } from "../../support/netlog-fixture.ts";

function once(key: string): PublishOptions {
  return { idempotency: { key, digest: createHash("sha256").update(key).digest() } };
}

function by(id: string, seq: number): PublishOptions {
  return { producer: { id, epoch: 0, seq } };
}

function put(topic: Topic, options: PublishOptions): Promise<Published> {
  return topic.publish({ payload: Buffer.from("m") }, options);
}

async function newTopic(): Promise<{ topic: Topic; disk: FaultyDisk }> {
  let disk!: FaultyDisk;
  const { netlog } = await openNetlog({
    seen: (inner) => {
      disk = new FaultyDisk(inner);
      return disk;
    },
  });
  const topic = await netlog.createTopic("t");
  // The first of its kind makes the topic's memory.
  await put(topic, once("first"));
  await put(topic, by("first", 0));
  return { topic, disk };
}

const terms = fc.oneof(
  fc.constantFrom("a", "b", "c").map(once),
  fc.tuple(fc.constantFrom("p", "q"), fc.integer({ min: 0, max: 3 })).map(([id, seq]) => by(id, seq)),
  fc.integer({ min: 2, max: 6 }).map((expectedOffset): PublishOptions => ({ expectedOffset })),
  fc.constant<PublishOptions>({}),
  fc.constant<PublishOptions>({ ...once("d"), ...by("p", 0) }),
);

/** The code of an error, or the offset and whether it was there before. */
function outcomeOf(settled: PromiseSettledResult<Published>): unknown {
  if (settled.status === "rejected") return (settled.reason as { code: string }).code;
  return [settled.value.offset, settled.value.isDuplicate ?? false];
}

it("have the outcomes that they have one after the other", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(terms, { maxLength: 12 }), async (appends) => {
      const { topic: together } = await newTopic();
      const { topic: inTurn } = await newTopic();
      const outcomes = (await Promise.allSettled(appends.map((options) => put(together, options)))).map(
        outcomeOf,
      );
      const expected: unknown[] = [];
      for (const options of appends)
        expected.push(...(await Promise.allSettled([put(inTurn, options)])).map(outcomeOf));
      expect(outcomes).toEqual(expected);
    }),
  );
});

it("are one write where they do not depend on each other", async () => {
  const { topic, disk } = await newTopic();
  disk.plan({ code: "EIO", nth: Infinity, kinds: ["write"], path: /\.data$/ });
  const keys = Array.from({ length: 50 }, (_, i) => put(topic, once(`key-${i}`)));
  const producers = Array.from({ length: 50 }, (_, i) => put(topic, by(`producer-${i}`, 0)));
  const offsets = (await Promise.all([...keys, ...producers])).map(({ offset }) => offset);
  expect(offsets).toEqual(Array.from({ length: 100 }, (_, i) => i + 2));
  expect(disk.matched).toBe(1);
});

it("are refused together when that write fails, and are stored when they are sent again", async () => {
  const { topic, disk } = await newTopic();
  const keys = ["a", "b", "c"];
  const putAll = (): Promise<PromiseSettledResult<Published>[]> =>
    Promise.allSettled(keys.map((key) => put(topic, once(key))));
  disk.plan({ code: "ENOSPC", kinds: ["write"], path: /\.data$/ });
  expect((await putAll()).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect((await putAll()).map(outcomeOf)).toEqual([
    [2, false],
    [3, false],
    [4, false],
  ]);
});
