/** How long a topic takes to open after a kill, when it has producers and keys to remember, and what these take. */
import { cpSync } from "node:fs";
import { type Bench, call } from "../bench.ts";
import type { RequestHeaders } from "../load/http-connection.ts";
import { payloadOf } from "../messages.ts";
import type { Contender, Row, Sample, Workload } from "../workload.ts";

const PRODUCERS = 10_000;
const KEYS = 100_000;
const CONNECTIONS = 32;
const PAYLOAD = Buffer.from(payloadOf(0, 256));

const PLAIN = "start after kill -9, plain messages";
const REMEMBERING = "start after kill -9, producers and keys";

const BY_PRODUCER: RequestHeaders = {
  fixed: ["Producer-Epoch: 0", "Producer-Seq: 0"],
  counted: "Producer-Id",
};
const BY_KEY: RequestHeaders = { counted: "Idempotency-Key" };

export const REMEMBERING_ONCE: Workload = {
  name: "remembering",
  title: `a topic of ${PRODUCERS + KEYS} messages, with ${PRODUCERS} producers and ${KEYS} idempotency keys`,
  targets: [
    {
      row: REMEMBERING,
      figure: "tookMs",
      bound: "at most",
      of: [100, { factor: 1, row: PLAIN, figure: "tookMs" }],
    },
    {
      row: REMEMBERING,
      figure: "memoryMiB",
      bound: "at most",
      of: [40, { factor: 1, row: PLAIN, figure: "memoryMiB" }],
    },
  ],
  run: runRemembering,
};

async function runRemembering(bench: Bench): Promise<Row[]> {
  const plain = await killedFolder(bench, [[undefined, PRODUCERS + KEYS]]);
  const remembering = await killedFolder(bench, [
    [BY_PRODUCER, PRODUCERS],
    [BY_KEY, KEYS],
  ]);
  return await bench.rounds([opening(bench, PLAIN, plain), opening(bench, REMEMBERING, remembering)]);
}

/** What a server leaves that is killed while it publishes nothing. */
async function killedFolder(
  bench: Bench,
  parts: readonly (readonly [headers: RequestHeaders | undefined, count: number])[],
): Promise<string> {
  const folder = bench.newPath();
  const server = await bench.startNetlog(folder);
  await call(server, "/topic", JSON.stringify({ durability: "written" }));
  for (const [headers, count] of parts) {
    bench.progress.show(`${count} messages`);
    await bench.run("repeat", {
      port: server.port,
      method: "POST",
      paths: new Array<string>(CONNECTIONS).fill("/topic/payload"),
      body: PAYLOAD,
      headers,
      expectedStatus: 201,
      expectedBodies: [],
      messagesEach: 1,
      count,
      durationMs: Number.MAX_SAFE_INTEGER,
    });
  }
  await server.stop("SIGKILL");
  return folder;
}

function opening(bench: Bench, name: string, killed: string): Contender {
  const measure = async (): Promise<Sample> => {
    const folder = bench.newPath();
    // The lock of the server is a socket, which nothing copies.
    cpSync(killed, folder, { recursive: true, filter: (path) => !path.endsWith(".lock") });
    const startedAtMs = performance.now();
    const server = await bench.startNetlog(folder);
    const tookMs = performance.now() - startedAtMs;
    const memoryMiB = server.memoryMiB();
    await server.stop("SIGKILL");
    return { tookMs, ...(memoryMiB === undefined ? {} : { memoryMiB }) };
  };
  return { name, measure };
}
