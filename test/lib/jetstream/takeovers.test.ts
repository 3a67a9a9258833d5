import { expect, test } from "vitest";
import { silentLogger } from "../../../lib/base/logger.ts";
import { JetStreamError } from "../../../lib/jetstream/engine-errors.ts";
import { EngineNames } from "../../../lib/jetstream/names.ts";
import { OwnerTable } from "../../../lib/jetstream/owner-table.ts";
import type { Presence } from "../../../lib/jetstream/presence.ts";
import { Takeovers } from "../../../lib/jetstream/takeovers.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";

/** A topic that nobody has, and cannot be opened. */
async function openTakeovers() {
  const runtime = new ManualRuntime();
  let isThere = true;
  const leadersMessage = () => {
    return isThere
      ? Promise.resolve(undefined)
      : Promise.reject(new JetStreamError(10059, "stream not found"));
  };
  const table = new OwnerTable({ leadersMessage }, new EngineNames());
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
  return { letGo, remove, topics, runtime, take: () => takeovers.take("topic", topics), tries: () => tries };
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
