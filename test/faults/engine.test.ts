/** The engine under faults: few of them with each change, all with `npm run soak`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { hasNats, natsSyncsAlways } from "../support/nats.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { isSoak } from "../support/soak.ts";
import { type Outcome, runFaults } from "./campaign.ts";
import { Cluster, type ClusterOptions, hostNames } from "./cluster.ts";
import {
  FAULTS,
  type Fault,
  leaderKilled,
  NETWORK_FAULTS,
  ownerFrozen,
  ownerKilled,
  slowNetwork,
} from "./faults.ts";
import { History } from "./history.ts";
import { canDelay, hasNamespaces, Network } from "./network.ts";

/** `FAULT_RUNS` and `FAULT_SEED` repeat what a run did; histories go to the folder `FAULT_HISTORIES`. */
const SEED = Number(process.env.FAULT_SEED ?? 1);
const RUNS = isSoak ? Number(process.env.FAULT_RUNS ?? 100) : 0;
const HISTORIES = process.env.FAULT_HISTORIES;
const NETLOG_SERVERS = 3;
const SKEWS = [0, 60_000, -60_000];

/** The history, and what the servers logged. */
async function keep(folder: string, history: History, cluster: Cluster): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "history.ndjson"), history.print());
  for (const netlog of cluster.netlogs) {
    const lines = (await netlog.logLines()).map((line) => JSON.stringify(line));
    const all = [...netlog.failedStarts, ...lines].map((line) => `${line}\n`).join("");
    writeFileSync(join(folder, `${netlog.name}.log`), all);
  }
}

async function run(
  name: string,
  faults: readonly Fault[],
  options: Partial<ClusterOptions> = {},
): Promise<Outcome> {
  const cluster = await Cluster.start({ netlogServers: NETLOG_SERVERS, ...options });
  onTestFinished(() => cluster.remove());
  const history = new History();
  let outcome: Outcome;
  try {
    outcome = await runFaults(cluster, faults, history);
  } finally {
    if (HISTORIES !== undefined) await keep(join(HISTORIES, name), history, cluster);
  }
  for (const { fault, gapMs } of outcome.gaps)
    console.info(`${(gapMs / 1000).toFixed(1)} s without a publish: ${fault}`);
  expect(outcome.broken).toEqual([]);
  return outcome;
}

test.skipIf(!hasNats || isSoak)(
  "nothing is lost while owners and leaders are killed and frozen",
  async () => {
    await run("kills", [ownerKilled, leaderKilled, ownerFrozen]);
  },
);

test.skipIf(!hasNats).each(Array.from({ length: RUNS }, (_, index) => SEED + index))(
  "nothing is lost in faults by chance, seed %i",
  async (seed) => {
    const network = hasNamespaces ? Network.create(hostNames(NETLOG_SERVERS)) : undefined;
    onTestFinished(() => network?.remove());
    const faults = [...FAULTS, ...(hasNamespaces ? NETWORK_FAULTS : []), ...(canDelay ? [slowNetwork] : [])];
    const random = seededRandom(seed);
    const chosen = Array.from({ length: 5 }, () => faults[Math.floor(random() * faults.length)]!);
    const clocks = random() < 0.5 ? SKEWS : [];
    await run(`seed-${seed}`, chosen, { clocks, syncsAlways: natsSyncsAlways, ...(network && { network }) });
  },
);
