import { describe, expect, it } from "vitest";
import { ByteBudget } from "../../../lib/base/byte-budget.ts";
import { LIMITS } from "../../../lib/index.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { encodeMessage } from "../../../lib/message/message.ts";
import { encodeSet } from "../../../lib/message/message-set.ts";
import { BatchParser } from "../../../lib/topic/batch-parser.ts";
import { JsonGate } from "../../../lib/topic/json-gate.ts";
import { DEFAULT_SETTINGS } from "../../../lib/topic/setting-table.ts";

const LIMIT = { code: "too_many_requests", reason: expect.stringContaining("max_bytes_in_flight") };

function setOf(texts: readonly string[], compression: 1 | 2): Promise<Buffer> {
  const messages = Buffer.concat(texts.map((text) => encodeMessage(Buffer.from(text))));
  return Promise.resolve(encodeSet(messages, compression, inlineOffload, LIMITS));
}

describe.each(["a batch's parser", "the gate of a topic of JSON"])("what %s unpacks", (who) => {
  const options = { limits: LIMITS, offload: inlineOffload, inFlight: new ByteBudget(LIMITS.batchBytes) };
  const settings = { ...DEFAULT_SETTINGS, content_type: "application/json" };
  const work = (entry: Buffer): Promise<unknown> =>
    who === "a batch's parser"
      ? new BatchParser({ ...options, settings }).parseMessages(entry)
      : JsonGate.of(settings, options)!.checkBatch({ entry, count: 2 });

  it("counts in the bytes in flight while it is there, and no more when it has failed", async () => {
    const { inFlight } = options;
    const [packed, plain] = [await setOf(["1", "2"], 2), await setOf(["1", "2"], 1)];
    const first = work(packed);
    await expect(work(packed)).rejects.toMatchObject(LIMIT);
    await first;
    const bad = await setOf(["1", "{"], 2);
    if (who !== "a batch's parser") await expect(work(bad)).rejects.toMatchObject({ code: "bad_request" });
    packed[packed.length - 1]! ^= 1;
    await expect(work(packed)).rejects.toThrow();
    expect(inFlight.takenBytes).toBe(0);
    inFlight.tryTake(1);
    await work(plain);
    inFlight.giveBack(1);
  });
});
