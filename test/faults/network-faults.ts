/** What is done to the network between the servers of a cluster; each of them has a host of its own. */
import type { Cluster } from "./cluster.ts";
import type { Fault } from "./faults.ts";
import { TOPIC } from "./load.ts";
import type { Network } from "./network.ts";

/** The ways from one host to another on which all is lost. */
type Ways = readonly (readonly [from: string, to: string])[];

const CUT_MS = 8000;

function cut(name: string, waysOf: (cluster: Cluster) => Promise<Ways>): Fault {
  return {
    name,
    holdMs: CUT_MS,
    async begin(cluster) {
      const { network } = cluster;
      const ways = await waysOf(cluster);
      const all = (change: (network: Network, from: string, to: string) => void): void => {
        for (const [from, to] of ways) change(network, from, to);
      };
      all((on, from, to) => on.cutOneWay(from, to));
      return () => all((on, from, to) => on.mendOneWay(from, to));
    },
  };
}

const names = (nodes: readonly { readonly name: string }[]): string[] => nodes.map(({ name }) => name);

/** From `host` to each of `others`. */
function from(host: string, others: readonly string[]): Ways {
  return others.filter((other) => other !== host).map((other) => [host, other] as const);
}

function to(host: string, others: readonly string[]): Ways {
  return from(host, others).map(([one, other]) => [other, one]);
}

function between(host: string, others: readonly string[]): Ways {
  return [...from(host, others), ...to(host, others)];
}

const everybody = ({ nats, netlogs }: Cluster): string[] => names([...nats.servers, ...netlogs]);

const owner = async (cluster: Cluster): Promise<string> => (await cluster.ownerOf(TOPIC)).name;

const leader = async (cluster: Cluster): Promise<string> => (await cluster.leaderOf(TOPIC)).name;

export const NETWORK_FAULTS: readonly Fault[] = [
  cut("the owner is cut off from NATS", async (cluster) =>
    between(await owner(cluster), names(cluster.nats.servers)),
  ),
  cut("the owner is cut off from the other servers of netlog", async (cluster) =>
    between(await owner(cluster), names(cluster.netlogs)),
  ),
  cut("what the owner sends to NATS is lost", async (cluster) =>
    from(await owner(cluster), names(cluster.nats.servers)),
  ),
  cut("what NATS sends to the owner is lost", async (cluster) =>
    to(await owner(cluster), names(cluster.nats.servers)),
  ),
  cut("the stream's leader is cut off from all", async (cluster) =>
    between(await leader(cluster), everybody(cluster)),
  ),
  cut("the stream's leader is cut off from the other servers of NATS", async (cluster) =>
    between(await leader(cluster), names(cluster.nats.servers)),
  ),
  cut("what the stream's leader sends is lost", async (cluster) =>
    from(await leader(cluster), everybody(cluster)),
  ),
  cut("what is sent to the stream's leader is lost", async (cluster) =>
    to(await leader(cluster), everybody(cluster)),
  ),
  cut("each server of NATS is cut off from the others", async (cluster) => {
    const servers = names(cluster.nats.servers);
    return servers.flatMap((server) => from(server, servers));
  }),
];
