import { describe, expect, it } from "vitest";
import { Counters } from "../../../lib/base/counters.ts";
import { silentLogger } from "../../../lib/base/logger.ts";
import { LIMITS } from "../../../lib/limits.ts";
import type { Log } from "../../../lib/log/index.ts";
import { type EntryFields, encodeFields } from "../../../lib/message/fields.ts";
import { encodeMessage } from "../../../lib/message/message.ts";
import { Remembered } from "../../../lib/topic/remembered.ts";
import { DEFAULT_SETTINGS } from "../../../lib/topic/setting-table.ts";
import { TopicState } from "../../../lib/topic/topic-state.ts";
import { newLog } from "../../support/log-fixture.ts";

/** The log of a topic that remembers nothing yet. */
async function logOfTopic(): Promise<Log> {
  const { log, runtime } = await newLog();
  await TopicState.open({
    topicName: "t",
    log,
    store: {
      found: undefined,
      isLost: false,
      startsAt: 0,
      keptThrough: 0,
      replace: () => Promise.reject(new Error("kept")),
    },
    settings: DEFAULT_SETTINGS,
    runtime,
    logger: silentLogger,
    limits: LIMITS,
    remembered: new Remembered(1000, new Counters()),
  });
  return log;
}

/** Two frames of another log, the second one's message with `fields`. */
async function framesWith(fields: EntryFields): Promise<Buffer> {
  const { log } = await newLog();
  const payload = Buffer.from("m");
  for (const encoded of [undefined, encodeFields(fields)]) {
    const bytes = encodeMessage(payload, encoded);
    await Promise.all(log.append([{ bytes, count: 1, durability: "synced" }]));
  }
  const run = await log.openCursor().read(0, 1024 * 1024);
  return Buffer.from(run!.bytes);
}

describe("frames of another log, in a topic", () => {
  it("are appended with the fields that are for users", async () => {
    const log = await logOfTopic();
    await log.appendFrames(await framesWith({ key: "k", headers: [["x-meta-a", "b"]] }), "synced");
    expect(log.logEndOffset).toBe(2);
  });

  it.each<[string, EntryFields]>([
    ["a key under which it is stored once", { idempotency: { key: "k", digest: Buffer.alloc(32) } }],
    ["a producer", { producer: { id: "p", epoch: 0, seq: 0 } }],
    ["the end of the topic", { closes: true }],
    ["a field of a later version", { unknown: [{ tag: 5, value: Buffer.from("v") }] }],
  ])("are refused as a whole where one brings %s: no guard has judged it", async (_what, fields) => {
    const log = await logOfTopic();
    await expect(log.appendFrames(await framesWith(fields), "synced")).rejects.toMatchObject({
      code: "bad_request",
      reason: expect.stringContaining("the topic would have to remember"),
    });
    expect(log.logEndOffset).toBe(0);
  });
});
