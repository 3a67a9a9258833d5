/** Batches of NetLog's own messages in: what a forwarder does that gathers before it sends. */
import { type Bench, call, sampleOf } from "../bench.ts";
import type { LoadResult } from "../load/load-result.ts";
import { binaryCycle, CYCLE, cycleOf } from "../messages.ts";
import { addCommands, deleteCommand } from "../servers/redis-protocol.ts";
import type { ServerProcess } from "../servers/server-process.ts";
import type { RedisPolicy } from "../servers/start.ts";
import type { Contender, Row, Target, Term, Workload } from "../workload.ts";

const CONNECTIONS = 4;
const RETENTION_BYTES = 2 ** 30;
const WRITTEN = "netlog, written";
const SYNCED = "netlog, synced";

function redisName(policy: RedisPolicy): string {
  return `Redis pipelined, ${policy}`;
}

function targets(messageBytes: number): Target[] {
  const twice = (policy: RedisPolicy): Term => ({ factor: 2, row: redisName(policy), figure: "perSecond" });
  const all: Target[] = [
    { row: WRITTEN, figure: "perSecond", bound: "at least", of: [twice("everysec")] },
    { row: SYNCED, figure: "perSecond", bound: "at least", of: [twice("always")] },
  ];
  if (messageBytes === 100) all.push({ row: WRITTEN, figure: "cpuMicros", bound: "at most", of: [1] });
  return all;
}

export const BATCH_IN: readonly Workload[] = [
  { name: "batch-in", messageBytes: 100, size: "100 B" },
  { name: "batch-in-1k", messageBytes: 1024, size: "1 KiB" },
].map(({ name, messageBytes, size }) => ({
  name,
  title: `batch in, ${CYCLE} × ${size}, ${CONNECTIONS} connections`,
  targets: targets(messageBytes),
  run: (bench) => runBatchIn(bench, messageBytes),
}));

async function runBatchIn(bench: Bench, messageBytes: number): Promise<Row[]> {
  const netlog = await bench.startNetlog();
  return await bench.rounds([
    await batches(bench, WRITTEN, netlog, "written", messageBytes),
    await batches(bench, SYNCED, netlog, "synced", messageBytes),
    ...(await redis(bench, "everysec", messageBytes)),
    ...(await redis(bench, "always", messageBytes)),
  ]);
}

/** A topic that keeps the newest gibibyte, which is read back at the end. */
async function batches(
  bench: Bench,
  name: string,
  server: ServerProcess,
  durability: "written" | "synced",
  messageBytes: number,
): Promise<Contender> {
  await call(server, `/${durability}`, JSON.stringify({ durability, retention_size: RETENTION_BYTES }));
  let published = 0;
  const load = async (): Promise<LoadResult> => {
    const result = await bench.run("repeat", {
      port: server.port,
      method: "POST",
      paths: new Array<string>(CONNECTIONS).fill(`/${durability}/batch?format=messages`),
      body: binaryCycle(messageBytes),
      expectedStatus: 201,
      expectedBodies: [],
      messagesEach: CYCLE,
      count: Number.MAX_SAFE_INTEGER,
      durationMs: bench.options.roundMs,
    });
    published += result.messages;
    return result;
  };
  const check = async (): Promise<void> => {
    const info = await call(server, `/${durability}`);
    const { first_offset: first, latest_offset: latest } = JSON.parse(info) as Record<string, number>;
    const path = `/${durability}/stream?follow=0&format=lines`;
    const payloads = cycleOf(messageBytes);
    const job = { port: server.port, path, format: "lines", payloads, untilOffset: undefined } as const;
    const { messages } = await bench.run("drain", job);
    const isAll = messages === latest! + 1 - first! && latest === published - 1;
    if (!isAll) throw new Error(`${published} messages were answered, the last one there is ${latest}`);
  };
  return { name, measure: () => sampleOf(server, load), check };
}

/** XADD, as many in one pipeline as are in a batch; the stream is emptied after each round, for it is in memory. */
async function redis(bench: Bench, policy: RedisPolicy, messageBytes: number): Promise<Contender[]> {
  const server = await bench.startRedis(policy);
  if (server === undefined) return [];
  const { port } = server;
  const { roundMs: durationMs } = bench.options;
  const add = { commands: Buffer.from(addCommands(cycleOf(messageBytes))), commandCount: CYCLE };
  const measure: Contender["measure"] = async () => {
    await bench.run("sendRedis", { port, commands: Buffer.from(deleteCommand()), replyLines: 1 });
    const job = { port, ...add, connections: CONNECTIONS, durationMs };
    return await sampleOf(server, () => bench.run("pipelineRedis", job));
  };
  return [{ name: redisName(policy), measure }];
}
