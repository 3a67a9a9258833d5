/** Topics on NATS JetStream beside topics in files, and beside NATS itself: what it costs to outgrow one machine. */
import { type Bench, call, sampleOf } from "../bench.ts";
import { binaryCycle, CYCLE, cycleOf, payloadOf } from "../messages.ts";
import type { NatsCluster } from "../servers/nats.ts";
import { natsSyncsAlways } from "../servers/nats.ts";
import type { ServerProcess } from "../servers/server-process.ts";
import type { Contender, Row, Target, Workload } from "../workload.ts";
import { netlogPublisher } from "./publishing.ts";
import { fillTopic } from "./topics.ts";

const CONNECTIONS = 128;
const BATCH_CONNECTIONS = 4;
const MESSAGE_BYTES = 100;
const IDLE_TOPICS = 200;
const IDLE_MS = 10_000;

const FILES = "netlog, files, written";
const ONE = "netlog, NATS, one copy";
const THREE = "netlog, NATS, three copies";
const ALWAYS = `${THREE}, synced always`;
const FRONT = `${THREE}, through a front`;
const NATS = "NATS itself, three copies";

const perSecond = (row: string, of: Target["of"]): Target => ({
  row,
  figure: "perSecond",
  bound: "at least",
  of,
});
const share = (factor: number, row: string): Target["of"] => [{ factor, row, figure: "perSecond" }];

export const ENGINE: readonly Workload[] = [
  {
    name: "engine-publish",
    title: `publish, ${MESSAGE_BYTES} B, one a request, ${CONNECTIONS} connections, on NATS`,
    targets: [
      perSecond(THREE, share(0.8, FILES)),
      perSecond(ALWAYS, share(0.3, FILES)),
      perSecond(FRONT, share(0.7, THREE)),
    ],
    run: runPublish,
  },
  {
    name: "engine-batch-in",
    title: `batch in, ${CYCLE} × ${MESSAGE_BYTES} B, ${BATCH_CONNECTIONS} connections, on NATS`,
    targets: [perSecond(THREE, [300_000])],
    run: runBatchIn,
  },
  {
    name: "engine-bulk-out",
    title: `bulk out, ${MESSAGE_BYTES} B, frames, from the start, 1 connection, on NATS`,
    targets: [perSecond(THREE, [300_000])],
    run: runBulkOut,
  },
  {
    name: "engine-idle",
    title: `${IDLE_TOPICS} topics that nobody uses, on NATS`,
    targets: [{ row: THREE, figure: "idleCpuPercent", bound: "at most", of: [1] }],
    run: runIdle,
  },
];

interface Started {
  readonly name: string;
  readonly server: ServerProcess;
  readonly nats: NatsCluster | undefined;
}

/** Files, and NATS with one and three copies; the latter where it is installed. */
async function startAll(bench: Bench): Promise<Started[]> {
  const started: Started[] = [{ name: FILES, server: await bench.startNetlog(), nats: undefined }];
  for (const [name, copies] of [
    [ONE, 1],
    [THREE, 3],
  ] as const) {
    const nats = await bench.startNats(copies, false);
    if (nats !== undefined) started.push({ name, server: await bench.startNetlogOn(nats), nats });
  }
  return started;
}

async function runPublish(bench: Bench): Promise<Row[]> {
  const publishing = { messageBytes: MESSAGE_BYTES, connections: CONNECTIONS };
  const contenders: Contender[] = [];
  for (const { name, server, nats } of await startAll(bench)) {
    contenders.push(await netlogPublisher(bench, name, server, "written", publishing));
    if (name !== THREE || nats === undefined) continue;
    // The first server has the topic, and the second one sends on.
    const front = await bench.startNetlogOn(nats);
    contenders.push(await netlogPublisher(bench, FRONT, server, "written", publishing, front));
    contenders.push(natsItself(bench, nats));
  }
  if (natsSyncsAlways() === true) {
    const nats = (await bench.startNats(3, true))!;
    const server = await bench.startNetlogOn(nats);
    contenders.push(await netlogPublisher(bench, ALWAYS, server, "synced", publishing));
  }
  return await bench.rounds(contenders);
}

function natsItself(bench: Bench, { url, servers }: NatsCluster): Contender {
  const job = {
    servers: url,
    stream: "bench",
    copies: 3,
    payload: payloadOf(0, MESSAGE_BYTES),
    inFlight: CONNECTIONS,
    durationMs: bench.options.roundMs,
  };
  return { name: NATS, measure: () => sampleOf(servers[0]!, () => bench.run("publishNats", job)) };
}

async function runBatchIn(bench: Bench): Promise<Row[]> {
  const contenders: Contender[] = [];
  for (const { name, server } of await startAll(bench)) {
    await call(server, "/topic", JSON.stringify({ durability: "written", retention_size: 2 ** 30 }));
    const job = {
      port: server.port,
      method: "POST",
      paths: new Array<string>(BATCH_CONNECTIONS).fill("/topic/batch?format=messages"),
      body: binaryCycle(MESSAGE_BYTES),
      expectedStatus: 201,
      expectedBodies: [],
      messagesEach: CYCLE,
      count: Number.MAX_SAFE_INTEGER,
      durationMs: bench.options.roundMs,
    } as const;
    contenders.push({ name, measure: () => sampleOf(server, () => bench.run("repeat", job)) });
  }
  return await bench.rounds(contenders);
}

async function runBulkOut(bench: Bench): Promise<Row[]> {
  const messageCount = bench.options.bulkMessages / 4;
  const payloads = cycleOf(MESSAGE_BYTES);
  const contenders: Contender[] = [];
  for (const { name, server, nats } of await startAll(bench)) {
    await fillTopic(server, { topic: "topic", messageBytes: MESSAGE_BYTES, messageCount }, bench.progress);
    const path = "/topic/stream?follow=0&format=frames";
    const job = { port: server.port, path, format: "frames", payloads, untilOffset: undefined } as const;
    contenders.push({ name, measure: () => sampleOf(server, () => bench.run("drain", job)) });
    if (name === THREE && nats !== undefined) contenders.push(await natsPull(bench, nats));
  }
  return await bench.rounds(contenders);
}

/** Messages one by one, as NATS keeps them when its own client publishes. */
async function natsPull(bench: Bench, { url, servers }: NatsCluster): Promise<Contender> {
  const payload = payloadOf(0, MESSAGE_BYTES);
  const filling = { stream: "bench", copies: 3, payload, inFlight: CONNECTIONS, durationMs: 3000 };
  await bench.run("publishNats", { servers: url, ...filling });
  const job = { servers: url, stream: "bench", batch: 500 };
  return {
    name: `${NATS}, pulled`,
    measure: () => sampleOf(servers[0]!, () => bench.run("pullNats", job)),
  };
}

async function runIdle(bench: Bench): Promise<Row[]> {
  const contenders: Contender[] = [];
  for (const { name, server } of await startAll(bench)) {
    for (let topic = 0; topic < IDLE_TOPICS; topic++) await call(server, `/idle-${topic}`, "{}");
    const measure: Contender["measure"] = async () => {
      const before = server.cpuSeconds()!;
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      const idleCpuPercent = ((server.cpuSeconds()! - before) / (IDLE_MS / 1000)) * 100;
      return { idleCpuPercent, memoryMiB: server.memoryMiB()! };
    };
    contenders.push({ name, measure });
  }
  return await bench.rounds(contenders);
}
