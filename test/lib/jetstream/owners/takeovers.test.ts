import { expect, test } from "vitest";
import { silentLogger } from "../../../../lib/base/logger.ts";
import { encodeClaim } from "../../../../lib/jetstream/log/claim.ts";
import { CLAIM_KIND, encodeMessage } from "../../../../lib/jetstream/log/envelope.ts";
import { JetStreamError } from "../../../../lib/jetstream/nats/errors.ts";
import type { StoredMessage } from "../../../../lib/jetstream/nats/jetstream-api.ts";
import { EngineNames } from "../../../../lib/jetstream/nats/names.ts";
import type { StreamInfo } from "../../../../lib/jetstream/nats/stream-config.ts";
import { OwnerTable } from "../../../../lib/jetstream/owners/owner-table.ts";
import { Takeovers } from "../../../../lib/jetstream/owners/takeovers.ts";
import type { Presence } from "../../../../lib/jetstream/servers/presence.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import { ManualRuntime } from "../../../support/manual-runtime.ts";

/** Lets go of a topic. */
function release(): StoredMessage {
  const body = encodeClaim({ owner: null, url: null, endOffset: 0, timestampMs: 0, at: 0 });
  const segment = { sequence: 1, baseOffset: 0, sizeBytes: 0 };
  const data = encodeMessage({ kind: CLAIM_KIND, epoch: 1, uid: { high: 0, low: 0 }, segment }, [body]);
  return { sequence: 1, subject: "", data };
}

/** A topic that nobody has, and cannot be opened. */
async function openTakeovers(newest: StoredMessage | null = release()) {
  const runtime = new ManualRuntime();
  let isThere = true;
  const leadersMessage = () => {
    return isThere
      ? Promise.resolve(newest ?? undefined)
      : Promise.reject(new JetStreamError(10059, "stream not found"));
  };
  const streamInfo = () => Promise.resolve({ state: { last_seq: 1 } } as StreamInfo);
  const table = new OwnerTable({ leadersMessage, streamInfo }, new EngineNames());
  await table.look("topic");
  const presence = { isAlive: () => false, takers: ["self"] } as unknown as Presence;
  const self = { incarnation: "self", url: undefined };
  const takeovers = new Takeovers({ table, presence, self, runtime, logger: silentLogger, limits: LIMITS });
  let tries = 0;
  const letGo: string[] = [];
  const topics = {
    serves: () => false,
    failedTopic: () => ({}),
    takeUp: () => {
      tries += 1;
      return Promise.resolve();
    },
    letGo: async (name: string) => void letGo.push(name),
  };
  const remove = (): void => {
    isThere = false;
  };
  return {
    isDue: () => takeovers.isDue("topic"),
    letGo,
    remove,
    topics,
    runtime,
    take: () => takeovers.take("topic", topics),
    tries: () => tries,
  };
}

test("a topic that could not be taken up is tried again after a while, and not by a round that had it on its list", async () => {
  const { runtime, take, tries } = await openTakeovers();
  await Promise.all([take(), take()]);
  await take();
  expect(tries()).toBe(1);
  await runtime.advance(LIMITS.engineSilenceMs);
  await take();
  expect(tries()).toBe(2);
});

test("a topic that is deleted while it is taken up has not failed, and is let go of", async () => {
  const { take, topics, remove, letGo } = await openTakeovers();
  topics.takeUp = async () => remove();
  await take();
  expect(letGo).toEqual(["topic"]);
});

test("a topic that nobody has claimed yet is left to its maker for a while", async () => {
  const { runtime, isDue } = await openTakeovers(null);
  expect(isDue()).toBe(false);
  await runtime.advance(LIMITS.engineAckMs - 1);
  expect(isDue()).toBe(false);
  await runtime.advance(1);
  expect(isDue()).toBe(true);
});
