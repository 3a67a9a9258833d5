/** From publish to delivery: how soon a reader has a message who waits for it, at a pace that loads nobody. */
import { type Bench, call, sampleOf } from "../bench.ts";
import { measureGroupCommit } from "../disk/group-commit.ts";
import { payloadOf } from "../messages.ts";
import type { ServerProcess } from "../servers/server-process.ts";
import { BARE, type Contender, type Row, type Workload } from "../workload.ts";
import { createScanner } from "./topics.ts";

const PER_SECOND = 200;
const MESSAGE_BYTES = 100;
const WRITTEN = "netlog, written";
const SYNCED = "netlog, synced";
const DISK = "disk: one fdatasync after the other";
const MAX_MS = 0.35;

export const DELIVERY: Workload = {
  name: "delivery",
  title: `publish to delivery, 100 B, one waiting scanner, ${PER_SECOND}/s`,
  targets: [
    { row: WRITTEN, figure: "p50Ms", bound: "at most", of: [MAX_MS] },
    {
      row: SYNCED,
      figure: "p50Ms",
      bound: "at most",
      of: [MAX_MS, { factor: 1, row: DISK, figure: "p50Ms" }],
    },
  ],
  run: runDelivery,
};

async function runDelivery(bench: Bench): Promise<Row[]> {
  const netlog = await bench.startNetlog();
  const bare = await bench.startBare();
  return await bench.rounds([
    delivery(bench, BARE, bare, "/wake", "/wait"),
    await netlogDelivery(bench, WRITTEN, netlog, "written"),
    await netlogDelivery(bench, SYNCED, netlog, "synced"),
    {
      name: DISK,
      measure: () => measureGroupCommit(bench.newPath(), 1, MESSAGE_BYTES, bench.options.roundMs),
    },
  ]);
}

async function netlogDelivery(
  bench: Bench,
  name: string,
  server: ServerProcess,
  durability: "written" | "synced",
): Promise<Contender> {
  await call(server, `/${durability}`, JSON.stringify({ durability }));
  await createScanner(server, durability, "waiting");
  return delivery(bench, name, server, `/${durability}/payload`, `/${durability}/scan?id=waiting&wait=1h`);
}

function delivery(
  bench: Bench,
  name: string,
  server: ServerProcess,
  publishPath: string,
  waitPath: string,
): Contender {
  const payload = payloadOf(0, MESSAGE_BYTES);
  const count = Math.round((PER_SECOND * bench.options.roundMs) / 1000);
  const job = { port: server.port, publishPath, waitPath, payload, perSecond: PER_SECOND, count };
  return { name, measure: () => sampleOf(server, () => bench.run("deliver", job)) };
}
