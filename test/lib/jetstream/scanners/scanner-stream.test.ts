/** The stream of kept files when answers do not come, when it is taken over, and when a file is larger than a message. */
import { describe, expect, it } from "vitest";
import { NetlogError } from "../../../../lib/base/errors.ts";
import { silentLogger } from "../../../../lib/base/logger.ts";
import { nodeRuntime } from "../../../../lib/base/runtime.ts";
import { EngineShared } from "../../../../lib/jetstream/log/stream-log-options.ts";
import { JetStreamError } from "../../../../lib/jetstream/nats/errors.ts";
import { EngineNames } from "../../../../lib/jetstream/nats/names.ts";
import type { KeptFiles } from "../../../../lib/jetstream/scanners/kept-files.ts";
import { ScannerStream } from "../../../../lib/jetstream/scanners/scanner-stream.ts";
import { TopicAdmin } from "../../../../lib/jetstream/topics/topic-admin.ts";
import { newDescription } from "../../../../lib/jetstream/topics/topic-description.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import { DEFAULT_SETTINGS } from "../../../../lib/topic/setting-table.ts";
import { hasNats } from "../../../support/nats.ts";
import { connectTo, natsOfFile } from "../engine-fixture.ts";
import { type Fault, FaultyApi, planOf } from "../nats/faulty-api.ts";

const FAST = {
  ...LIMITS,
  engineRetryMs: 5,
  engineResolveMs: 20_000,
  engineAckMs: 200,
  engineMessageBytes: 1000,
};
const hasLost = () => Promise.reject(new NetlogError("topic_unavailable", { reason: "the log is lost" }));
const NO_ROOM = new JetStreamError(10023, "insufficient resources");

function textOf(files: KeptFiles, subject: string): string | undefined {
  const file = files.file(subject);
  return file && [file.whole, ...file.more].map(String).join("|");
}

describe.skipIf(!hasNats)("the stream of what a topic keeps", () => {
  const nats = natsOfFile();
  let topicCount = 0;

  async function newTopic(limits = FAST) {
    const names = new EngineNames();
    const name = `t${++topicCount}`;
    const subject = names.scannerSubject(name, "s");
    const topic = { name, id: `id-${name}` };
    const api = await connectTo(nats.current);
    const admin = new TopicAdmin({ api, names, copies: 1, runtime: nodeRuntime, limits });
    await admin.create(newDescription(name, topic.id, DEFAULT_SETTINGS));
    /** As the server that has the log by this claim opens it. */
    const open = async (
      epoch: number,
      confirmOwner: () => Promise<void> = () => Promise.resolve(),
      prepare: (api: FaultyApi) => void = () => {},
    ) => {
      const faulty = new FaultyApi((await connectTo(nats.current)).connection);
      prepare(faulty);
      const shared = new EngineShared({
        api: faulty,
        names,
        runtime: nodeRuntime,
        logger: silentLogger,
        limits,
      });
      const owner = { incarnation: `server-${epoch}`, url: undefined };
      const opened = await ScannerStream.open({ shared, admin, topic, owner, epoch, confirmOwner });
      return { ...opened, api: faulty };
    };
    return { open, subject, admin, topic, api, streamName: names.scannerStream(name) };
  }

  it("has files of any size, and removes what was replaced", async () => {
    const { open, subject, admin, topic, api, streamName } = await newTopic();
    const { stream } = await open(1);
    const long = Array.from({ length: 50 }, (_, i) => Buffer.alloc(77, `${i} `));
    await stream.put(subject, ["first"].map(Buffer.from));
    await stream.add(subject, Buffer.from("more"));
    await stream.put(subject, long);
    await stream.put(subject, [Buffer.alloc(4321, "x"), Buffer.alloc(1, "y")]);
    await stream.add(subject, Buffer.from("z"));
    await stream.close();
    expect((await admin.read(topic.name)).description.hasKept).toBe(true);
    const info = await api.streamInfo(streamName);
    // The claim, five parts and an addition.
    expect(info!.state.messages).toBe(7);
    const again = await open(2);
    expect(textOf(again.files, subject)).toBe(`${"x".repeat(4321)}y|z`);
    expect(String((await again.stream.read(subject))?.whole)).toBe(`${"x".repeat(4321)}y`);
  });

  it("has what the leader has where another copy lacks some of it", async () => {
    const { open, subject, topic } = await newTopic();
    const { stream } = await open(1);
    await stream.put(subject, [Buffer.from("kept")]);
    await stream.close();
    const consumersSee = new EngineNames().scannerOwnerSubject(topic.name);
    const { files } = await open(2, undefined, (api) => {
      const { call } = api;
      api.call = (name, request, timeoutMs) => {
        if (!name.startsWith("CONSUMER.CREATE.")) return call.call(api, name, request, timeoutMs) as never;
        const { config } = request as { config: object };
        const lacking = { ...request, config: { ...config, filter_subject: consumersSee } };
        return call.call(api, name, lacking, timeoutMs) as never;
      };
    });
    expect(textOf(files, subject)).toBe("kept");
  });

  it("keeps the file as it was while its replacement is not whole", async () => {
    const { open, subject } = await newTopic();
    const { stream } = await open(1);
    await stream.put(subject, [Buffer.from("old")]);
    function* broken(): Generator<Buffer> {
      yield Buffer.alloc(2500, "n");
      throw new Error("the server ended");
    }
    await expect(stream.put(subject, broken())).rejects.toThrow("the server ended");
    expect(textOf((await open(2)).files, subject)).toBe("old");
  });

  it.each<[string, Fault[]]>([
    ["the ack of the first record is lost", ["lose_ack"]],
    ["the first record does not arrive", ["drop"]],
    ["both happen to the second one, again and again", ["pass", "drop", "lose_ack", "drop"]],
  ])("keeps each record once when %s", async (_text, faults) => {
    const { open, subject } = await newTopic();
    const { stream, api } = await open(1);
    await stream.put(subject, [Buffer.from("a")]);
    api.plan = planOf(...faults);
    await Promise.all(["b", "c", "d"].map((text) => stream.add(subject, Buffer.from(text))));
    await stream.close();
    expect(textOf((await open(2)).files, subject)).toBe("a|b|c|d");
  });

  it("refuses a record that NATS has no room for, and takes the next one", async () => {
    const { open, subject } = await newTopic();
    const { stream, api } = await open(1);
    await stream.put(subject, [Buffer.from("a")]);
    api.plan = planOf(NO_ROOM);
    await expect(stream.add(subject, Buffer.from("b"))).rejects.toThrow("storage full");
    await stream.add(subject, Buffer.from("c"));
    await stream.close();
    expect(textOf((await open(2)).files, subject)).toBe("a|c");
  });

  it("goes on behind a record whose outcome stays unknown, and nothing of it comes later", async () => {
    const { open, subject } = await newTopic({ ...FAST, engineResolveMs: 300 });
    const { stream, api } = await open(1);
    await stream.put(subject, [Buffer.from("a")]);
    api.plan = () => "drop";
    await expect(stream.add(subject, Buffer.from("b"))).rejects.toThrow("sync failed");
    api.plan = planOf();
    await stream.put(subject, [Buffer.from("anew")]);
    await stream.close();
    expect(textOf((await open(2)).files, subject)).toBe("anew");
  });

  it("is the later owner's, and the former one does not take it back", async () => {
    const { open, subject } = await newTopic();
    const former = (await open(5)).stream;
    await former.put(subject, [Buffer.from("a")]);
    const later = (await open(9)).stream;
    await expect(former.add(subject, Buffer.from("late"))).rejects.toThrow("topic unavailable");
    await expect(open(5, hasLost)).rejects.toThrow("the log is lost");
    await later.add(subject, Buffer.from("b"));
    await later.close();
    expect(textOf((await open(10)).files, subject)).toBe("a|b");
  });

  it("takes no first record of a server that has lost the log meanwhile", async () => {
    const { open, subject } = await newTopic();
    const { stream } = await open(5, hasLost);
    await expect(stream.put(subject, [Buffer.from("late")])).rejects.toThrow("the log is lost");
    expect((await open(9)).files.subjects).toEqual([]);
  });

  it("is the owner's of a log that was set back, whose epochs are lower than they were", async () => {
    const { open, subject } = await newTopic();
    const former = (await open(9)).stream;
    await former.put(subject, [Buffer.from("a")]);
    const { stream, files } = await open(5);
    expect(textOf(files, subject)).toBe("a");
    await stream.add(subject, Buffer.from("b"));
    await stream.close();
    await expect(former.add(subject, Buffer.from("late"))).rejects.toThrow("topic unavailable");
    expect(textOf((await open(6)).files, subject)).toBe("a|b");
  });

  it("has lost what another program wrote into it, and nothing else", async () => {
    const { open, subject, api, streamName } = await newTopic();
    const { stream } = await open(1);
    await stream.put(subject, [Buffer.from("a")]);
    await stream.put(`${subject}2`, [Buffer.from("b")]);
    await stream.close();
    await api.publish(subject, Buffer.from("garbage"), { stream: streamName });
    const { files } = await open(2);
    expect([files.subjects.length, textOf(files, subject), textOf(files, `${subject}2`)]).toEqual([
      2,
      undefined,
      "b",
    ]);
  });
});
