/**
 * Batches of NetLog's own messages in, one connection, beside single messages on one connection. Run by
 * Run by `npm run bench:batch`, with `-- --quick` for a first look.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { Connection } from "./connection.ts";
import { type MeasuredServer, startNetlog } from "./processes.ts";
import { progress, progressEnd, type Row, table } from "./report.ts";

const isQuick = process.argv.includes("--quick");
const PAYLOAD = Buffer.alloc(100, "x");
const MESSAGES = 1000;
const HEADER_BYTES = 9;
const ROUNDS = isQuick ? 3 : 7;
const ROUND_MS = isQuick ? 1500 : 4000;

interface Workload {
  readonly name: string;
  readonly path: string;
  readonly body: Buffer;
  /** In one request. */
  readonly messages: number;
}

/** On the project's own disk: the system's temporary folder may be in memory. */
const folder = mkdtempSync(fileURLToPath(new URL("./data-", import.meta.url)));

function binaryMessages(): Buffer {
  const message = Buffer.alloc(HEADER_BYTES + PAYLOAD.length);
  message.writeUInt32BE(crc32(PAYLOAD), 1);
  message.writeUInt32BE(PAYLOAD.length, 5);
  PAYLOAD.copy(message, HEADER_BYTES);
  return Buffer.concat(Array.from({ length: MESSAGES }, () => message));
}

const LINES = Buffer.from(`${PAYLOAD.toString()}\n`.repeat(MESSAGES));

const WORKLOADS: readonly Workload[] = [
  { name: "single, written", path: "/written/payload?durability=written", body: PAYLOAD, messages: 1 },
  { name: "single, synced", path: "/synced/payload", body: PAYLOAD, messages: 1 },
  {
    name: "messages, written",
    path: "/written/batch?format=messages",
    body: binaryMessages(),
    messages: MESSAGES,
  },
  {
    name: "messages, synced",
    path: "/synced/batch?format=messages",
    body: binaryMessages(),
    messages: MESSAGES,
  },
  { name: "lines, written", path: "/written/batch?format=lines", body: LINES, messages: MESSAGES },
];

/** Messages a second and CPU µs a message, of one connection that repeats one request for so long. */
async function measure(
  server: MeasuredServer,
  { path, body, messages }: Workload,
): Promise<Row["samples"][number]> {
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
  const request = Buffer.concat([Buffer.from(head), body]);
  const cpuBefore = server.cpuSeconds();
  const startedAtMs = performance.now();
  let requests = 0;
  const again = (): boolean => {
    requests += 1;
    return performance.now() - startedAtMs < ROUND_MS;
  };
  await new Connection(server.port, { request, expectedStatus: 201, expectedBody: undefined }, again).run();
  const seconds = (performance.now() - startedAtMs) / 1000;
  const count = requests * messages;
  return { perSecond: count / seconds, cpuMicros: ((server.cpuSeconds() - cpuBefore) / count) * 1e6 };
}

async function createTopic(server: MeasuredServer, name: string, settings: object): Promise<void> {
  const body = JSON.stringify(settings);
  const answer = await fetch(`http://127.0.0.1:${server.port}/${name}`, { method: "POST", body });
  if (answer.status !== 201) throw new Error(`${answer.status} for ${name}: ${await answer.text()}`);
}

async function main(): Promise<void> {
  const server = await startNetlog(folder);
  try {
    await createTopic(server, "written", { durability: "written", retention_size: 2 ** 30 });
    await createTopic(server, "synced", { retention_size: 2 ** 30 });
    const rows = WORKLOADS.map(({ name }) => ({ name, samples: [] as Row["samples"][number][] }));
    for (const workload of WORKLOADS) await measure(server, workload);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [place, workload] of WORKLOADS.entries()) {
        const what = `round ${round + 1}: ${workload.name}`;
        progress(round * WORKLOADS.length + place, ROUNDS * WORKLOADS.length, what);
        rows[place]!.samples.push(await measure(server, workload));
      }
    }
    progressEnd();
    console.log(
      `1 connection, ${PAYLOAD.length}-byte messages, ${MESSAGES} a batch, ${ROUNDS} rounds; medians first\n`,
    );
    console.log(table(rows));
    for (const { name, samples } of rows) {
      const perSecond = samples.map((sample) => sample.perSecond).toSorted((a, b) => a - b)[
        samples.length >> 1
      ]!;
      console.log(`${name}: ${((perSecond * PAYLOAD.length) / 1e6).toFixed(1)} MB/s of payload`);
    }
  } finally {
    server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
