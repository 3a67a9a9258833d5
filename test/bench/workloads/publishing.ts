/** What the workloads that publish single messages share: the load, and the check that all of it is there. */
import { type Bench, call, sampleOf } from "../bench.ts";
import type { RequestHeaders } from "../load/http-connection.ts";
import type { LoadResult } from "../load/load-result.ts";
import { hasWrk, runWrk } from "../load/wrk.ts";
import { payloadOf } from "../messages.ts";
import { addCommands } from "../servers/redis-protocol.ts";
import type { ServerProcess } from "../servers/server-process.ts";
import type { RedisPolicy } from "../servers/start.ts";
import type { Contender, Sample } from "../workload.ts";

export interface Publishing {
  readonly messageBytes: number;
  readonly connections: number;
  readonly headers?: RequestHeaders;
  /** 201 where nothing is said. */
  readonly expectedStatus?: number;
}

/** POSTs one message again and again: by wrk where it is installed. */
export function publishTo(
  bench: Bench,
  server: ServerProcess,
  path: string,
  { messageBytes, connections, headers, expectedStatus = 201 }: Publishing,
): Promise<LoadResult> {
  const { port } = server;
  const { roundMs: durationMs } = bench.options;
  const body = payloadOf(0, messageBytes);
  if (hasWrk()) return runWrk({ port, method: "POST", path, connections, body, headers, durationMs });
  return bench.run("repeat", {
    port,
    method: "POST",
    paths: new Array<string>(connections).fill(path),
    body: Buffer.from(body),
    headers,
    expectedStatus,
    expectedBodies: [Buffer.alloc(0)],
    messagesEach: 1,
    count: Number.MAX_SAFE_INTEGER,
    durationMs,
  });
}

/** A server that takes POSTs on `path` and is not read back. */
export function publisher(
  bench: Bench,
  name: string,
  server: ServerProcess,
  path: string,
  publishing: Publishing,
): Contender {
  return { name, measure: () => sampleOf(server, () => publishTo(bench, server, path, publishing)) };
}

/** A topic of our own, which is read back at the end. Messages go through `front`, where there is another server. */
export async function netlogPublisher(
  bench: Bench,
  name: string,
  server: ServerProcess,
  durability: "written" | "synced",
  publishing: Publishing,
  front: ServerProcess = server,
): Promise<Contender> {
  const topic = name.replaceAll(/[^a-z0-9]+/gi, "-");
  await call(server, `/${topic}`, JSON.stringify({ durability }));
  let answered = 0;
  let rounds = 0;
  const load = async (): Promise<LoadResult> => {
    const result = await publishTo(bench, front, `/${topic}/payload`, publishing);
    answered += result.messages;
    rounds += 1;
    return result;
  };
  const check = async (): Promise<void> => {
    const path = `/${topic}/stream?follow=0&format=lines`;
    const payloads = [payloadOf(0, publishing.messageBytes)];
    const job = { port: server.port, path, format: "lines", payloads, untilOffset: undefined } as const;
    const { messages } = await bench.run("drain", job);
    // What was under way at the end of a round is there, and was not counted.
    const isAll = messages >= answered && messages <= answered + rounds * publishing.connections;
    if (!isAll) throw new Error(`${answered} messages were answered, ${messages} are there`);
  };
  return { name, measure: () => sampleOf(server, load), check };
}

/** XADD, one command at a time on each connection; nothing where Redis is not installed. */
export async function redisPublisher(
  bench: Bench,
  policy: RedisPolicy,
  { messageBytes, connections }: Publishing,
): Promise<Contender[]> {
  const server = await bench.startRedis(policy);
  if (server === undefined) return [];
  const commands = Buffer.from(addCommands([payloadOf(0, messageBytes)]));
  const { roundMs: durationMs } = bench.options;
  const job = { port: server.port, connections, commands, commandCount: 1, durationMs };
  const measure = (): Promise<Sample> => sampleOf(server, () => bench.run("pipelineRedis", job));
  return [{ name: `Redis, ${policy}`, measure }];
}

/** The Go NetLog: as it is by default, and writing each message. Nothing where it is not there. */
export async function goPublishers(bench: Bench, publishing: Publishing): Promise<Contender[]> {
  const server = await bench.startGo();
  if (server === undefined) return [];
  await call(server, "/buffering", "{}");
  await call(server, "/writing", JSON.stringify({ batch_num_messages: 1 }));
  return [
    publisher(bench, "Go NetLog", server, "/buffering/payload", publishing),
    publisher(bench, "Go NetLog, each written", server, "/writing/payload", publishing),
  ];
}
