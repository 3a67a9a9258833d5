/** The built server on a real folder, killed again and again under load: what it answered is there in the end. */
import { expect, onTestFinished, test } from "vitest";
import { type BuiltServer, startBuiltServer } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const KILLS = 24;
const CLIENTS = { publish: 12, batch: 4, scan: 4 };
const BATCH = 50;
/** Answered messages between two kills. */
const ANSWERED_A_LIFE = 120;

type Act = keyof typeof CLIENTS;

/** The server as its clients know it: where it is, whether it was killed, and what was cut off by that. */
class Target {
  readonly #folder: string;
  server!: BuiltServer;
  isOver = false;
  #up: Deferred = deferred();
  readonly #killed = new WeakSet<BuiltServer>();
  /** Requests that were begun and got no answer because of a kill. */
  readonly cut: Record<Act, number> = { publish: 0, batch: 0, scan: 0 };

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(): Promise<void> {
    this.server = await startBuiltServer(this.#folder);
    this.#up.resolve();
  }

  async kill(): Promise<void> {
    this.#up = deferred();
    this.#killed.add(this.server);
    await this.server.kill();
  }

  async fetch(path: string, body?: string, method = "POST"): Promise<Response> {
    return await fetch(`${this.server.url}/t${path}`, { method, ...(body === undefined ? {} : { body }) });
  }

  /** Does it over and over; what a kill cuts off is counted, and nobody knows what became of it. */
  async repeat(act: Act, once: () => Promise<void>): Promise<void> {
    while (!this.isOver) {
      await this.#up.promise;
      const { server } = this;
      try {
        await once();
      } catch (error) {
        // A TypeError is what fetch rejects with when the connection ends.
        if (!(error instanceof TypeError) || !this.#killed.has(server)) throw error;
        this.cut[act]++;
      }
    }
  }
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function deferred(): Deferred {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** What clients were told, by offset. */
class Told {
  readonly answered = new Map<number, string>();
  readonly scanned = new Map<number, string>();
  #wanted = 0;
  #onWanted: () => void = () => {};

  answer(offset: number, payloads: readonly string[]): void {
    for (const [index, payload] of payloads.entries()) {
      expect(this.answered.has(offset + index), `offset ${offset + index} is given once`).toBe(false);
      this.answered.set(offset + index, payload);
    }
    if (this.answered.size >= this.#wanted) this.#onWanted();
  }

  scan(offset: number, payload: string): void {
    const before = this.scanned.get(offset);
    if (before !== undefined) expect(payload).toBe(before);
    this.scanned.set(offset, payload);
  }

  /** Resolves when so many more messages were answered. */
  more(count: number): Promise<void> {
    this.#wanted = this.answered.size + count;
    return new Promise((resolve) => {
      this.#onWanted = resolve;
    });
  }
}

test("nothing answered is lost to two dozen kills while many publish, batch and scan", async () => {
  const target = new Target(temporaryFolder());
  const told = new Told();
  onTestFinished(async () => void (await target.server.kill()));
  await target.start();
  await target.fetch("");
  const { id } = (await (await target.fetch("/scanner?persist=1&from=0")).json()) as { id: string };
  let serial = 0;

  const acts: Record<Act, () => Promise<void>> = {
    async publish() {
      const payload = `single ${serial++}`;
      const reply = await target.fetch("/payload", payload);
      expect(reply.status).toBe(201);
      told.answer(Number(reply.headers.get("x-offset")), [payload]);
    },
    async batch() {
      const lines = linesOf(serial++);
      const reply = await target.fetch("/batch?format=lines", lines.join("\n"));
      expect(reply.status).toBe(201);
      told.answer(Number(reply.headers.get("x-offset")), lines);
    },
    async scan() {
      const reply = await target.fetch(`/scan?id=${id}&wait=1h`);
      const payload = await reply.text();
      expect(reply.status).toBe(200);
      told.scan(Number(reply.headers.get("x-offset")), payload);
    },
  };
  const load = (Object.keys(CLIENTS) as Act[]).flatMap((act) =>
    Array.from({ length: CLIENTS[act] }, () => target.repeat(act, acts[act])),
  );
  const whole = Promise.all(load);

  for (let kill = 1; kill <= KILLS; kill++) {
    await within(`enough answers before kill ${kill}`, Promise.race([told.more(ANSWERED_A_LIFE), whole]));
    await target.kill();
    await target.start();
    // No offset that a publisher or reader got is above the end.
    const { latest_offset: latest } = (await (await target.fetch("", undefined, "GET")).json()) as {
      latest_offset: number;
    };
    expect(latest).toBeGreaterThanOrEqual(Math.max(...told.answered.keys(), ...told.scanned.keys()));
  }
  target.isOver = true;
  // Wakes the scans that wait.
  for (let scan = 0; scan < CLIENTS.scan; scan++) await acts.publish();
  await within("the end of all clients", whole);
  for (const act of Object.keys(CLIENTS) as Act[]) {
    expect(target.cut[act], `${act}, cut off by kills`).toBeGreaterThanOrEqual(KILLS / 4);
  }

  const stored = await storedOf(target);
  for (const [offset, payload] of told.answered) expect(stored[offset]).toBe(payload);
  expectWholeBatches(stored, serial);
  // To the end, by itself: what was given before may come again, and nothing may be left out.
  for (;;) {
    const reply = await target.fetch(`/scan?id=${id}`);
    const payload = await reply.text();
    if (reply.status === 404) break;
    told.scan(Number(reply.headers.get("x-offset")), payload);
  }
  expect([...told.scanned].sort(([a], [b]) => a - b)).toEqual([...stored.entries()]);
});

function linesOf(batch: number): string[] {
  return Array.from({ length: BATCH }, (_, line) => `batch ${batch} line ${line}`);
}

async function storedOf(target: Target): Promise<string[]> {
  expect(await (await target.fetch("/check", undefined, "GET")).json()).toMatchObject({
    message: "topic healthy",
  });
  const { latest_offset } = (await (await target.fetch("", undefined, "GET")).json()) as {
    latest_offset: number;
  };
  const stream = await target.fetch("/stream?follow=0&format=lines", undefined, "GET");
  const stored = (await stream.text()).split("\n").slice(0, -1);
  expect(stored).toHaveLength(latest_offset + 1);
  return stored;
}

/** Each message is one that was posted, once; and batches, answered or not, are there whole or not at all. */
function expectWholeBatches(stored: readonly string[], serialEnd: number): void {
  const seen = new Set<number>();
  for (let offset = 0; offset < stored.length; ) {
    const [kind, number] = stored[offset]!.split(" ");
    const serial = Number(number);
    expect(serial >= 0 && serial < serialEnd && !seen.has(serial), stored[offset]).toBe(true);
    seen.add(serial);
    const expected = kind === "batch" ? linesOf(serial) : [`single ${serial}`];
    expect(stored.slice(offset, offset + expected.length)).toEqual(expected);
    offset += expected.length;
  }
}
