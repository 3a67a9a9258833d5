/** Whom a server takes for the owner of a topic while claims are on their way: NATS answers as each test says. */
import { expect, test } from "vitest";
import { silentLogger } from "../../../../lib/base/logger.ts";
import { type Claim, encodeClaim } from "../../../../lib/jetstream/log/claim.ts";
import { EngineCounters } from "../../../../lib/jetstream/log/engine-counters.ts";
import { CLAIM_KIND, encodeMessage } from "../../../../lib/jetstream/log/envelope.ts";
import type { Received } from "../../../../lib/jetstream/nats/connection.ts";
import { NoAnswer } from "../../../../lib/jetstream/nats/errors.ts";
import type { StoredMessage } from "../../../../lib/jetstream/nats/jetstream-api.ts";
import { EngineNames } from "../../../../lib/jetstream/nats/names.ts";
import type { StreamInfo } from "../../../../lib/jetstream/nats/stream-config.ts";
import { OwnerTable } from "../../../../lib/jetstream/owners/owner-table.ts";
import { Owners, type OwnersOptions } from "../../../../lib/jetstream/owners/owners.ts";
import type { Letters } from "../../../../lib/jetstream/servers/dead-letters.ts";
import type { Presence } from "../../../../lib/jetstream/servers/presence.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import { ManualRuntime } from "../../../support/manual-runtime.ts";

const NAMES = new EngineNames();

/** The newest claim, which `owner` made; `undefined`: there is none yet. */
type Newest = StoredMessage | undefined | Error;

function claim(sequence: number, owner: string, given: Partial<Claim> = {}): StoredMessage {
  const url = `http://${owner}`;
  const body = encodeClaim({ owner, url, endOffset: 0, timestampMs: 0, at: 0, ...given });
  const segment = { sequence, baseOffset: 0, sizeBytes: 0 };
  const envelope = { kind: CLAIM_KIND, epoch: sequence, uid: { high: 0, low: sequence }, segment };
  return { sequence, subject: NAMES.ownerSubject("topic"), data: encodeMessage(envelope, [body]) };
}

/** `newest` is what NATS answers, in order; its last one stays. */
async function ownersOver(newest: readonly Newest[], living: readonly string[] = ["a", "b"]) {
  const runtime = new ManualRuntime();
  const left = [...newest];
  const leadersMessage = (): Promise<StoredMessage | undefined> => {
    const answer = left.length > 1 ? left.shift() : left[0];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const streamInfo = () => Promise.resolve({ state: { last_seq: 1 } } as StreamInfo);
  const receivers: ((message: Received) => void)[] = [];
  const subscribe = (_subject: string, receive: (message: Received) => void): (() => void) => {
    receivers.push(receive);
    return () => {};
  };
  const never = () => () => {};
  let refreshCount = 0;
  const presence = { isAlive: (owner: string) => living.includes(owner), isCutOff: false, takers: living };
  const owners = new Owners({
    connection: { isConnected: true, subscribe, onLost: never, onBack: never },
    counters: () => new EngineCounters(),
    names: NAMES,
    table: new OwnerTable({ leadersMessage, streamInfo }, NAMES),
    relay: {} as OwnersOptions["relay"],
    isSynced: () => true,
    room: { usedRatio: undefined },
    letters: { receive: () => () => {} } as unknown as Letters,
    presence: presence as unknown as Presence,
    self: { incarnation: "self", url: undefined },
    // The topic is made when the server has begun.
    refresh: () => Promise.resolve(refreshCount++ === 0 ? [] : ["topic"]),
    runtime,
    logger: silentLogger,
    limits: LIMITS,
  });
  const served = {
    serves: () => false,
    failedTopic: () => undefined,
    takeUp: () => Promise.resolve(),
    letGo: () => Promise.resolve(),
    takeLetter: () => Promise.resolve(),
  };
  await owners.begin(served);
  const hearClaim = async (): Promise<void> => {
    const heard = { subject: NAMES.ownerSubject("topic"), data: Buffer.alloc(0) } as unknown as Received;
    for (const receive of receivers) receive(heard);
    await runtime.pause();
  };
  const advance = async (ms: number): Promise<void> => {
    await runtime.advance(ms);
    await runtime.pause();
  };
  return { owners, hearClaim, advance };
}

test("a claim that is heard before it is stored is looked for again", async () => {
  const { owners, hearClaim, advance } = await ownersOver([claim(1, "a"), claim(1, "a"), claim(2, "b")]);
  await hearClaim();
  expect(owners.ownerOf("topic")).toBe("http://a");
  await hearClaim();
  expect(owners.ownerOf("topic")).toBe("http://a");
  await advance(20);
  expect(owners.ownerOf("topic")).toBe("http://b");
});

test("a topic that nobody has, as far as is known, is looked at before it is refused", async () => {
  const { owners, hearClaim } = await ownersOver([undefined, claim(1, "a")]);
  await hearClaim();
  expect(await owners.ownerOf("topic")).toBe("http://a");
});

test("a topic whose owner is gone is looked at before it is refused", async () => {
  const { owners, hearClaim } = await ownersOver([claim(1, "a"), claim(1, "a"), claim(2, "b")], ["b"]);
  await hearClaim();
  await expect(owners.ownerOf("topic")).rejects.toThrow("no server has the topic now");
  expect(await owners.ownerOf("topic")).toBe("http://b");
});

test("a look that gets no answer is repeated", async () => {
  const { owners } = await ownersOver([new NoAnswer("timeout", "x"), claim(1, "a")]);
  expect(await owners.ownerOf("topic")).toBe("http://a");
});

test("a look is not repeated where NATS refuses, or is not there", async () => {
  const { owners } = await ownersOver([new NoAnswer("not_connected", "x"), claim(1, "a")]);
  await expect(owners.ownerOf("topic")).rejects.toThrow("NATS does not say which server has the topic");
});

test("a topic whose owner has no address, or moves it away, is refused with what is true", async () => {
  const url = null;
  const { owners, hearClaim } = await ownersOver([
    claim(1, "a", { url }),
    claim(2, "b", { url, isMover: true }),
  ]);
  await hearClaim();
  expect(() => owners.ownerOf("topic")).toThrow("says no address (--advertise)");
  await hearClaim();
  expect(() => owners.ownerOf("topic")).toThrow("is being moved from NATS to a data folder");
});
