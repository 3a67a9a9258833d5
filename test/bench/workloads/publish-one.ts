/** Single messages from one connection, each after the answer to the last: what one curl loop waits for. */
import type { Bench } from "../bench.ts";
import { measureGroupCommit } from "../disk/group-commit.ts";
import { BARE, type Row, type Target, type Workload } from "../workload.ts";
import { goPublishers, netlogPublisher, publisher } from "./publishing.ts";

const PUBLISHING = { messageBytes: 100, connections: 1 };
const WRITTEN = "netlog, written";
const SYNCED = "netlog, synced";
const DISK = "disk: one fdatasync after the other";

const BARE_SHARE = { factor: 1.3, row: BARE, figure: "p50Ms" } as const;

const TARGETS: readonly Target[] = [
  { row: WRITTEN, figure: "p50Ms", bound: "at most", of: [BARE_SHARE] },
  {
    row: SYNCED,
    figure: "p50Ms",
    bound: "at most",
    of: [BARE_SHARE, { factor: 1.5, row: DISK, figure: "p50Ms" }],
  },
];

export const PUBLISH_ONE: Workload = {
  name: "publish-one",
  title: "publish, 100 B, one a request, 1 connection",
  targets: TARGETS,
  run: runPublishOne,
};

async function runPublishOne(bench: Bench): Promise<Row[]> {
  const netlog = await bench.startNetlog();
  const { messageBytes } = PUBLISHING;
  return await bench.rounds([
    publisher(bench, BARE, await bench.startBare(), "/", PUBLISHING),
    ...(await goPublishers(bench, PUBLISHING)),
    await netlogPublisher(bench, WRITTEN, netlog, "written", PUBLISHING),
    await netlogPublisher(bench, SYNCED, netlog, "synced", PUBLISHING),
    {
      name: DISK,
      measure: () => measureGroupCommit(bench.newPath(), 1, messageBytes, bench.options.roundMs),
    },
  ]);
}
