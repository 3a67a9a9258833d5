/** A whole topic out to one connection, from its start: what a reader does that catches up, or copies. */
import { type Bench, sampleOf } from "../bench.ts";
import type { DrainJob } from "../load/drain.ts";
import { CYCLE, cycleOf } from "../messages.ts";
import { addCommands } from "../servers/redis-protocol.ts";
import type { Contender, Row, Workload } from "../workload.ts";
import { fillTopic } from "./topics.ts";

const MESSAGE_BYTES = 100;
const FRAMES = "netlog, stream, frames";

type Reading = Pick<DrainJob, "path" | "format"> & { readonly name: string; readonly isOneAnswer: boolean };

const READINGS: readonly Reading[] = [
  { name: FRAMES, path: "/topic/stream?follow=0&format=frames", format: "frames", isOneAnswer: true },
  {
    name: "netlog, batches of 8 MiB, frames",
    path: "/topic/batch?format=frames&max=100000",
    format: "frames",
    isOneAnswer: false,
  },
  {
    name: "netlog, stream, lines",
    path: "/topic/stream?follow=0&format=lines",
    format: "lines",
    isOneAnswer: true,
  },
  {
    name: "netlog, stream, NDJSON",
    path: "/topic/stream?follow=0&format=ndjson",
    format: "ndjson",
    isOneAnswer: true,
  },
  {
    name: "netlog, batches of 1000, NDJSON",
    path: "/topic/batch?format=ndjson&max=1000",
    format: "ndjson",
    isOneAnswer: false,
  },
];

export const BULK_OUT: Workload = {
  name: "bulk-out",
  title: "bulk out, 100 B, from the start, 1 connection",
  targets: [{ row: FRAMES, figure: "perSecond", bound: "at least", of: [3_000_000] }],
  run: runBulkOut,
};

async function runBulkOut(bench: Bench): Promise<Row[]> {
  const netlog = await bench.startNetlog();
  const { bulkMessages: messageCount } = bench.options;
  await fillTopic(netlog, { topic: "topic", messageBytes: MESSAGE_BYTES, messageCount }, bench.progress);
  const payloads = cycleOf(MESSAGE_BYTES);
  const readings = READINGS.map(({ name, path, format, isOneAnswer }): Contender => {
    const untilOffset = isOneAnswer ? undefined : messageCount;
    const job = { port: netlog.port, path, format, payloads, untilOffset };
    const load: () => ReturnType<typeof bench.run<"drain">> = async () => {
      const result = await bench.run("drain", job);
      if (result.messages === messageCount) return result;
      throw new Error(`${name}: ${result.messages} of ${messageCount} messages came back`);
    };
    return { name, measure: () => sampleOf(netlog, load) };
  });
  return await bench.rounds([...readings, ...(await redisRange(bench, messageCount))]);
}

async function redisRange(bench: Bench, messageCount: number): Promise<Contender[]> {
  const server = await bench.startRedis("everysec");
  if (server === undefined) return [];
  const { port } = server;
  const payloads = cycleOf(MESSAGE_BYTES);
  for (let sent = 0; sent < messageCount; sent += CYCLE) {
    const commands = Buffer.from(addCommands(payloads, sent + 1));
    await bench.run("sendRedis", { port, commands, replyLines: 2 * CYCLE });
  }
  const job = { port, messageBytes: MESSAGE_BYTES, messageCount };
  const measure: Contender["measure"] = () => sampleOf(server, () => bench.run("readRedis", job));
  return [{ name: `Redis, XRANGE of ${CYCLE}`, measure }];
}
