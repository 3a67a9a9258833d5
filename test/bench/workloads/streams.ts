/** The door of Durable Streams beside our own publish, and beside the protocol's reference server where it is there. */
import { type Bench, sampleOf } from "../bench.ts";
import type { LoadResult } from "../load/load-result.ts";
import { hasWrk, runWrk } from "../load/wrk.ts";
import { payloadOf } from "../messages.ts";
import type { ServerProcess } from "../servers/server-process.ts";
import type { Contender, Row, Target, Workload } from "../workload.ts";
import { netlogPublisher, publishTo } from "./publishing.ts";

const MESSAGE_BYTES = 256;
const TYPE = "Content-Type: application/octet-stream";
const OURS = "netlog, stream";
const PAYLOAD = "netlog, payload";
const REFERENCE = "reference server, files";
const NO_CONTENT = 204;
const PAGE_MESSAGES = 4096;
const FILLED_TOGETHER = 64;
const READERS = 1000;
const FAN_OUTS = 10;

const APPEND_TARGETS: readonly Target[] = [
  {
    row: OURS,
    figure: "cpuMicros",
    bound: "at most",
    of: [{ factor: 1.3, row: PAYLOAD, figure: "cpuMicros" }],
  },
  {
    row: OURS,
    figure: "perSecond",
    bound: "at least",
    of: [{ factor: 10, row: REFERENCE, figure: "perSecond" }],
  },
];

export const STREAMS: readonly Workload[] = [
  ...[32, 1].map((connections) => ({
    name: `stream-append-${connections}`,
    title: `append to a durable stream, ${MESSAGE_BYTES} B, ${connections} connections`,
    targets: APPEND_TARGETS,
    run: (bench: Bench) => runAppends(bench, connections),
  })),
  {
    name: "stream-pages",
    title: `catch-up of a durable stream, pages of 1 MiB, messages of ${MESSAGE_BYTES} B, 4 connections`,
    targets: [
      {
        row: OURS,
        figure: "perSecond",
        bound: "at least",
        of: [{ factor: 2, row: REFERENCE, figure: "perSecond" }],
      },
    ],
    run: runPages,
  },
  {
    name: "stream-fan-out",
    title: `one append to ${READERS} readers by server-sent events: to the last of them`,
    targets: [
      { row: OURS, figure: "p50Ms", bound: "at most", of: [{ factor: 1, row: REFERENCE, figure: "p50Ms" }] },
    ],
    run: runFanOut,
  },
];

interface StreamServer {
  readonly row: string;
  readonly server: ServerProcess;
  readonly path: string;
}

/** Each with a stream of its own. */
async function streamServers(bench: Bench, netlog: ServerProcess): Promise<StreamServer[]> {
  const reference = await bench.startReference();
  const servers = [{ row: OURS, server: netlog, path: "/-/streams/bench" }];
  if (reference !== undefined) servers.push({ row: REFERENCE, server: reference, path: "/bench" });
  for (const { server, path } of servers) await send(server, "PUT", path);
  return servers;
}

async function runAppends(bench: Bench, connections: number): Promise<Row[]> {
  const netlog = await bench.startNetlog();
  const publishing = { messageBytes: MESSAGE_BYTES, connections };
  const appending = { ...publishing, headers: { fixed: [TYPE] }, expectedStatus: NO_CONTENT };
  const servers = await streamServers(bench, netlog);
  return await bench.rounds([
    await netlogPublisher(bench, PAYLOAD, netlog, "synced", publishing),
    ...servers.map(({ row, server, path }) =>
      contender(row, server, () => publishTo(bench, server, path, appending)),
    ),
  ]);
}

/** The stream is one page, which is read again and again. */
async function runPages(bench: Bench): Promise<Row[]> {
  const servers = await streamServers(bench, await bench.startNetlog());
  const body = payloadOf(0, MESSAGE_BYTES);
  for (const { server, path } of servers) {
    for (let i = 0; i < PAGE_MESSAGES; i += FILLED_TOGETHER) {
      await Promise.all(Array.from({ length: FILLED_TOGETHER }, () => send(server, "POST", path, body)));
    }
  }
  return await bench.rounds(
    servers.map(({ row, server, path }) => contender(row, server, () => readPages(bench, server, path))),
  );
}

async function readPages(bench: Bench, { port }: ServerProcess, streamPath: string): Promise<LoadResult> {
  const path = `${streamPath}?offset=-1`;
  const connections = 4;
  const { roundMs: durationMs } = bench.options;
  if (hasWrk()) {
    const result = await runWrk({ port, method: "GET", path, connections, body: "", durationMs });
    return { ...result, messages: result.messages * PAGE_MESSAGES };
  }
  return await bench.run("repeat", {
    port,
    method: "GET",
    paths: new Array<string>(connections).fill(path),
    body: Buffer.alloc(0),
    expectedStatus: 200,
    expectedBodies: [],
    messagesEach: PAGE_MESSAGES,
    count: Number.MAX_SAFE_INTEGER,
    durationMs,
  });
}

async function runFanOut(bench: Bench): Promise<Row[]> {
  const servers = await streamServers(bench, await bench.startNetlog());
  const payload = payloadOf(0, MESSAGE_BYTES);
  const job = { readers: READERS, payload, headers: [TYPE], appends: FAN_OUTS };
  return await bench.rounds(
    servers.map(({ row, server, path }) =>
      contender(row, server, () => bench.run("fanOut", { ...job, port: server.port, path })),
    ),
  );
}

function contender(name: string, server: ServerProcess, load: () => Promise<LoadResult>): Contender {
  return { name, measure: () => sampleOf(server, load) };
}

async function send(
  server: ServerProcess,
  method: "PUT" | "POST",
  path: string,
  body: string | null = null,
): Promise<void> {
  const headers = { "Content-Type": "application/octet-stream" };
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method, headers, body });
  if (!answer.ok) throw new Error(`${answer.status} for ${method} ${path}`);
  await answer.arrayBuffer();
}
