/** A server in the tests' own process whose topics are on NATS JetStream. */
import { nodeRuntime, silentLogger } from "../../lib/index.ts";
import { EngineConnection } from "../../lib/jetstream/nats/connection.ts";
import { JetStreamApi } from "../../lib/jetstream/nats/jetstream-api.ts";
import { EngineNames } from "../../lib/jetstream/nats/names.ts";
import { JetStreamStorage } from "../../lib/jetstream/storage/jetstream-storage.ts";
import { LIMITS } from "../../lib/limits.ts";
import { Nats } from "../support/nats.ts";
import type { ContractTarget } from "./contract.ts";
import { startOver } from "./targets.ts";

/** A message of netlog has 16 MiB. NATS takes 1 MiB, where nobody says otherwise. */
export const MAX_PAYLOAD: number = 17 * 2 ** 20;

/** `copies` of each topic, on as many NATS servers. */
export function jetstreamTarget(copies: 1 | 3): ContractTarget {
  return {
    name: copies === 1 ? "on NATS JetStream" : `on NATS JetStream, ${copies} copies`,
    start: async () => {
      const nats = await Nats.start({ servers: copies, settings: `max_payload: ${MAX_PAYLOAD}` });
      const server = await startOver(() => openStorage(nats, copies));
      const stop = async (): Promise<void> => {
        await server.stop();
        await nats.remove();
      };
      return { url: server.url, stop };
    },
  };
}

async function openStorage(nats: Nats, copies: number): Promise<JetStreamStorage> {
  const surroundings = { limits: LIMITS, runtime: nodeRuntime, logger: silentLogger };
  const servers = nats.servers.map(({ url }) => url);
  const connection = await EngineConnection.connect({ servers, clientName: "netlog contract" }, surroundings);
  return await JetStreamStorage.open({
    ...surroundings,
    api: new JetStreamApi(connection),
    names: new EngineNames(),
    copies,
    owner: { incarnation: nodeRuntime.randomId(), url: undefined },
    isAlive: () => Promise.resolve(false),
    onFailed: () => {},
  });
}
