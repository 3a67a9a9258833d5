import { afterEach, describe, expect, it } from "vitest";
import { fieldsOf, type Topic } from "../../../lib/index.ts";
import { encodeMessage } from "../../../lib/message/message.ts";
import { DATA_FOLDER, openNetlog } from "../../support/netlog-fixture.ts";

let close: () => Promise<void> = () => Promise.resolve();
afterEach(() => close());

async function topicOf(settings: object): Promise<Topic> {
  const { netlog } = await openNetlog();
  close = () => netlog.close();
  return await netlog.createTopic("t", settings);
}

async function publishLines(topic: Topic, text: string): Promise<void> {
  const lines = topic.batches.openLines();
  lines.write(Buffer.from(text));
  await topic.publishBatch(await lines.end());
}

const REFUSED = { code: "bad_request", reason: expect.stringContaining("application/json") };

describe.each([1, 2, 3])("a topic of JSON, compression %i", (compression_type) => {
  const settings = { content_type: "application/json", compression_type };

  it("takes JSON and refuses everything else, by every way in", async () => {
    const topic = await topicOf(settings);
    await topic.publish({ payload: Buffer.from('{"a":1}') });
    for (const text of ["{", "text", "\xff", `${"[".repeat(1001)}${"]".repeat(1001)}`]) {
      const payload = Buffer.from(text, "latin1");
      await expect(topic.publish({ payload })).rejects.toMatchObject(REFUSED);
      await expect(topic.publish({ payload, contentType: "text/plain" })).rejects.toMatchObject(REFUSED);
    }
    await publishLines(topic, '{"a":2}\n[]\n');
    await expect(publishLines(topic, '{"a":3}\n{\n')).rejects.toMatchObject({
      ...REFUSED,
      reason: expect.stringMatching(/^message 1 is not JSON/),
    });
    const bad = await topic.batches.parseJson(Buffer.from('["1","x","2"]'));
    await expect(topic.publishBatch(bad)).rejects.toMatchObject(REFUSED);
    const messages = Buffer.concat(["1", "x"].map((text) => encodeMessage(Buffer.from(text))));
    const binary = await topic.batches.parseMessages(messages);
    await expect(topic.publishBatch(binary)).rejects.toMatchObject(REFUSED);
    expect(topic.readableOffsets).toEqual({ start: 0, end: 3 });
  });

  it.each(["lines", "messages"] as const)("keeps a stream of %s up to the bad one", async (format) => {
    const topic = await topicOf(settings);
    const stream = topic.openStreamIn({ format, durability: undefined, onRoom: () => {} });
    const texts = ['{"a":1}', "2", "x", "4"];
    const body =
      format === "lines"
        ? Buffer.from(texts.map((text) => `${text}\n`).join(""))
        : Buffer.concat(texts.map((text) => encodeMessage(Buffer.from(text))));
    stream.write(body);
    await expect(stream.ended).rejects.toMatchObject({
      ...REFUSED,
      reason: expect.stringMatching(/^message 2 is not JSON/),
    });
    expect(stream.kept).toEqual({ offset: 0, count: 2 });
    expect((await topic.message(1)).payload.toString()).toBe("2");
    expect(topic.readableOffsets.end).toBe(2);
  });

  it("ends a stream whose first message is bad, with nothing kept", async () => {
    const topic = await topicOf(settings);
    const stream = topic.openStreamIn({ format: "lines", durability: undefined, onRoom: () => {} });
    stream.write(Buffer.from("{}{}\n"));
    await expect(stream.ended).rejects.toMatchObject(REFUSED);
    expect(stream.kept).toEqual({ offset: 0, count: 0 });
  });
});

describe("a topic's content type", () => {
  it("is every message's that brings none, and is not written with it", async () => {
    const topic = await topicOf({ content_type: "text/csv" });
    await topic.publish({ payload: Buffer.from("a") });
    await topic.publish({ payload: Buffer.from("b"), key: "k", headers: [["x-meta-a", "1"]] });
    await topic.publish({ payload: Buffer.from("c"), key: "k", contentType: "text/html" });
    await publishLines(topic, "d\ne\n");
    const fields = [];
    for (let offset = 0; offset < 5; offset++) fields.push(fieldsOf(await topic.message(offset)));
    expect(fields).toEqual([
      { contentType: "text/csv" },
      { key: "k", contentType: "text/csv", headers: [["x-meta-a", "1"]] },
      { key: "k", contentType: "text/html" },
      { contentType: "text/csv" },
      { contentType: "text/csv" },
    ]);
    const frames = await topic.openCursor().collectFrames(0, { maxMessages: 1, maxBytes: 1000 });
    expect(frames.bytes.toString("latin1")).not.toContain("text/csv");
  });

  it.each(["application/json; charset=utf-8", "Application/JSON ;a=b"])("%s is JSON", async (contentType) => {
    const topic = await topicOf({ content_type: contentType });
    await expect(topic.publish({ payload: Buffer.from("x") })).rejects.toMatchObject(REFUSED);
  });

  it("can be set anew where a topic's settings are lost, and holds at once", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t", { content_type: "application/json" });
    await topic.publish({ payload: Buffer.from("1") });
    await netlog.close();
    for (const name of ["settings.json", "settings.copy.json"]) {
      disk.replaceBytes(`${DATA_FOLDER}/t/${name}`, Buffer.from("lost"));
    }
    const again = await openNetlog({ disk, runtime });
    close = () => again.netlog.close();
    const found = again.netlog.topic("t");
    expect(fieldsOf(await found.message(0))).toBeUndefined();
    await again.netlog.updateTopic("t", { content_type: "application/json" });
    expect(fieldsOf(await found.message(0))).toEqual({ contentType: "application/json" });
    await expect(found.publish({ payload: Buffer.from("x") })).rejects.toMatchObject(REFUSED);
  });

  it("of JSON checks a long payload, and says where it ends being JSON", async () => {
    const topic = await topicOf({ content_type: "application/json" });
    const long = JSON.stringify(Array.from({ length: 100_000 }, (_, i) => ({ i, text: "grün" })));
    await topic.publish({ payload: Buffer.from(long) });
    await expect(topic.publish({ payload: Buffer.from(`${long}]`) })).rejects.toMatchObject({
      ...REFUSED,
      reason: expect.stringContaining(`at byte ${Buffer.byteLength(long)}`),
    });
  });
});
