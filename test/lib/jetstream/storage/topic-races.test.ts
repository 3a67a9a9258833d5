/** Topics that are made, deleted and taken up by several servers at once, and while NATS does not answer. */
import { describe, expect, it, vi } from "vitest";
import { nodeRuntime } from "../../../../lib/base/runtime.ts";
import { NoAnswer } from "../../../../lib/jetstream/nats/errors.ts";
import { TopicAdmin } from "../../../../lib/jetstream/topics/topic-admin.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import { textsOf } from "../../../support/fork-fixture.ts";
import { hasNats } from "../../../support/nats.ts";
import { publishAll, texts } from "../../../support/netlog-fixture.ts";
import { ack, lease, leaseAll } from "../../../support/work-fixture.ts";
import { natsOfFile } from "../engine-fixture.ts";
import { ownNames, startEngineServer, streamsOf } from "./storage-fixture.ts";

describe.skipIf(!hasNats)("topics of several servers", () => {
  const nats = natsOfFile();

  it("are not deleted in place of a former one, whose deletion is sent again", async () => {
    const names = ownNames();
    const other = await startEngineServer(nats.current, names);
    const former = await startEngineServer(nats.current, names);
    await (await former.netlog.createTopic("t")).findOrCreateScanner({ id: "s", persist: true, from: 0 });
    const { api } = former;
    const deleteStream = api.deleteStream.bind(api);
    vi.spyOn(api, "deleteStream").mockImplementationOnce(async (stream) => {
      await deleteStream(stream);
      const made = await other.netlog.createTopic("t");
      await made.findOrCreateScanner({ id: "new", persist: true, from: 0 }).catch(() => {});
      await publishAll(made, ["a"]);
      throw new NoAnswer("timeout", stream);
    });
    await former.netlog.deleteTopic("t", { force: true });
    expect(await streamsOf(api, names.prefix)).toContain(names.logStream("t"));
    expect(await textsOf(other.netlog.topic("t"))).toEqual(["a"]);
    expect(await publishAll(other.netlog.topic("t"), ["b"])).toEqual([1]);
  });

  it("keep their scanners when the rest of a former topic is deleted late", async () => {
    const names = ownNames();
    const { netlog, api } = await startEngineServer(nats.current, names);
    const former = await netlog.createTopic("former");
    await former.findOrCreateScanner({ id: "s", persist: true, from: 0 });
    const streams = await streamsOf(api, names.prefix);
    const admin = new TopicAdmin({ api, names, copies: 1, runtime: nodeRuntime, limits: LIMITS });
    await admin.remove("former", "another id");
    expect(await streamsOf(api, names.prefix)).toEqual(streams);
    await admin.remove("former", former.id);
    expect(await streamsOf(api, names.prefix)).toEqual([]);
  });

  it("that a server had made when it ended stay, though they were seen half made", async () => {
    const names = ownNames();
    const { api } = await startEngineServer(nats.current, names);
    const name = names.logStream("t");
    const text = (maker: object) =>
      JSON.stringify({ netlog: 1, name: "t", id: "t-id", settings: {}, ...maker });
    const subjects = [names.logSubject("t"), names.ownerSubject("t")];
    const description = text({ maker: "gone" });
    const { info } = await api.createStream({ name, subjects, copies: 1, description });
    const isAlive = async (): Promise<boolean> => {
      await api.updateStream({ ...info.config, description: text({}) });
      return false;
    };
    await startEngineServer(nats.current, names, { isAlive });
    expect(await streamsOf(api, names.prefix)).toEqual([name]);
  });

  it("that could not be opened when they were made stay: another server may have them", async () => {
    const names = ownNames();
    const { api } = await startEngineServer(nats.current, names);
    const limits = { ...LIMITS, engineResolveMs: 50 };
    const late = await startEngineServer(nats.current, names, { limits });
    vi.spyOn(late.api, "leadersMessage").mockRejectedValue(new NoAnswer("timeout", "t"));
    vi.spyOn(late.api, "publish").mockRejectedValue(new NoAnswer("timeout", "t"));
    await expect(late.netlog.createTopic("t")).rejects.toThrow("sync failed");
    expect(await streamsOf(api, names.prefix)).toEqual([names.logStream("t")]);
  });

  it("that could not be taken up are no failed ones any more once they are", async () => {
    const names = ownNames();
    const limits = { ...LIMITS, engineResolveMs: 50 };
    const late = await startEngineServer(nats.current, names, { limits });
    const { netlog } = await startEngineServer(nats.current, names);
    await netlog.createTopic("t");
    const silent = vi.spyOn(late.api, "leadersMessage").mockRejectedValue(new NoAnswer("timeout", "t"));
    await late.netlog.takeUp("t");
    expect(late.netlog.failedTopics()).toMatchObject([{ name: "t" }]);
    silent.mockRestore();
    await late.netlog.takeUp("t");
    expect(late.netlog.failedTopics()).toEqual([]);
    expect(late.netlog.topicNames()).toEqual(["t"]);
  });

  it("that were deleted before they are taken up are no failed ones", async () => {
    const { netlog } = await startEngineServer(nats.current, ownNames());
    await netlog.takeUp("t");
    expect(netlog.failedTopics()).toEqual([]);
    expect(() => netlog.topic("t")).toThrow("topic not found");
  });

  it("give no message that a later owner may have settled", async () => {
    const names = ownNames();
    const limits = { ...LIMITS, engineSilenceMs: 0 };
    const former = await startEngineServer(nats.current, names, { limits });
    const topic = await former.netlog.createTopic("t");
    await publishAll(topic, texts(2));
    const { scanner } = await topic.findOrCreateScanner({ id: "w", ack: "explicit", from: 0 });
    expect((await lease(scanner))?.message.offset).toBe(0);
    const { netlog } = await startEngineServer(nats.current, names);
    const taken = netlog.topic("t").scanner("w");
    await leaseAll(taken);
    await ack(taken, [0, 1]);
    await expect(lease(scanner)).rejects.toThrow("topic unavailable");
  });

  it("cannot be written while JetStream has no quorum, and the server says so", async () => {
    const { netlog, api } = await startEngineServer(nats.current, ownNames());
    await netlog.requireReady();
    const silent = vi.spyOn(api, "call").mockRejectedValue(new NoAnswer("timeout", "INFO"));
    await expect(netlog.requireReady()).rejects.toMatchObject({
      reason: expect.stringContaining("no quorum"),
    });
    silent.mockRestore();
    await netlog.requireReady();
  });
});
