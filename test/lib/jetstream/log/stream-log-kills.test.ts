/**
 * Servers of NATS are killed and frozen under appends, and logs are taken over meanwhile. What each append was answered is
 * recorded, and held against what is there in the end.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import { isNetlogError } from "../../../../lib/base/errors.ts";
import type { StreamLog } from "../../../../lib/jetstream/log/stream-log.ts";
import type { EngineShared } from "../../../../lib/jetstream/log/stream-log-options.ts";
import { within } from "../../../support/deadline.ts";
import { entry } from "../../../support/log-fixture.ts";
import { hasNats, Nats, natsSyncsAlways } from "../../../support/nats.ts";
import { seededRandom } from "../../../support/seeded-random.ts";
import { isSoak } from "../../../support/soak.ts";
import { newServer, newTopic, openTopicLog, textsOf } from "./stream-log-fixture.ts";

const LIMITS = { engineAckMs: 1000, engineResolveMs: 20_000, engineReconnectMs: 50 };
const WRITERS = 8;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Each text is appended once, by one call. */
interface Answered {
  readonly text: string;
  /** `undefined`: nobody knows; a number: its offset; `refused`: nothing was stored. */
  readonly outcome: number | "refused" | undefined;
}

/** Writers of one topic, which take its log over anew where it has failed, or when they are to. */
class Load {
  readonly answers: Answered[] = [];
  readonly #servers: readonly EngineShared[];
  readonly #topic: string;
  #log: Promise<StreamLog>;
  #opened = 0;
  #isOver = false;
  #count = 0;

  constructor(servers: readonly EngineShared[], topic: string) {
    this.#servers = servers;
    this.#topic = topic;
    this.#log = this.#open();
  }

  get storedCount(): number {
    return this.answers.filter(({ outcome }) => typeof outcome === "number").length;
  }

  /** Another server takes the log over, while the one that has it may be in the middle of anything. */
  takeOver(): void {
    this.#log = this.#open();
  }

  start(): () => Promise<void> {
    const writers = Promise.all(Array.from({ length: WRITERS }, () => this.#write()));
    return async () => {
      this.#isOver = true;
      await within("writers", writers);
    };
  }

  async #open(): Promise<StreamLog> {
    const shared = this.#servers[this.#opened++ % this.#servers.length]!;
    for (;;) {
      try {
        return (await openTopicLog(shared, this.#topic, { segmentSizeBytes: 20_000 })).log;
      } catch (error) {
        if (!isNetlogError(error, "topic_unavailable") || this.#isOver) throw error;
      }
    }
  }

  async #write(): Promise<void> {
    while (!this.#isOver) {
      const log = this.#log;
      const text = `m${this.#count++}`;
      try {
        const [appended] = await Promise.all((await log).append([entry(text)]));
        this.answers.push({ text, outcome: appended!.baseOffset });
      } catch (error) {
        const isUnknown = isNetlogError(error, "sync_failed");
        this.answers.push({ text, outcome: isUnknown ? undefined : "refused" });
        if (log === this.#log) this.takeOver();
        await pause(5);
      }
    }
  }
}

/** @throws where the promises of the log are broken. */
function judge(answers: readonly Answered[], stored: readonly string[]): void {
  const places = new Map(stored.map((text, offset) => [text, offset]));
  expect(places.size, "each text is stored once").toBe(stored.length);
  const wrong = answers.filter(({ text, outcome }) => {
    if (outcome === undefined) return false;
    return outcome === "refused" ? places.has(text) : places.get(text) !== outcome;
  });
  expect(wrong).toEqual([]);
  const known = new Set(answers.map(({ text }) => text));
  expect(stored.filter((text) => !known.has(text))).toEqual([]);
}

async function run(
  nats: Nats,
  copies: number,
  faults: (load: Load) => AsyncGenerator<void, void, void>,
): Promise<void> {
  const servers = [await newServer(nats, { limits: LIMITS }), await newServer(nats, { limits: LIMITS })];
  const topic = await newTopic(servers[0]!, copies);
  const load = new Load(servers, topic);
  const stop = load.start();
  await expect.poll(() => load.storedCount).toBeGreaterThan(50);
  for await (const _ of faults(load)) {
    const { storedCount } = load;
    await expect
      .poll(() => load.storedCount, { message: "appends behind a fault" })
      .toBeGreaterThan(storedCount);
  }
  await stop();
  const { log } = await openTopicLog(await newServer(nats, { limits: LIMITS }), topic);
  judge(load.answers, await textsOf(log));
  for await (const step of log.verify(0)) expect(step.kind).toBe("frames");
}

async function startNats(servers: 1 | 3): Promise<Nats> {
  const nats = await Nats.start({ servers });
  onTestFinished(() => nats.remove());
  return nats;
}

describe.skipIf(!hasNats)("a log on NATS loses nothing that it acknowledged, and has nothing twice", () => {
  test("when its one server is killed and started again", async () => {
    const nats = await startNats(1);
    const [server] = nats.servers;
    const random = seededRandom(1);
    await run(nats, 1, async function* () {
      for (let kill = 0; kill < (isSoak ? 100 : 5); kill++) {
        await pause(random() * 100);
        await server!.kill();
        await pause(random() * 50);
        await server!.restart();
        yield;
      }
    });
  });

  test("when servers take it over from each other under load", async () => {
    const nats = await startNats(1);
    const random = seededRandom(2);
    await run(nats, 1, async function* (load) {
      for (let times = 0; times < (isSoak ? 500 : 15); times++) {
        await pause(random() * 10);
        load.takeOver();
        yield;
      }
    });
  });

  // NATS 2.9.10 lost an acknowledged message in 2 of 134 runs of this.
  test.skipIf(!natsSyncsAlways)("when one of three servers after the other is killed or frozen", async () => {
    const nats = await startNats(3);
    const random = seededRandom(3);
    await run(nats, 3, async function* (load) {
      for (let times = 0; times < (isSoak ? 30 : 3); times++) {
        const server = nats.servers[times % 3]!;
        const isFrozen = random() < 0.5;
        if (isFrozen) server.freeze();
        else await server.kill();
        if (random() < 0.5) load.takeOver();
        yield;
        if (isFrozen) server.thaw();
        else await server.restart();
        yield;
      }
    });
  });
});
