/** Single messages from many connections: what a fleet of scripts and services does. */
import type { Bench } from "../bench.ts";
import { measureGroupCommit } from "../disk/group-commit.ts";
import { BARE, type Contender, GO, type Row, type Target, type Workload } from "../workload.ts";
import { goPublishers, netlogPublisher, publisher, redisPublisher } from "./publishing.ts";

const CONNECTIONS = 32;
const MANY_CONNECTIONS = 128;

const WRITTEN = "netlog, written";
const SYNCED = "netlog, synced";
const WRITTEN_MANY = `${WRITTEN}, ${MANY_CONNECTIONS} connections`;
const SYNCED_MANY = `${SYNCED}, ${MANY_CONNECTIONS} connections`;
const DISK = `disk: ${CONNECTIONS} threads that share fdatasync`;

const TARGETS: readonly Target[] = [
  {
    row: WRITTEN,
    figure: "cpuMicros",
    bound: "at most",
    of: [{ factor: 1.2, row: BARE, figure: "cpuMicros" }],
  },
  { row: WRITTEN, figure: "perSecond", bound: "at least", of: [{ factor: 1, row: GO, figure: "perSecond" }] },
  {
    row: SYNCED,
    figure: "perSecond",
    bound: "at least",
    of: [{ factor: 0.5, row: DISK, figure: "perSecond" }],
  },
  {
    row: SYNCED_MANY,
    figure: "perSecond",
    bound: "at least",
    of: [{ factor: 0.65, row: WRITTEN_MANY, figure: "perSecond" }],
  },
];

export const PUBLISH: readonly Workload[] = [
  { name: "publish", messageBytes: 100, size: "100 B" },
  { name: "publish-1k", messageBytes: 1024, size: "1 KiB" },
].map(({ name, messageBytes, size }) => ({
  name,
  title: `publish, ${size}, one a request, ${CONNECTIONS} connections`,
  targets: TARGETS,
  run: (bench) => runPublish(bench, messageBytes),
}));

async function runPublish(bench: Bench, messageBytes: number): Promise<Row[]> {
  const few = { messageBytes, connections: CONNECTIONS };
  const many = { messageBytes, connections: MANY_CONNECTIONS };
  const netlog = await bench.startNetlog();
  return await bench.rounds([
    publisher(bench, BARE, await bench.startBare(), "/", few),
    ...(await goPublishers(bench, few)),
    await netlogPublisher(bench, WRITTEN, netlog, "written", few),
    await netlogPublisher(bench, SYNCED, netlog, "synced", few),
    groupCommit(bench, messageBytes),
    await netlogPublisher(bench, WRITTEN_MANY, netlog, "written", many),
    await netlogPublisher(bench, SYNCED_MANY, netlog, "synced", many),
    ...(await redisPublisher(bench, "everysec", few)),
    ...(await redisPublisher(bench, "always", few)),
  ]);
}

function groupCommit(bench: Bench, messageBytes: number): Contender {
  const measure: Contender["measure"] = () =>
    measureGroupCommit(bench.newPath(), CONNECTIONS, messageBytes, bench.options.roundMs);
  return { name: DISK, measure };
}
