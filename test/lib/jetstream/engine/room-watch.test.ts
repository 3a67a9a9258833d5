import { expect, onTestFinished, test } from "vitest";
import { silentLogger } from "../../../../lib/base/logger.ts";
import { nodeRuntime } from "../../../../lib/base/runtime.ts";
import type { Varz } from "../../../../lib/jetstream/engine/monitors.ts";
import { RoomWatch } from "../../../../lib/jetstream/engine/room-watch.ts";
import { LIMITS } from "../../../../lib/limits.ts";

const limits = { ...LIMITS, engineRoomMs: 5 };
const config = { max_storage: 1000 };

function server(name: string, storage: number): Varz {
  return { server_name: name, jetstream: { config, stats: { storage } } };
}

/** Watches what `ask` gives, until the running test is over. */
async function watch(ask?: () => readonly Varz[]): Promise<RoomWatch> {
  const monitor = ask && { ask: () => Promise.resolve({ servers: ask(), missing: undefined }) };
  const room = new RoomWatch({ monitor, runtime: nodeRuntime, logger: silentLogger, limits });
  onTestFinished(() => room.end());
  await room.begin();
  return room;
}

test("there is room until one of the servers has used 90 % of it, and again when it has not", async () => {
  let used = 899;
  const room = await watch(() => [server("n1", 0), server("n2", used)]);
  expect(room.shortage).toBeUndefined();
  expect(room.usedRatio).toBe(0.899);
  used = 900;
  await expect.poll(() => room.shortage).toContain("n2 has used 90 % of its room for streams");
  used = 899;
  await expect.poll(() => room.shortage).toBeUndefined();
});

test("a server that says nothing of its room hides no other one", async () => {
  const room = await watch(() => [{}, { jetstream: {} }, server("n3", 2000)]);
  expect(room.shortage).toContain("n3 has used 200 %");
  expect(room.usedRatio).toBe(2);
  expect(await watch(() => [{}])).toMatchObject({ shortage: undefined, usedRatio: undefined });
});

test("where nobody tells there is room", async () => {
  expect(await watch()).toMatchObject({ shortage: undefined, usedRatio: undefined });
});
