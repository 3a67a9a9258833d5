import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../lib/limits.ts";
import type { LogEntry } from "../../../lib/log/index.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { encodeEntry } from "../../../lib/message/message-set.ts";
import { checkMessages } from "../../../lib/topic/integrity.ts";
import { type LogFixture, newLog } from "../../support/log-fixture.ts";
import { openNetlog, publishAll, publishTogether, texts } from "../../support/netlog-fixture.ts";

const FIRST_DATA_FILE = "/data/t/00000000000000000000.data";

async function entryOf(payloads: readonly string[], count = payloads.length): Promise<LogEntry> {
  const messages = payloads.map((text) => ({ payload: Buffer.from(text) }));
  const bytes = await encodeEntry(messages, 0, messages.length, 1, inlineOffload, LIMITS);
  return { bytes, count, durability: "synced" };
}

function check(
  { log, runtime }: LogFixture,
  options: { from?: number; isCancelled?: () => boolean; checkFindings?: number } = {},
) {
  return checkMessages(log, options.from ?? 0, {
    runtime,
    limits: { ...LIMITS, checkFindings: options.checkFindings ?? LIMITS.checkFindings },
    offload: inlineOffload,
    isCancelled: options.isCancelled ?? (() => false),
  });
}

describe("checking a topic", () => {
  it("finds nothing in a healthy one, from any offset and spelling", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t", { compression_type: 3, segment_size: 1024 });
    expect(await topic.check("last")).toEqual([]);
    for (let i = 0; i < 20; i++) await publishTogether(topic, texts(10));
    for (const from of [0, 5, 57, 200, "", "last", "end", "1day"])
      expect(await topic.check(from)).toEqual([]);
  });

  it.each([-1, 4, "4", "-1", "nowhere", "99999999999999999999"])("refuses to begin at %j", async (from) => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await publishAll(topic, texts(3));
    await expect(topic.check(from)).rejects.toMatchObject({
      code: "bad_request",
      reason: expect.stringContaining("from"),
    });
  });

  it("tells a damaged frame by its offset, its messages, and both checksums", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await publishAll(topic, ["m0"]);
    await publishTogether(topic, texts(3, 1));
    await publishAll(topic, ["m4"]);
    await netlog.close();
    const bytes = disk.bytesOf(FIRST_DATA_FILE);
    bytes[bytes.indexOf("m2")]! ^= 1;
    disk.replaceBytes(FIRST_DATA_FILE, bytes);
    const reopened = (await openNetlog({ disk, runtime })).netlog.topic("t");
    const findings = await reopened.check(0);
    expect(findings).toEqual([
      {
        offset: 1,
        odelta: 3,
        type: "checksum",
        expected: expect.stringMatching(/^(0x)?[0-9a-f]+$/),
        actual: expect.stringMatching(/^(0x)?[0-9a-f]+$/),
      },
    ]);
    expect(Object.keys(findings[0]!)).toEqual(["offset", "odelta", "type", "expected", "actual"]);
    expect(await reopened.check(3)).toEqual(findings);
    expect(await reopened.check(4)).toEqual([]);
  });

  it("finds what is wrong within frames that are whole: checksum, length, and count", async () => {
    const fixture = await newLog();
    const wrongCrc = await entryOf(["a", "b"]);
    wrongCrc.bytes[wrongCrc.bytes.length - 1]! ^= 1;
    const wrongLength = await entryOf(["c"]);
    wrongLength.bytes[8] = 9;
    const wrongCount = await entryOf(["dddddddddd", "eeeeeeeeee"], 3);
    await Promise.all(fixture.log.append([wrongCrc, wrongLength, await entryOf(["good"]), wrongCount]));
    expect(await check(fixture)).toMatchObject([
      { offset: 0, odelta: 2, type: "checksum" },
      { offset: 2, odelta: 1, type: "length", expected: "9 bytes of payload", actual: "1 bytes" },
      { offset: 4, odelta: 3, type: "length", expected: "3 messages", actual: "2" },
    ]);
  });

  it("ends at the limit on findings, and when it is cancelled", async () => {
    const fixture = await newLog({ segmentSizeBytes: 1024 });
    for (let i = 0; i < 60; i++) await Promise.all(fixture.log.append([await entryOf(["x"], 2)]));
    expect(await check(fixture)).toHaveLength(60);
    expect(await check(fixture, { checkFindings: 7 })).toHaveLength(7);
    let asked = 0;
    const isCancelled = () => ++asked === 2;
    expect((await check(fixture, { isCancelled })).length).toBeLessThan(60);
    expect(asked).toBe(2);
  });

  it("lets others have their turn in between", async () => {
    const fixture = await newLog({ segmentSizeBytes: 1024 });
    for (let i = 0; i < 60; i++) await Promise.all(fixture.log.append([await entryOf(["x".repeat(20_000)])]));
    let turns = 0;
    const count = () => {
      turns++;
      setImmediate(count);
    };
    setImmediate(count);
    await check(fixture);
    // 1.2 MB.
    expect(turns).toBeGreaterThanOrEqual(8);
    turns = Number.NEGATIVE_INFINITY;
  });
});
