/** Messages taken one a request by scanners of their own: what consumers in shell do, when there is a backlog. */
import { type Bench, call, sampleOf } from "../bench.ts";
import type { LoadResult } from "../load/load-result.ts";
import { CYCLE, cycleOf, payloadOf } from "../messages.ts";
import type { ServerProcess } from "../servers/server-process.ts";
import { BARE, type Contender, GO, type Row, type Workload } from "../workload.ts";
import { createScanner, fillTopic } from "./topics.ts";

const MESSAGE_BYTES = 100;
const NETLOG = "netlog";
/** More than a scanner reads in a round. */
const MESSAGES = 200_000;
const GO_MESSAGES = 20_000;

export const SCAN: readonly Workload[] = [1, 32].map((scanners) => ({
  name: scanners === 1 ? "scan-one" : "scan",
  title: `scan, 100 B, one a request, ${scanners} scanner${scanners === 1 ? "" : "s"}`,
  targets: [
    {
      row: NETLOG,
      figure: "cpuMicros",
      bound: "at most",
      of: [{ factor: 1.25, row: BARE, figure: "cpuMicros" }],
    },
  ],
  run: (bench) => runScan(bench, scanners),
}));

async function runScan(bench: Bench, scanners: number): Promise<Row[]> {
  const bare = await bench.startBare();
  const netlog = await bench.startNetlog();
  const messageCount = MESSAGES;
  await fillTopic(netlog, { topic: "topic", messageBytes: MESSAGE_BYTES, messageCount }, bench.progress);
  const payloads = cycleOf(MESSAGE_BYTES);
  let made = 0;
  const newScanners = async (): Promise<string[]> => {
    const ids = Array.from({ length: scanners }, () => `scanner-${made++}`);
    for (const id of ids) await createScanner(netlog, "topic", id);
    return ids.map((id) => `/topic/scan?id=${id}`);
  };
  return await bench.rounds([
    {
      name: BARE,
      measure: () => {
        const paths = new Array<string>(scanners).fill("/");
        return sampleOf(bare, () => getAll(bench, bare, paths, [payloadOf(0, MESSAGE_BYTES)]));
      },
    },
    ...(await goScanner(bench, scanners)),
    {
      name: NETLOG,
      measure: async () => {
        const paths = await newScanners();
        return await sampleOf(netlog, () => getAll(bench, netlog, paths, payloads));
      },
    },
  ]);
}

async function goScanner(bench: Bench, scanners: number): Promise<Contender[]> {
  const server = await bench.startGo();
  if (server === undefined) return [];
  await call(server, "/topic", "{}");
  const payloads = cycleOf(MESSAGE_BYTES);
  for (let sent = 0; sent < GO_MESSAGES; sent++) {
    if (sent % CYCLE === 0) bench.progress.show(`filling ${GO}: ${sent} of ${GO_MESSAGES} messages`);
    await call(server, "/topic/payload", payloads[sent % CYCLE]);
  }
  const measure: Contender["measure"] = async () => {
    const paths: string[] = [];
    for (let made = 0; made < scanners; made++) {
      const { id } = JSON.parse(await call(server, "/topic/scanner?from=0", "")) as { id: string };
      paths.push(`/topic/scan?id=${id}`);
    }
    return await sampleOf(server, () => getAll(bench, server, paths, payloads, GO_MESSAGES));
  };
  return [{ name: GO, measure }];
}

/** A GET after the other on a connection for each path; `payloads` is what each of them gets, again and again. */
function getAll(
  bench: Bench,
  server: ServerProcess,
  paths: readonly string[],
  payloads: readonly string[],
  count: number = MESSAGES,
): Promise<LoadResult> {
  return bench.run("repeat", {
    port: server.port,
    method: "GET",
    paths,
    body: Buffer.alloc(0),
    expectedStatus: 200,
    expectedBodies: payloads.map((payload) => Buffer.from(payload)),
    messagesEach: 1,
    count,
    durationMs: bench.options.roundMs,
  });
}
