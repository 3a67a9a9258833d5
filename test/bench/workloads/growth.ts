/** One topic that grows to millions of messages: whether it stays as fast as it was when it was young. */
import { statSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, call, sampleOf } from "../bench.ts";
import type { LoadResult } from "../load/load-result.ts";
import { payloadOf } from "../messages.ts";
import type { ServerProcess } from "../servers/server-process.ts";
import { BARE, type Row, type Sample, type Workload } from "../workload.ts";

const MESSAGE_BYTES = 100;
const CONNECTIONS = 32;
const PARTS = 10;
const READS = 5000;
const MARGIN_MS = 50;
const WARM_UP_MESSAGES = 50_000;
const PAYLOAD = payloadOf(0, MESSAGE_BYTES);

const FIRST = "netlog, first tenth";
const LAST = "netlog, last tenth";
const READ_FIRST = "read at an offset, young";
const READ_LAST = "read at an offset, grown";
const SEEK_FIRST = "seek by time, young";
const SEEK_LAST = "seek by time, grown";
const START_EMPTY = "start on an empty folder";
const RESTART = "start after kill -9";
const SEGMENT = "disk: newest segment, read whole";

export const GROWTH: Workload = {
  name: "growth",
  title: "growth of one topic, 100 B, one a request, 32 connections, written",
  targets: [
    {
      row: LAST,
      figure: "cpuMicros",
      bound: "at most",
      of: [{ factor: 1.1, row: FIRST, figure: "cpuMicros" }],
    },
    { row: READ_FIRST, figure: "p50Ms", bound: "at most", of: [0.1] },
    { row: READ_LAST, figure: "p50Ms", bound: "at most", of: [0.1] },
    { row: SEEK_FIRST, figure: "p50Ms", bound: "at most", of: [0.15] },
    { row: SEEK_LAST, figure: "p50Ms", bound: "at most", of: [0.15] },
    {
      row: RESTART,
      figure: "tookMs",
      bound: "at most",
      of: [
        200,
        { factor: 1, row: START_EMPTY, figure: "tookMs" },
        { factor: 1, row: SEGMENT, figure: "tookMs" },
      ],
    },
  ],
  run: runGrowth,
};

async function runGrowth(bench: Bench): Promise<Row[]> {
  const folder = bench.newPath();
  const bare = await bench.startBare();
  const netlog = await bench.startNetlog(folder);
  for (const topic of ["warm-up", "topic"]) {
    await call(netlog, `/${topic}`, JSON.stringify({ durability: "written" }));
  }
  const count = bench.options.growthMessages / PARTS;
  bench.progress.show("warm-up");
  await publish(bench, bare, "/", WARM_UP_MESSAGES);
  await publish(bench, netlog, "/warm-up/payload", WARM_UP_MESSAGES);
  const bares: Sample[] = [];
  const parts: Sample[] = [];
  const reads: Sample[][] = [];
  const startedAtMs = Date.now();
  for (let part = 0; part < PARTS; part++) {
    bench.progress.show(`${part * count} messages`);
    bares.push(await sampleOf(bare, () => publish(bench, bare, "/", count / PARTS)));
    parts.push(await sampleOf(netlog, () => publish(bench, netlog, "/topic/payload", count)));
    // A while before the newest message, whose time is not known to the millisecond.
    const published = { startedAtMs, endedAtMs: Date.now() - MARGIN_MS };
    if (part === 0 || part === PARTS - 1) {
      reads.push(await readAround(bench, netlog, (part + 1) * count, published));
    }
  }
  const [young = [], grown = []] = reads;
  bench.progress.show("reading back");
  await readBack(bench, netlog, PARTS * count);
  return [
    { name: BARE, samples: bares },
    row(FIRST, parts[0]),
    row(LAST, parts[PARTS - 1]),
    { name: "netlog, all tenths", samples: parts },
    row(READ_FIRST, young[0]),
    row(READ_LAST, grown[0]),
    row(SEEK_FIRST, young[1]),
    row(SEEK_LAST, grown[1]),
    ...(await restart(bench, netlog, folder)),
  ];
}

function row(name: string, sample: Sample | undefined): Row {
  return { name, samples: sample === undefined ? [] : [sample] };
}

function publish(bench: Bench, server: ServerProcess, path: string, count: number): Promise<LoadResult> {
  return bench.run("repeat", {
    port: server.port,
    method: "POST",
    paths: new Array<string>(CONNECTIONS).fill(path),
    body: Buffer.from(PAYLOAD),
    expectedStatus: 201,
    expectedBodies: [Buffer.alloc(0)],
    messagesEach: 1,
    count,
    durationMs: Number.MAX_SAFE_INTEGER,
  });
}

/** Reads at random offsets, and from random times on. */
async function readAround(
  bench: Bench,
  server: ServerProcess,
  messageCount: number,
  { startedAtMs, endedAtMs }: { readonly startedAtMs: number; readonly endedAtMs: number },
): Promise<Sample[]> {
  const { port } = server;
  const offsets = Array.from({ length: READS }, () => Math.floor(Math.random() * messageCount));
  const times = Array.from({ length: READS }, () =>
    new Date(startedAtMs + Math.random() * (endedAtMs - startedAtMs)).toISOString(),
  );
  const byOffset = offsets.map((offset) => `/topic/payload/${offset}`);
  const byTime = times.map((time) => `/topic/batch?from=${time}&max=1&format=lines`);
  return [
    await sampleOf(server, () => bench.run("readAt", { port, paths: byOffset, expected: PAYLOAD })),
    await sampleOf(server, () => bench.run("readAt", { port, paths: byTime, expected: PAYLOAD })),
  ];
}

async function readBack(bench: Bench, server: ServerProcess, messageCount: number): Promise<void> {
  const path = "/topic/stream?follow=0&format=lines";
  const job = {
    port: server.port,
    path,
    format: "lines",
    payloads: [PAYLOAD],
    untilOffset: undefined,
  } as const;
  const { messages } = await bench.run("drain", job);
  if (messages !== messageCount) throw new Error(`${messages} of ${messageCount} messages came back`);
}

/** Kills the server and starts it again. */
async function restart(bench: Bench, server: ServerProcess, folder: string): Promise<Row[]> {
  bench.progress.show("kill -9, and start again");
  await server.stop("SIGKILL");
  const empty = await timed(() => bench.startNetlog());
  const segment = await timed(() => readNewestSegment(join(folder, "topic")));
  const again = await timed(() => bench.startNetlog(folder));
  return [row(START_EMPTY, empty), row(RESTART, again), row(SEGMENT, segment)];
}

async function timed(act: () => Promise<unknown>): Promise<Sample> {
  const startedAtMs = performance.now();
  await act();
  return { tookMs: performance.now() - startedAtMs };
}

async function readNewestSegment(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".data")).toSorted();
  const newest = join(folder, names.at(-1) ?? "");
  const bytes = await readFile(newest);
  if (bytes.length !== statSync(newest).size) throw new Error(`${newest} was not read whole`);
}
