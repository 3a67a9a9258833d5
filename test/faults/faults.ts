/** What is done to a cluster under load, each with its end. */
import { fill } from "./ballast.ts";
import type { Cluster, Node } from "./cluster.ts";
import type { Asked } from "./history.ts";
import { TOPIC } from "./load.ts";

export interface Fault {
  readonly name: string;
  /** How long it lasts, ms. */
  readonly holdMs: number;
  /** Begins it, and gives what ends it. */
  begin(cluster: Cluster): Promise<() => Promise<void> | void>;
  /** What is wrong with what clients asked, and were answered, while it lasted. */
  judge?(events: readonly Asked[]): string[];
}

/** Longer than the 5 s after which a silent owner counts as dead. */
const FREEZE_MS = 8000;
const DOWN_MS = 3000;
const FULL_MS = 6000;

function killed(
  name: string,
  nodesOf: (cluster: Cluster) => Promise<readonly Node[]> | readonly Node[],
): Fault {
  return {
    name,
    holdMs: DOWN_MS,
    async begin(cluster) {
      const nodes = await nodesOf(cluster);
      await Promise.all(nodes.map((node) => node.kill()));
      return () => {
        for (const node of nodes) node.start();
      };
    },
  };
}

function frozen(
  name: string,
  nodesOf: (cluster: Cluster) => Promise<readonly Node[]> | readonly Node[],
): Fault {
  return {
    name,
    holdMs: FREEZE_MS,
    async begin(cluster) {
      const nodes = await nodesOf(cluster);
      for (const node of nodes) node.freeze();
      return () => {
        for (const node of nodes) node.thaw();
      };
    },
  };
}

const owner = async (cluster: Cluster): Promise<readonly Node[]> => [await cluster.ownerOf(TOPIC)];

const front = async (cluster: Cluster): Promise<readonly Node[]> => {
  const owner = await cluster.ownerOf(TOPIC);
  return cluster.netlogs.filter((netlog) => netlog !== owner).slice(0, 1);
};

const leader = async (cluster: Cluster): Promise<readonly Node[]> => [await cluster.leaderOf(TOPIC)];

const leaderAndOther = async (cluster: Cluster): Promise<readonly Node[]> => {
  const leader = await cluster.leaderOf(TOPIC);
  return [leader, ...cluster.nats.servers.filter((server) => server !== leader).slice(0, 1)];
};

const followers = async (cluster: Cluster): Promise<readonly Node[]> => {
  const leader = await cluster.leaderOf(TOPIC);
  return cluster.nats.servers.filter((server) => server !== leader);
};

const ownerAndFront = async (cluster: Cluster): Promise<readonly Node[]> => [
  ...(await owner(cluster)),
  ...(await front(cluster)),
];

const ownerAndLeader = async (cluster: Cluster): Promise<readonly Node[]> => [
  ...(await owner(cluster)),
  ...(await leader(cluster)),
];

const allNats = ({ nats }: Cluster): readonly Node[] => nats.servers;

export const ownerKilled: Fault = killed("the owner is killed", owner);
export const ownerFrozen: Fault = frozen("the owner is frozen", owner);
export const leaderKilled: Fault = killed("the stream's leader is killed", leader);

/** While NATS has no room, a publish is refused, and reads go on. */
const natsFull: Fault = {
  name: "NATS is full",
  holdMs: FULL_MS,
  begin: ({ nats }) => fill(nats),
  judge(events) {
    const publishes = events
      .filter((event) => event.kind === "publish")
      .filter(({ key }) => key === undefined);
    const taken = publishes.filter(({ failure }) => !/^(?:507 storage_full|503 )/.test(failure ?? ""));
    const isFull = publishes.some(({ failure }) => failure?.startsWith("507") === true);
    const isRead = events.some(({ kind, outcome }) => kind === "read" && outcome === "done");
    return [
      ...taken.map(
        ({ payloads, outcome, failure }) => `NATS is full: ${payloads[0]} is ${failure ?? outcome}`,
      ),
      ...(isFull ? [] : ["nobody was told that NATS is full"]),
      ...(isRead ? [] : ["nothing was read while NATS was full"]),
    ];
  },
};

const SLOW_MS = 200;

export const slowNetwork: Fault = {
  name: `what NATS sends is ${SLOW_MS} ms late`,
  holdMs: FREEZE_MS,
  async begin(cluster) {
    await cluster.delay(SLOW_MS);
    return () => cluster.delay(0);
  },
};

export const FAULTS: readonly Fault[] = [
  ownerKilled,
  ownerFrozen,
  leaderKilled,
  frozen("the stream's leader is frozen", leader),
  killed("a front is killed", front),
  frozen("a front is frozen", front),
  killed("the owner and a front are killed", ownerAndFront),
  frozen("the owner and a front are frozen", ownerAndFront),
  killed("the owner and the stream's leader are killed", ownerAndLeader),
  frozen("the owner and the stream's leader are frozen", ownerAndLeader),
  killed("two servers of NATS are killed, one of them the leader", leaderAndOther),
  frozen("two servers of NATS are frozen, one of them the leader", leaderAndOther),
  killed("both followers of the stream's leader are killed", followers),
  frozen("both followers of the stream's leader are frozen", followers),
  killed("all servers of NATS are killed", allNats),
  frozen("all servers of NATS are frozen", allNats),
  slowNetwork,
  natsFull,
];
