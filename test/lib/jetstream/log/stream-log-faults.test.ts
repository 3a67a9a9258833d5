/** What a log on NATS does when answers do not come, when it is taken over, and when NATS refuses. */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { StreamLog } from "../../../../lib/jetstream/log/stream-log.ts";
import type { EngineShared } from "../../../../lib/jetstream/log/stream-log-options.ts";
import { JetStreamError } from "../../../../lib/jetstream/nats/errors.ts";
import type { Appended, AppendGuard } from "../../../../lib/log/log.ts";
import { within } from "../../../support/deadline.ts";
import { appendAll, entry } from "../../../support/log-fixture.ts";
import { hasNats } from "../../../support/nats.ts";
import { seededRandom } from "../../../support/seeded-random.ts";
import { natsOfFile } from "../engine-fixture.ts";
import { type Fault, FaultyApi, planOf } from "../nats/faulty-api.ts";
import {
  newServer,
  newTopic,
  newTopicLog,
  type OpenedLog,
  openTopicLog,
  textsOf,
} from "./stream-log-fixture.ts";

/** What has to come is waited for on any machine; see giveUpSoon. */
const FAST = { engineRetryMs: 5, engineResolveMs: 20_000, engineAckMs: 200 };
const NO_ROOM = new JetStreamError(10023, "insufficient resources");

/** What never comes is waited for no longer than this, from now on. */
function giveUpSoon({ limits }: EngineShared): void {
  Object.assign(limits, { engineResolveMs: 300 });
}

interface Faulty extends OpenedLog {
  readonly shared: EngineShared;
  readonly topic: string;
  readonly api: FaultyApi;
}

describe.skipIf(!hasNats)("a log on NATS", () => {
  const nats = natsOfFile();

  async function faultyLog(copies = 1): Promise<Faulty> {
    const opened = await newTopicLog(
      nats.current,
      {},
      { limits: FAST, copies, seen: ({ connection }) => new FaultyApi(connection) },
    );
    return { ...opened, api: opened.shared.api as FaultyApi };
  }

  /** What another server finds, which takes the log over. */
  async function found(topic: string): Promise<string[]> {
    const { log } = await openTopicLog(await newServer(nats.current), topic);
    return textsOf(log);
  }

  function single(log: StreamLog, text: string): Promise<Appended> {
    return log.append([entry(text)])[0]!;
  }

  /** The first goes out at once, and the others share the next message. */
  function several(log: StreamLog, count: number): Promise<Appended>[] {
    return Array.from({ length: count }, (_, i) => single(log, `m${i}`));
  }

  test.each<[string, Fault[]]>([
    ["the ack of the first is lost", ["lose_ack"]],
    ["the ack of the second is lost", ["pass", "lose_ack"]],
    ["all acks are lost", ["lose_ack", "lose_ack", "lose_ack", "lose_ack"]],
    ["the first is dropped", ["drop"]],
    ["the third is dropped twice", ["pass", "pass", "drop", "pass", "drop"]],
    ["all are dropped", ["drop", "drop", "drop", "drop"]],
    ["the leader is away", [new JetStreamError(10008, "unavailable"), "lose_ack", "drop"]],
    ["NATS could not store it", [new JetStreamError(10077, "store failed"), "pass", "lose_ack"]],
  ])("stores each message once, in order, when %s", async (_what, faults) => {
    const { log, api, topic, failures } = await faultyLog();
    api.plan = planOf(...faults);
    const appended = await within("appends", Promise.all(several(log, 10)));
    expect(appended.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(failures).toEqual([]);
    const texts = Array.from({ length: 10 }, (_, i) => `m${i}`);
    expect(await textsOf(log)).toEqual(texts);
    expect(await found(topic)).toEqual(texts);
  });

  test("says in its log what NATS refused an append with", async () => {
    const { log, api, shared } = await faultyLog();
    const warn = vi.spyOn(shared.logger, "warn");
    onTestFinished(() => warn.mockRestore());
    const full = new JetStreamError(10077, "no space left on device");
    api.plan = planOf(full);
    await within("the append", single(log, "a"));
    expect(warn).toHaveBeenCalledWith(
      expect.objectContaining({ err: full }),
      expect.stringContaining("no known"),
    );
  });

  test("does so under any faults", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = seededRandom(seed);
      const { log, api, topic } = await faultyLog();
      api.plan = () => {
        const luck = random();
        if (luck < 0.1) return "drop";
        if (luck < 0.2) return "lose_ack";
        return luck < 0.25 ? new JetStreamError(10009, "no leader") : "pass";
      };
      const appends: Promise<Appended>[] = [];
      for (let i = 0; i < 30; i++) {
        appends.push(single(log, `m${i}`));
        if (random() < 0.3) await Promise.race(appends);
      }
      const appended = await within(`appends of seed ${seed}`, Promise.all(appends));
      api.plan = () => "pass";
      const texts = appended.map((_, i) => `m${i}`);
      expect(
        appended.map(({ baseOffset }) => baseOffset),
        `seed ${seed}`,
      ).toEqual(texts.map((_, i) => i));
      expect(await found(topic), `seed ${seed}`).toEqual(texts);
    }
  });

  test("is fenced when another server takes it over, and stores nothing behind that", async () => {
    const { log, topic, failures, shared } = await newTopicLog(nats.current);
    await appendAll(log, ["a", "b"]);
    const { log: taken } = await openTopicLog(await newServer(nats.current), topic);
    const refused = await Promise.allSettled(several(log, 6));
    for (const each of refused) {
      expect(each).toMatchObject({ status: "rejected", reason: { code: "topic_unavailable" } });
    }
    expect(failures).toEqual(["fenced"]);
    expect(shared.engineCounters.fences).toBe(1);
    await appendAll(taken, ["c"]);
    expect(await textsOf(taken)).toEqual(["a", "b", "c"]);
    expect(await textsOf(log)).toEqual(["a", "b"]);
    await expect(single(log, "d")).rejects.toMatchObject({ reason: /another server has taken/ });
  });

  test("stores nothing behind the claim of another server, whatever was on its way", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = seededRandom(seed);
      const { log, topic } = await newTopicLog(nats.current);
      const texts = Array.from({ length: 40 }, (_, i) => `m${i}`);
      const settled = (async () => {
        const appends: Promise<Appended>[] = [];
        for (const text of texts) {
          appends.push(single(log, text));
          if (random() < 0.5) await Promise.race(appends).catch(() => {});
        }
        return Promise.allSettled(appends);
      })();
      const other = await newServer(nats.current);
      const { log: taken } = await openTopicLog(other, topic);
      await appendAll(taken, ["other"]);
      const outcomes = await within(`outcomes of seed ${seed}`, settled);
      const stored = await textsOf(taken);
      expect(stored.at(-1), `seed ${seed}`).toBe("other");
      expect(stored.slice(0, -1), `seed ${seed}`).toEqual(
        texts.filter((_, i) => outcomes[i]!.status === "fulfilled"),
      );
      await appendAll(taken, ["more"]);
      expect(await found(topic), `seed ${seed}`).toEqual([...stored, "more"]);
    }
  });

  test("lets two servers that take it over at once have it one after the other", async () => {
    const { log, topic } = await newTopicLog(nats.current);
    await appendAll(log, ["a"]);
    const servers = await Promise.all([1, 2, 3, 4].map(() => newServer(nats.current)));
    const opened = await Promise.all(servers.map((shared) => openTopicLog(shared, topic)));
    const epochs = opened.map(({ log: each }) => each.epoch);
    expect(new Set(epochs).size).toBe(4);
    const outcomes = await Promise.allSettled(opened.map(({ log: each }, i) => single(each, `m${i}`)));
    const winner = epochs.indexOf(Math.max(...epochs));
    expect(outcomes.map(({ status }) => status)).toEqual(
      epochs.map((_, i) => (i === winner ? "fulfilled" : "rejected")),
    );
    expect(await found(topic)).toEqual(["a", `m${winner}`]);
  });

  test("refuses what NATS has no room for, gives its offset again, and goes on when there is room", async () => {
    const { log, api, topic, failures } = await faultyLog();
    await appendAll(log, ["a"]);
    api.plan = () => NO_ROOM;
    for (const outcome of await Promise.allSettled(several(log, 6))) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "storage_full" } });
    }
    expect(log).toMatchObject({ logEndOffset: 1, highWatermark: 1 });
    api.plan = () => "pass";
    expect(await single(log, "b")).toMatchObject({ baseOffset: 1 });
    expect(failures).toEqual([]);
    expect(await textsOf(log)).toEqual(["a", "b"]);
    expect(await found(topic)).toEqual(["a", "b"]);
  });

  test("does not call refused what one of three copies had no room for", async () => {
    const { log, api, topic, shared } = await faultyLog(3);
    api.plan = planOf(NO_ROOM, "lose_ack", NO_ROOM);
    const appended = await within("appends", Promise.all(several(log, 4)));
    expect(appended.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2, 3]);
    expect(await found(topic)).toEqual(["m0", "m1", "m2", "m3"]);
    api.plan = () => NO_ROOM;
    giveUpSoon(shared);
    await expect(single(log, "m4")).rejects.toMatchObject({ code: "sync_failed" });
  });

  test("sends nothing while NATS has little room, and goes on reading", async () => {
    let shortage: string | undefined;
    const room = {
      get shortage() {
        return shortage;
      },
    };
    const { log, shared, failures } = await newTopicLog(nats.current, {}, { room });
    await appendAll(log, ["a"]);
    shortage = "n1 is full";
    const { acks } = shared.engineCounters;
    for (const outcome of await Promise.allSettled(several(log, 3))) {
      const reason = { code: "storage_full", reason: expect.stringContaining("n1 is full") };
      expect(outcome).toMatchObject({ status: "rejected", reason });
    }
    expect(shared.engineCounters.acks).toBe(acks);
    expect(await textsOf(log)).toEqual(["a"]);
    shortage = undefined;
    expect(await single(log, "b")).toMatchObject({ baseOffset: 1 });
    expect(failures).toEqual([]);
  });

  test("does not call refused what an earlier sending may have stored", async () => {
    const { log, api, topic } = await faultyLog();
    api.plan = planOf("lose_ack", NO_ROOM, NO_ROOM);
    const appended = await within("appends", Promise.all(several(log, 4)));
    expect(appended.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2, 3]);
    expect(await found(topic)).toEqual(["m0", "m1", "m2", "m3"]);
  });

  test("ends where a guard has taken in what was refused", async () => {
    const { log, api, failures } = await faultyLog();
    api.plan = () => NO_ROOM;
    const guard: AppendGuard = { original: () => undefined, require: () => {}, written: () => {} };
    const [append] = log.append([{ ...entry("a"), guard }]);
    await expect(append).rejects.toMatchObject({ code: "storage_full" });
    expect(failures).toEqual(["refused"]);
    await expect(single(log, "b")).rejects.toMatchObject({ code: "topic_unavailable" });
  });

  test("ends when it cannot learn what became of an append, and says of which nobody knows", async () => {
    const { log, api, topic, failures, shared } = await faultyLog();
    await appendAll(log, ["a"]);
    giveUpSoon(shared);
    api.plan = planOf("lose_ack", ...Array.from({ length: 1000 }, (): Fault => "drop"));
    const outcomes = await within("outcomes", Promise.allSettled(several(log, 6)));
    const codes = outcomes.map(
      (each) => each.status === "rejected" && (each.reason as { code: string }).code,
    );
    expect(codes).toEqual(["sync_failed", ...Array.from({ length: 5 }, () => "topic_unavailable")]);
    expect(failures).toEqual(["unresolved"]);
    expect(await textsOf(log)).toEqual(["a"]);
    api.plan = () => "pass";
    const { log: again } = await openTopicLog(shared, topic);
    expect(await textsOf(again)).toEqual(["a", "m0"]);
    await appendAll(again, ["b"]);
    expect(await found(topic)).toEqual(["a", "m0", "b"]);
  });

  test("fails loudly when NATS ends before what it had acknowledged", async () => {
    const { log, api, failures, shared } = await faultyLog();
    await appendAll(log, ["a", "b"]);
    giveUpSoon(shared);
    api.plan = () => new JetStreamError(10071, "wrong last sequence: 1");
    await expect(single(log, "c")).rejects.toMatchObject({ reason: /NATS has lost messages/ });
    expect(failures).toEqual(["data_lost"]);
  });

  test("is not taken over again by the server that knows of acknowledged messages that are not there", async () => {
    const { log, api, shared, topic } = await faultyLog();
    await appendAll(log, ["a", "b"]);
    await log.close();
    giveUpSoon(shared);
    api.seenLastSequence = 2;
    await expect(openTopicLog(shared, topic)).rejects.toMatchObject({
      code: "topic_unavailable",
      reason: /has lost messages.*ends at message 2, and had 4; .*restart the server that has the topic$/,
    });
    api.seenLastSequence = undefined;
    const { log: again } = await openTopicLog(shared, topic);
    expect(await textsOf(again)).toEqual(["a", "b"]);
  });

  test("ends when its stream is deleted elsewhere", async () => {
    const { log, shared, topic, failures } = await faultyLog();
    await appendAll(log, ["a"]);
    await shared.api.deleteStream(shared.names.logStream(topic));
    await expect(within("the append", single(log, "b"))).rejects.toMatchObject({ reason: /was deleted/ });
    expect(failures).toEqual(["deleted"]);
  });

  test("begins no segment when NATS has no room, and begins it later", async () => {
    const shared = await newServer(nats.current, {
      limits: FAST,
      seen: ({ connection }) => new FaultyApi(connection),
    });
    const topic = await newTopic(shared);
    const { log } = await openTopicLog(shared, topic, { segmentSizeBytes: 1024 });
    const api = shared.api as FaultyApi;
    await single(log, "x".repeat(900));
    api.plan = () => NO_ROOM;
    await expect(single(log, "y".repeat(900))).rejects.toMatchObject({ code: "storage_full" });
    expect((await log.describe()).segments).toHaveLength(1);
    api.plan = planOf("lose_ack", "drop", "lose_ack");
    expect(await within("the append", single(log, "y".repeat(900)))).toMatchObject({ baseOffset: 1 });
    expect((await log.describe()).segments.map(({ baseOffset }) => baseOffset)).toEqual([0, 1]);
  });

  test("waits for NATS to come back, and refuses what waits for too long", async () => {
    const { log, topic, shared, failures } = await newTopicLog(
      nats.current,
      {},
      { limits: { engineResolveMs: 400, engineRetryMs: 5, engineReconnectMs: 20 } },
    );
    await appendAll(log, ["a"]);
    const [server] = nats.current.servers;
    const lost = new Promise<void>((resolve) => shared.api.connection.onLost(resolve));
    await server!.kill();
    await within("the loss of the connection", lost);
    for (const outcome of await within("refusals", Promise.allSettled(several(log, 2)))) {
      expect(outcome).toMatchObject({
        status: "rejected",
        reason: { code: "topic_unavailable", reason: /cannot be reached.*nothing was stored/ },
      });
    }
    await expect(single(log, "x")).rejects.toMatchObject({ code: "topic_unavailable" });
    expect(await textsOf(log)).toEqual(["a"]);
    const back = new Promise<void>((resolve) => shared.api.connection.onBack(resolve));
    await server!.restart();
    await within("the connection", back);
    // One that waits for too long again is refused again.
    await expect.poll(() => single(log, "b").catch(() => undefined)).toMatchObject({ baseOffset: 1 });
    expect(failures).toEqual([]);
    expect(await found(topic)).toEqual(["a", "b"]);
  });
});
