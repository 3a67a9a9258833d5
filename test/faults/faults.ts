/** What is done to a cluster under load, each with its end. */
import type { Cluster, Node } from "./cluster.ts";
import { TOPIC } from "./load.ts";

export interface Fault {
  readonly name: string;
  /** How long it lasts, ms. */
  readonly holdMs: number;
  /** Begins it, and gives what ends it. */
  begin(cluster: Cluster): Promise<() => Promise<void> | void>;
}

/** Longer than the 5 s after which a silent owner counts as dead. */
const FREEZE_MS = 8000;
const DOWN_MS = 3000;

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

function frozen(name: string, nodeOf: (cluster: Cluster) => Promise<Node>): Fault {
  return {
    name,
    holdMs: FREEZE_MS,
    async begin(cluster) {
      const node = await nodeOf(cluster);
      node.freeze();
      return () => node.thaw();
    },
  };
}

export const ownerKilled: Fault = killed("the owner is killed", async (cluster) => [
  await cluster.ownerOf(TOPIC),
]);

export const ownerFrozen: Fault = frozen("the owner is frozen", (cluster) => cluster.ownerOf(TOPIC));

export const frontKilled: Fault = killed("a front is killed", async (cluster) => {
  const owner = await cluster.ownerOf(TOPIC);
  return cluster.netlogs.filter((netlog) => netlog !== owner).slice(0, 1);
});

export const leaderKilled: Fault = killed("the stream's leader is killed", async (cluster) => [
  await cluster.leaderOf(TOPIC),
]);

export const leaderFrozen: Fault = frozen("the stream's leader is frozen", (cluster) =>
  cluster.leaderOf(TOPIC),
);

export const twoKilled: Fault = killed("two servers of NATS are killed", async (cluster) => {
  const leader = await cluster.leaderOf(TOPIC);
  return [leader, ...cluster.nats.servers.filter((server) => server !== leader).slice(0, 1)];
});

export const allKilled: Fault = killed("all servers of NATS are killed", ({ nats }) => nats.servers);

export const FAULTS: readonly Fault[] = [
  ownerKilled,
  frontKilled,
  leaderKilled,
  ownerFrozen,
  leaderFrozen,
  twoKilled,
  allKilled,
];

/** The pairs of hosts that cannot speak to each other. */
type Cuts = readonly (readonly [one: string, other: string])[];

const CUT_MS = 8000;

function cut(name: string, cutsOf: (cluster: Cluster) => Promise<Cuts>): Fault {
  return {
    name,
    holdMs: CUT_MS,
    async begin(cluster) {
      const { network } = cluster;
      const cuts = await cutsOf(cluster);
      for (const [one, other] of cuts) network.cut(one, other);
      return () => {
        for (const [one, other] of cuts) network.mend(one, other);
      };
    },
  };
}

const names = (nodes: readonly { readonly name: string }[]): string[] => nodes.map(({ name }) => name);

/** Pairs of `host` with each of `others`. */
function from(host: string, others: readonly string[]): Cuts {
  return others.filter((other) => other !== host).map((other) => [host, other] as const);
}

const SLOW_MS = 200;

export const NETWORK_FAULTS: readonly Fault[] = [
  cut("the owner is cut off from NATS", async (cluster) => {
    const owner = await cluster.ownerOf(TOPIC);
    return from(owner.name, names(cluster.nats.servers));
  }),
  cut("the owner is cut off from the other servers of netlog", async (cluster) => {
    const owner = await cluster.ownerOf(TOPIC);
    return from(owner.name, names(cluster.netlogs));
  }),
  cut("the stream's leader is cut off from all", async (cluster) => {
    const leader = await cluster.leaderOf(TOPIC);
    return from(leader.name, names([...cluster.nats.servers, ...cluster.netlogs]));
  }),
  cut("the stream's leader is cut off from the other servers of NATS", async (cluster) => {
    const leader = await cluster.leaderOf(TOPIC);
    return from(leader.name, names(cluster.nats.servers));
  }),
  {
    name: "what the stream's leader sends is lost",
    holdMs: CUT_MS,
    async begin(cluster) {
      const { network, nats, netlogs } = cluster;
      const leader = await cluster.leaderOf(TOPIC);
      const others = names([...nats.servers, ...netlogs]).filter((name) => name !== leader.name);
      for (const other of others) network.cutOneWay(leader.name, other);
      return () => {
        for (const other of others) network.mendOneWay(leader.name, other);
      };
    },
  },
];

export const slowNetwork: Fault = {
  name: `what NATS sends is ${SLOW_MS} ms late`,
  holdMs: CUT_MS,
  begin({ network, nats }) {
    for (const { name } of nats.servers) network.delay(name, SLOW_MS);
    return Promise.resolve(() => {
      for (const { name } of nats.servers) network.hurry(name);
    });
  },
};
