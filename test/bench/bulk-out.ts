/**
 * Many messages out to one connection: streams that end, and batches one after the other. Run by
 * Run by `npm run bench:bulk`, with `-- --quick` for a first look.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { type MeasuredServer, startNetlog } from "./processes.ts";
import { progress, progressEnd, type Row, table } from "./report.ts";

const isQuick = process.argv.includes("--quick");
const PAYLOAD = Buffer.alloc(100, "x");
const HEADER_BYTES = 9;
const MESSAGES_PER_FRAME = 1000;
const FRAMES = isQuick ? 500 : 2000;
const MESSAGES = FRAMES * MESSAGES_PER_FRAME;
const ROUNDS = isQuick ? 2 : 5;
const HEAD_END = "\r\n\r\n";

interface Workload {
  readonly name: string;
  /** Without `from`: asked once, answered with all. With it: asked from each X-Next-Offset on. */
  readonly path: string;
  readonly isBatch: boolean;
}

const WORKLOADS: readonly Workload[] = [
  { name: "stream, frames", path: "/t/stream?follow=0&format=frames", isBatch: false },
  { name: "batch of 1000, frames", path: "/t/batch?format=frames&max=1000", isBatch: true },
  { name: "batch of 8 MiB, frames", path: "/t/batch?format=frames&max=100000", isBatch: true },
  { name: "stream, lines", path: "/t/stream?follow=0&format=lines", isBatch: false },
  { name: "stream, NDJSON", path: "/t/stream?follow=0&format=ndjson", isBatch: false },
  { name: "batch of 1000, NDJSON", path: "/t/batch?format=ndjson&max=1000", isBatch: true },
];

/** On the project's own disk: the system's temporary folder may be in memory. */
const folder = mkdtempSync(fileURLToPath(new URL("./data-", import.meta.url)));

/** The topic `t`, of frames of a thousand messages. */
async function fill({ port }: MeasuredServer): Promise<void> {
  const url = `http://127.0.0.1:${port}/t`;
  await post(url, JSON.stringify({ durability: "written" }));
  const message = Buffer.alloc(HEADER_BYTES + PAYLOAD.length);
  message.writeUInt32BE(crc32(PAYLOAD), 1);
  message.writeUInt32BE(PAYLOAD.length, 5);
  PAYLOAD.copy(message, HEADER_BYTES);
  const batch = Buffer.concat(Array.from({ length: MESSAGES_PER_FRAME }, () => message));
  for (let frame = 0; frame < FRAMES; frame++) {
    if (frame % 100 === 0) progress(frame, FRAMES, "filling the topic");
    await post(`${url}/batch?format=messages`, batch);
  }
  progressEnd();
}

async function post(url: string, body: string | Uint8Array<ArrayBuffer>): Promise<void> {
  const answer = await fetch(url, { method: "POST", body });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`${answer.status} for ${url}: ${text}`);
}

/** The bytes of one answer that ends with its connection; it knows no more of HTTP than that. */
function drainStream(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const socket = connect(port, "127.0.0.1");
    socket.once("error", reject);
    socket.on("data", (piece) => {
      bytes += piece.length;
    });
    socket.once("close", () => resolve(bytes));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  });
}

/** The bytes of one batch after the other, up to the end of the topic. */
function drainBatches(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let partial = Buffer.alloc(0);
    let bodyLeft = 0;
    let nextOffset = 0;
    const socket = connect(port, "127.0.0.1").setNoDelay(true);
    const ask = (): void => {
      if (nextOffset < MESSAGES)
        socket.write(`GET ${path}&from=${nextOffset} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      else socket.destroy();
    };
    socket.once("error", reject);
    socket.once("close", () => resolve(bytes));
    socket.on("data", (piece) => {
      bytes += piece.length;
      if (bodyLeft > 0) {
        bodyLeft -= piece.length;
      } else {
        partial = Buffer.concat([partial, piece]);
        const headEnd = partial.indexOf(HEAD_END);
        if (headEnd < 0) return;
        const head = partial.toString("latin1", 0, headEnd);
        if (!head.startsWith("HTTP/1.1 200")) socket.destroy(new Error(head));
        nextOffset = numberIn(head, /x-next-offset: (\d+)/i);
        bodyLeft = numberIn(head, /content-length: (\d+)/i) - (partial.length - headEnd - HEAD_END.length);
        partial = Buffer.alloc(0);
      }
      if (bodyLeft === 0) ask();
    });
    ask();
  });
}

function numberIn(head: string, pattern: RegExp): number {
  return Number(pattern.exec(head)?.[1]);
}

async function main(): Promise<void> {
  const server = await startNetlog(folder);
  try {
    await fill(server);
    const rows = WORKLOADS.map(({ name }) => ({ name, samples: [] as Row["samples"][number][] }));
    const sizes = WORKLOADS.map(() => 0);
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [place, { name, path, isBatch }] of WORKLOADS.entries()) {
        progress(round * WORKLOADS.length + place, (ROUNDS + 1) * WORKLOADS.length, name);
        const cpuBefore = server.cpuSeconds();
        const startedAtMs = performance.now();
        sizes[place] = await (isBatch ? drainBatches : drainStream)(server.port, path);
        const seconds = (performance.now() - startedAtMs) / 1000;
        const cpuMicros = ((server.cpuSeconds() - cpuBefore) / MESSAGES) * 1e6;
        // The first round warms up.
        if (round > 0) rows[place]!.samples.push({ perSecond: MESSAGES / seconds, cpuMicros });
      }
    }
    progressEnd();
    console.log(
      `${MESSAGES} messages of ${PAYLOAD.length} bytes to one connection, ${ROUNDS} rounds; medians first\n`,
    );
    console.log(table(rows));
    console.log();
    for (const [place, { name, samples }] of rows.entries()) {
      const best = Math.max(...samples.map(({ perSecond }) => perSecond));
      console.log(`${name}: up to ${((best / MESSAGES) * (sizes[place]! / 1e6)).toFixed(0)} MB/s`);
    }
  } finally {
    server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
