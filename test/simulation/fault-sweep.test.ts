/**
 * One fixed workload, over and over: the first operation of the disk fails, then the second, the third, until a run
 * sees no failure at all.
 */
import { describe, expect, it } from "vitest";
import { isNetlogError, type Netlog, type Topic } from "../../lib/index.ts";
import { LIMITS } from "../../lib/limits.ts";
import { inlineOffload } from "../../lib/message/compression.ts";
import { encodeEntry } from "../../lib/message/message-set.ts";
import { type Fault, FaultyDisk } from "../support/faulty-disk.ts";
import type { MemoryDisk } from "../support/memory-disk.ts";
import { type NetlogFixture, openNetlog } from "../support/netlog-fixture.ts";

/** Everything but what belongs to the topic that must not notice. */
const PATHS = /^(?!.*[/]calm)/;
/** More operations than the workload makes. */
const RUNS_MAX = 400;

interface Sent {
  readonly topic: string;
  readonly text: string;
  /** Set when it was acknowledged. */
  offset?: number;
  /** Set when it was not. */
  code?: string;
}

/** What was told by a run of the workload. */
interface Told {
  readonly sent: Sent[];
  /** Codes of all refusals, of whatever call, in order. */
  readonly codes: string[];
  /** Whether the topics that are made and deleted on the way must be there; undefined when nobody knows. */
  readonly isThere: Map<string, boolean | undefined>;
}

interface Swept extends NetlogFixture {
  readonly faulty: FaultyDisk;
  readonly told: Told;
}

const PLANS: readonly [string, Omit<Fault, "nth">][] = [
  ["EIO, once", { code: "EIO" }],
  ["EIO, from then on", { code: "EIO", lasting: true }],
  ["ENOSPC, once", { code: "ENOSPC", kinds: ["write", "create", "makeFolder", "rename"] }],
  ["ENOSPC, from then on", { code: "ENOSPC", kinds: ["write", "create", "makeFolder"], lasting: true }],
  ["a short write", { code: "ENOSPC", kinds: ["write"], shortBytes: 70 }],
  ["a failing sync", { code: "EIO", kinds: ["sync"] }],
  ["failing syncs of files and folders", { code: "EIO", kinds: ["sync", "syncFolder"], lasting: true }],
];

describe.each(PLANS)("a disk that fails with %s, wherever that happens", (_name, fault) => {
  it("costs nothing acknowledged, keeps nothing refused, and tells why", { timeout: 300_000 }, async () => {
    let hits = 0;
    for (let nth = 1; nth <= RUNS_MAX; nth++) {
      const swept = await runOnce({ ...fault, nth, path: PATHS });
      const { hit } = swept.faulty;
      if (hit === undefined) {
        expect(swept.told.codes).toEqual([]);
        break;
      }
      hits++;
      const where = `operation ${nth}: ${hit.kind} ${hit.path}`;
      expectRightCodes(swept, fault, where);
      await expectNoRetriedSync(swept, where);
      await expectKept(swept.netlog, swept.told, where);
      const { disk, runtime } = swept;
      if (nth % 2 === 0) await swept.netlog.close();
      const left = nth % 2 === 0 ? disk.crashProcess() : disk.crashPower(() => 0);
      const { netlog } = await openNetlog({ disk: left, runtime, limits: { blockBytes: 4096 } });
      expect(netlog.failedTopics(), where).toEqual([]);
      await expectKept(netlog, swept.told, where);
      await expectWhole(netlog, swept.told, where);
    }
    expect(hits).toBeGreaterThan(3);
    expect(hits).toBeLessThan(RUNS_MAX);
  });
});

async function runOnce(fault: Fault): Promise<Swept> {
  let faulty!: FaultyDisk;
  const seen = (inner: MemoryDisk) => {
    faulty = new FaultyDisk(inner);
    return faulty;
  };
  const fixture = await openNetlog({ seen, limits: { blockBytes: 4096, tailBytes: 4096 } });
  const settings = { segment_size: 1024, retention_size: 3000 };
  await fixture.netlog.createTopic("calm");
  await fixture.netlog.createTopic("busy", settings);
  faulty.plan(fault);
  const told: Told = { sent: [], codes: [], isThere: new Map() };
  await work(fixture, told);
  const { hit } = faulty;
  faulty.plan();
  faulty.hit = hit;
  return { ...fixture, faulty, told };
}

async function work({ netlog, runtime }: NetlogFixture, told: Told): Promise<void> {
  const busy = netlog.topic("busy");
  await publish(busy, told, ["one", "two", "three"]);
  await calm(netlog, told);
  await publish(busy, told, ["large ".padEnd(900, "x"), "behind it"]);
  await publishBatch(busy, told, ["batch 0", "batch 1", "batch 2"]);
  const scanner = await attempt(told, busy.createScanner({ from: 0, persist: true }));
  for (let i = 0; i < 2; i++) (await attempt(told, scanner?.scan({ waitMs: 0 })))?.settle(true);
  await attempt(told, busy.sync());
  await calm(netlog, told);
  await makeAndDelete(netlog, told);
  for (let i = 0; i < 5; i++) await publish(busy, told, [`${i}`.padEnd(900, "y")]);
  await runtime.advance(10_000);
  if (scanner !== undefined) await attempt(told, busy.deleteScanner(scanner.id));
  await calm(netlog, told);
}

async function makeAndDelete(netlog: Netlog, told: Told): Promise<void> {
  for (const name of ["kept", "deleted"]) {
    told.isThere.set(name, undefined);
    const before = told.codes.length;
    const topic = await attempt(told, netlog.createTopic(name));
    if (topic !== undefined) await publish(topic, told, [`in ${name}`]);
    const isUnknown = topic === undefined && told.codes[before] === "sync_failed";
    if (!isUnknown) told.isThere.set(name, topic !== undefined);
  }
  if (told.isThere.get("deleted") !== true) return;
  told.isThere.set("deleted", undefined);
  if (
    (await attempt(
      told,
      netlog.deleteTopic("deleted", { force: false }).then(() => true),
    )) === true
  ) {
    told.isThere.set("deleted", false);
  }
}

/** What the promise gives; `undefined` and a code noted when it is refused. */
async function attempt<T>(told: Told, promise: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (!isNetlogError(error)) throw error;
    told.codes.push(error.code);
    return undefined;
  }
}

async function publish(topic: Topic, told: Told, texts: readonly string[]): Promise<void> {
  const each = texts.map(async (text) => {
    const before = { topic: topic.name, text };
    const published = topic.publish({ payload: Buffer.from(text) });
    await note(told, [before], published);
  });
  await Promise.all(each);
}

async function publishBatch(topic: Topic, told: Told, texts: readonly string[]): Promise<void> {
  const messages = texts.map((text) => ({ payload: Buffer.from(text) }));
  const entry = await encodeEntry(messages, 0, messages.length, 1, inlineOffload, LIMITS);
  const batch = texts.map((text) => ({ topic: topic.name, text }));
  await note(told, batch, topic.publishBatch({ entry, count: messages.length }));
}

async function note(
  told: Told,
  messages: readonly Sent[],
  published: Promise<{ readonly offset: number }>,
): Promise<void> {
  told.sent.push(...messages);
  try {
    const { offset } = await published;
    for (const [index, message] of messages.entries()) message.offset = offset + index;
  } catch (error) {
    if (!isNetlogError(error)) throw error;
    told.codes.push(error.code);
    for (const message of messages) message.code = error.code;
  }
}

/** The topic beside: nothing of it fails. */
async function calm(netlog: Netlog, told: Told): Promise<void> {
  const topic = netlog.topic("calm");
  const text = `calm ${told.sent.length}`;
  const { offset } = await topic.publish({ payload: Buffer.from(text) });
  expect((await topic.message(offset)).payload.toString()).toBe(text);
  told.sent.push({ topic: "calm", text, offset });
}

/** 507 where there was no room and nothing else was wrong, 503 for all else. */
function expectRightCodes({ told, faulty }: Swept, fault: Omit<Fault, "nth">, where: string): void {
  const { hit } = faulty;
  const isFull = fault.code === "ENOSPC";
  const allowed = isFull
    ? ["storage_full", "sync_failed", "topic_unavailable"]
    : ["topic_unavailable", "sync_failed"];
  // A scan finds nothing where nothing was taken.
  const others = told.codes.filter((code) => !allowed.includes(code) && code !== "end_of_topic");
  expect(others, where).toEqual([]);
  if (told.codes.length === 0) return;
  if (isFull && hit?.kind !== "rename") expect(told.codes[0], where).toBe("storage_full");
  if (hit?.kind === "sync" && /busy[/]\d+[.]data$/.test(hit.path)) {
    expect(told.codes[0], where).toMatch(/^(sync_failed|topic_unavailable)$/);
  }
}

/** After a sync that failed the topic takes nothing until it is opened anew, although the disk is well again. */
async function expectNoRetriedSync({ netlog, told }: Swept, where: string): Promise<void> {
  if (!told.sent.some(({ topic, code }) => topic === "busy" && code === "sync_failed")) return;
  const busy = netlog.topic("busy");
  await expect(busy.publish({ payload: Buffer.from("no") }), where).rejects.toMatchObject({
    code: "topic_unavailable",
  });
  await expect(busy.sync(), where).rejects.toMatchObject({ code: "topic_unavailable" });
}

/** Acknowledged is there, at its offset; refused is nowhere. */
async function expectKept(netlog: Netlog, told: Told, where: string): Promise<void> {
  for (const name of netlog.topicNames()) {
    if (netlog.failedTopics().some((failed) => failed.name === name)) continue;
    const texts = await textsOf(netlog.topic(name));
    for (const { topic, text, offset, code } of told.sent) {
      if (topic !== name) continue;
      const isDropped = offset !== undefined && offset < texts.firstOffset;
      if (offset !== undefined && !isDropped) expect(texts.at(offset), where).toBe(text);
      const isRefused = code !== undefined && code !== "sync_failed" && code !== "topic_not_found";
      if (isRefused) expect(texts.all, where).not.toContain(text);
    }
  }
}

async function textsOf(
  topic: Topic,
): Promise<{ firstOffset: number; all: string[]; at: (offset: number) => string | undefined }> {
  const { first_offset: firstOffset, latest_offset } = await topic.info();
  const all: string[] = [];
  for (let offset = firstOffset; offset <= latest_offset; offset++) {
    all.push((await topic.message(offset)).payload.toString());
  }
  return { firstOffset, all, at: (offset) => all[offset - firstOffset] };
}

/** After the fault is gone everything opens, nothing is damaged, and messages are taken. */
async function expectWhole(netlog: Netlog, told: Told, where: string): Promise<void> {
  expect(netlog.topicNames(), where).toEqual(expect.arrayContaining(["busy", "calm"]));
  for (const [name, isThere] of told.isThere) {
    if (isThere !== undefined) expect(netlog.topicNames().includes(name), `${name}, ${where}`).toBe(isThere);
  }
  for (const name of netlog.topicNames()) {
    const topic = netlog.topic(name);
    expect(await topic.check("first"), where).toEqual([]);
    const { offset } = await topic.publish({ payload: Buffer.from("goes on") });
    expect((await topic.message(offset)).payload.toString(), where).toBe("goes on");
  }
}
