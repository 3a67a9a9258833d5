/** The protocol's own TypeScript client, unmodified, in Node: its producer and its reader over kills of the server. */
import { join } from "node:path";
import { DurableStream, IdempotentProducer, stream } from "@durable-streams/client";
import { expect, onTestFinished, test } from "vitest";
import { type BuiltServer, startServing } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const KILLS = 3;
const NUMBERS_A_LIFE = 100;

async function serve(folder: string, listen: string): Promise<BuiltServer> {
  const server = await startServing(["serve", "-listen", listen, "-dir", join(folder, "data")]);
  onTestFinished(async () => {
    await server.kill();
  });
  return server;
}

/** What a reader was given, and when it has so much. */
class Given {
  readonly numbers: number[] = [];
  #wake = (): void => {};

  add(numbers: readonly number[]): void {
    this.numbers.push(...numbers);
    this.#wake();
  }

  async has(count: number, what: string): Promise<void> {
    const there = new Promise<void>((resolve) => {
      this.#wake = () => {
        if (this.numbers.length >= count) resolve();
      };
      this.#wake();
    });
    await within(`${count} numbers by ${what}`, there);
  }
}

/** Reads until the stream is closed: where a connection breaks, behind what it was given last. */
async function read(url: string, live: "sse" | "long-poll", given: Given): Promise<void> {
  let next = "-1";
  for (let isClosed = false; !isClosed; ) {
    const reader = await stream<number>({ url, offset: next, live, json: true });
    reader.subscribeJson(async ({ items, offset }) => {
      given.add(items);
      next = offset;
    });
    await reader.closed.catch(() => {});
    // What came last is given out behind the end.
    while (next !== reader.offset) await new Promise(setImmediate);
    isClosed = reader.streamClosed;
  }
}

test.each(["sse", "long-poll"] as const)(
  "what its producer appends over kills, its reader by %s has once and in order",
  async (live) => {
    const folder = temporaryFolder();
    let server = await serve(folder, "127.0.0.1:0");
    const { port } = server;
    const url = `${server.url}/-/streams/numbers/${live}`;
    const handle = await DurableStream.create({ url, contentType: "application/json" });
    let isUp = Promise.resolve();
    // The producer leaves it to its user to send again what got no answer, under the same numbers.
    const sendAgain: typeof fetch = async (...request) => {
      for (;;) {
        await isUp;
        const answer = await fetch(...request).catch(() => undefined);
        if (answer !== undefined) return answer;
      }
    };
    const failures: unknown[] = [];
    const producer = new IdempotentProducer(handle, "counter", {
      lingerMs: 1,
      maxBatchBytes: 64,
      fetch: sendAgain,
      onError: (error) => failures.push(error),
    });
    const given = new Given();
    const ended = read(url, live, given);

    let next = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      for (const end = next + NUMBERS_A_LIFE; next < end; next++) producer.append(String(next));
      // Some are on their way, and their answers are lost.
      await given.has(next - NUMBERS_A_LIFE / 2, live);
      let tellUp = (): void => {};
      isUp = new Promise((resolve) => {
        tellUp = resolve;
      });
      await server.kill();
      server = await serve(folder, `127.0.0.1:${port}`);
      tellUp();
    }
    await within("the producer's end", producer.close());
    await given.has(next, live);
    await within("the end of the stream", ended);
    expect(failures).toEqual([]);
    expect(given.numbers).toEqual(Array.from({ length: next }, (_, index) => index));
    const head = await handle.head();
    expect(head).toMatchObject({ streamClosed: true });
  },
);
