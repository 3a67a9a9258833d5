import { describe, expect, it } from "vitest";
import { Counters } from "../../../lib/base/counters.ts";
import { LIMITS } from "../../../lib/index.ts";
import type { LogLimits } from "../../../lib/log/index.ts";
import { Remembered } from "../../../lib/topic/remembered.ts";
import { DEFAULT_SETTINGS } from "../../../lib/topic/setting-table.ts";
import { StateWriter } from "../../../lib/topic/state-writer.ts";
import type { StateStore, StateToKeep } from "../../../lib/topic/storage.ts";
import { TopicState } from "../../../lib/topic/topic-state.ts";
import { entry, type LogFixture, newLog } from "../../support/log-fixture.ts";
import { LineLogger } from "../../support/netlog-fixture.ts";
import { rejection } from "../../support/rejection.ts";

/** Keeps nothing, and holds each write until the test lets it go. */
class HeldStore implements StateStore {
  readonly found = undefined;
  readonly isLost = false;
  readonly startsAt = 0;
  keptThrough = 0;
  readonly written: StateToKeep[] = [];
  failure: Error | undefined;
  #isHolding = true;
  #held: (() => void)[] = [];

  async replace(state: StateToKeep): Promise<void> {
    if (this.#isHolding) await new Promise<void>((resolve) => this.#held.push(resolve));
    if (this.failure !== undefined) throw this.failure;
    this.written.push(state);
  }

  hold(): void {
    this.#isHolding = true;
  }

  release(): void {
    this.#isHolding = false;
    for (const resume of this.#held.splice(0)) resume();
  }
}

function state(through: number): StateToKeep {
  return { through, pieces: () => [] };
}

function through({ written }: HeldStore): number[] {
  return written.map((each) => each.through);
}

describe("the writer of a topic's state", () => {
  it("writes one at a time, and the newest of those that wait", async () => {
    const store = new HeldStore();
    const writer = new StateWriter({ topicName: "t", store, logger: new LineLogger() });
    for (const end of [1, 2, 3]) {
      writer.write(state(end));
      await Promise.resolve();
    }
    expect(writer.isBusy).toBe(true);
    store.release();
    await writer.settle();
    expect(through(store)).toEqual([1, 3]);
    expect([writer.isBusy, writer.writtenThrough]).toEqual([false, 3]);
  });

  it("writes nothing older behind a snapshot that was taken in its turn", async () => {
    const store = new HeldStore();
    const writer = new StateWriter({ topicName: "t", store, logger: new LineLogger() });
    writer.write(state(1));
    const inTurn = writer.inTurn((replace) => replace(state(3)));
    await Promise.resolve();
    writer.write(state(2));
    store.release();
    await inTurn;
    await writer.settle();
    expect(through(store)).toEqual([1, 3]);
  });

  it("goes on behind a write that failed, and logs what nobody waits for", async () => {
    const store = new HeldStore();
    const logger = new LineLogger();
    const writer = new StateWriter({ topicName: "t", store, logger });
    store.failure = new Error("no room");
    store.release();
    writer.write(state(1));
    expect(await rejection(writer.inTurn((replace) => replace(state(2))))).toBe(store.failure);
    store.failure = undefined;
    writer.write(state(3));
    await writer.settle();
    expect(through(store)).toEqual([3]);
    expect(logger.messages("warn")).toEqual(["the topic's state could not be written"]);
  });
});

interface OpenState extends LogFixture {
  readonly store: HeldStore;
  readonly topicState: TopicState;
}

/** The state of a topic that is ready to remember. */
async function openState(limits: Partial<LogLimits> = {}): Promise<OpenState> {
  const fixture = await newLog(limits);
  const { log, runtime } = fixture;
  const store = new HeldStore();
  store.release();
  const topicState = await TopicState.open({
    topicName: "t",
    log,
    store,
    settings: { ...DEFAULT_SETTINGS },
    runtime,
    logger: new LineLogger(),
    limits: LIMITS,
    remembered: new Remembered(1000, new Counters()),
  });
  await topicState.ready();
  return { ...fixture, store, topicState };
}

describe("a state that was taken when a sync began", () => {
  it("is written when that sync has ended", async () => {
    const { runtime, store, topicState } = await openState();
    topicState.checkpointed();
    topicState.syncBegins();
    await runtime.turn();
    expect(store.written).toHaveLength(1);
    topicState.syncEnded();
    await runtime.turn();
    expect(store.written).toHaveLength(2);
  });

  it("is not written when the sync has covered less than it speaks of", async () => {
    const { log, runtime, store, topicState } = await openState({ durability: "written" });
    await log.append([entry("a", 1, "written")])[0];
    topicState.checkpointed();
    topicState.syncBegins();
    topicState.syncEnded();
    await runtime.turn();
    expect([log.syncedEndOffset, log.logEndOffset]).toEqual([0, 1]);
    expect(through(store)).toEqual([0]);
  });

  it("is not written after a write or a sync has failed", async () => {
    const { runtime, store, topicState } = await openState();
    topicState.checkpointed();
    topicState.syncBegins();
    topicState.failed();
    topicState.syncEnded();
    topicState.rolled();
    await topicState.close();
    await runtime.turn();
    expect(store.written).toHaveLength(1);
  });
});

describe("closing a topic while its state is being written", () => {
  it("leaves both copies closed before it is answered", async () => {
    const { log, runtime, store, topicState } = await openState();
    store.hold();
    topicState.rolled();
    const closing = log.closeForGood(() => topicState.keepClosed());
    await runtime.turn();
    // Taken before the topic is closed.
    topicState.rolled();
    store.release();
    await closing;
    await runtime.turn();
    const isClosed = store.written.map(({ pieces }) => [...pieces()][0]![1]! & 1);
    expect(isClosed).toEqual([0, 0, 1, 1]);
  });
});
