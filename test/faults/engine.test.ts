/** The engine under faults: few of them with each change, all with `npm run soak`. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, type TestContext, test } from "vitest";
import { hasNats, natsProgram, natsSyncsAlways } from "../support/nats.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { isSoak } from "../support/soak.ts";
import { type Outcome, runFaults } from "./campaign.ts";
import { Cluster, type ClusterOptions, hostNames } from "./cluster.ts";
import { FAULTS, type Fault, leaderKilled, ownerFrozen, ownerKilled, slowNetwork } from "./faults.ts";
import { type Gap, gapTable } from "./gaps.ts";
import { History } from "./history.ts";
import { hasNamespaces, Network } from "./network.ts";
import { NETWORK_FAULTS } from "./network-faults.ts";

/**
 * `FAULT_RUNS` and `FAULT_SEED` repeat what a run did; `FAULT_ONLY` is a pattern for the names of its faults. Histories go to the folder `FAULT_HISTORIES`, with the gaps of all runs
 * that had that folder.
 */
const SEED = Number(process.env.FAULT_SEED ?? 1);
const RUNS = isSoak ? Number(process.env.FAULT_RUNS ?? 100) : 0;
const ONLY = new RegExp(process.env.FAULT_ONLY ?? "");
const HISTORIES = process.env.FAULT_HISTORIES;
const NETLOG_SERVERS = 3;
const FAULTS_A_RUN = 5;
const SKEWS = [0, 60_000, -60_000];
/** Room for streams, which takes seconds to fill. */
const STORE_BYTES = 64 * 2 ** 20;

const gaps: Gap[] = [];

function noteGap(gap: Gap): void {
  gaps.push(gap);
  if (HISTORIES !== undefined) appendFileSync(join(HISTORIES, "gaps.ndjson"), `${JSON.stringify(gap)}\n`);
}

/** Those of earlier runs as well, where they were kept. */
function allGaps(): readonly Gap[] {
  if (HISTORIES === undefined) return gaps;
  const lines = readFileSync(join(HISTORIES, "gaps.ndjson"), "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Gap);
}

afterAll(() => {
  if (gaps.length > 0) console.info(`seconds without a publish (${natsProgram})\n${gapTable(allGaps())}`);
});

/** The history, and what the servers logged. */
async function keep(folder: string, history: History, cluster: Cluster): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "history.ndjson"), history.print());
  for (const netlog of cluster.netlogs) {
    const lines = (await netlog.logLines()).map((line) => JSON.stringify(line));
    const all = [...netlog.failedStarts, ...lines].map((line) => `${line}\n`).join("");
    writeFileSync(join(folder, `${netlog.name}.log`), all);
  }
  for (const nats of cluster.nats.servers) writeFileSync(join(folder, `${nats.name}.log`), nats.log());
}

async function run(
  name: string,
  faults: readonly Fault[],
  { onTestFinished }: TestContext,
  options: Partial<ClusterOptions> = {},
): Promise<void> {
  const cluster = await Cluster.start({ netlogServers: NETLOG_SERVERS, ...options });
  onTestFinished(() => cluster.remove());
  const history = new History();
  const folder = HISTORIES === undefined ? undefined : join(HISTORIES, name);
  let outcome: Outcome;
  try {
    outcome = await runFaults(cluster, faults, history);
  } catch (error) {
    console.info(`${name}: ${error}`);
    throw error;
  } finally {
    if (folder !== undefined) await keep(folder, history, cluster);
  }
  for (const gap of outcome.gaps) noteGap(gap);
  if (folder !== undefined) writeFileSync(join(folder, "stream.json"), JSON.stringify(outcome.stream));
  const { broken, messages, stream } = outcome;
  console.info(`${name}: ${messages} messages in ${stream.length} of NATS, ${broken.length} promises broken`);
  expect(broken).toEqual([]);
}

test.skipIf(!hasNats || isSoak)(
  "nothing is lost while owners and leaders are killed and frozen",
  async (context) => {
    await run("kills", [ownerKilled, leaderKilled, ownerFrozen], context);
  },
);

// A run mostly waits, so several of them share a machine (maxConcurrency).
test.skipIf(!hasNats).concurrent.for(Array.from({ length: RUNS }, (_, index) => SEED + index))(
  "nothing is lost in faults by chance, seed %i",
  async (seed, context) => {
    const network = hasNamespaces ? Network.create(hostNames(NETLOG_SERVERS)) : undefined;
    context.onTestFinished(() => network?.remove());
    const known = [...FAULTS, ...(hasNamespaces ? NETWORK_FAULTS : [])];
    const faults = known.filter(({ name }) => ONLY.test(name));
    const random = seededRandom(seed);
    const chosen = Array.from({ length: FAULTS_A_RUN }, () => faults[Math.floor(random() * faults.length)]!);
    const clocks = random() < 0.5 ? SKEWS : [];
    await run(`seed-${seed}`, chosen, context, {
      clocks,
      syncsAlways: natsSyncsAlways,
      storeBytes: STORE_BYTES,
      canBeLate: chosen.includes(slowNetwork),
      ...(network && { network }),
    });
  },
);
