/** Servers in the tests' own process, whose topics are on one NATS: each owns some topics, and sends requests for others on. */
import { type Neighbours, Netlog, nodeRuntime, silentLogger } from "../../lib/index.ts";
import { Engine, type EngineOptions } from "../../lib/jetstream/index.ts";
import { LIMITS, type Limits } from "../../lib/limits.ts";
import { startServer } from "../../server/index.ts";
import { freePort } from "./free-port.ts";
import type { Nats } from "./nats.ts";

/** Soon after a server ends, others take its topics; one that stands still for a while, as on a busy machine, is not taken for dead. */
const QUICK: Partial<Limits> = { engineHeartbeatMs: 100 };

export interface EngineServer {
  readonly url: string;
  readonly netlog: Netlog;
  /** Ends it as SIGTERM does. */
  stop(): Promise<void>;
  /** It is there no more for the others, and gives nothing away. */
  vanish(): Promise<void>;
}

export function engineOptions(nats: Nats, given: Partial<EngineOptions> = {}): EngineOptions {
  return {
    servers: nats.servers.map(({ url }) => url),
    copies: 1,
    monitors: [],
    isUnsafe: true,
    url: undefined,
    runtime: nodeRuntime,
    logger: silentLogger,
    ...given,
  };
}

/** The server knows its neighbours as `seen` gives them. */
export async function startEngineServer(
  nats: Nats,
  given: Partial<EngineOptions> = {},
  limits: Partial<Limits> = QUICK,
  seen: (neighbours: Neighbours) => Neighbours = (neighbours) => neighbours,
): Promise<EngineServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const engine = await Engine.open(engineOptions(nats, { url, ...given }), { ...LIMITS, ...limits });
  const netlog = await Netlog.open({
    runtime: nodeRuntime,
    logger: silentLogger,
    limits: engine.limits,
    openStorage: () => engine.openStorage(),
    neighbours: seen(engine.neighbours),
  });
  await engine.begin(netlog);
  const server = await startServer({ netlog, host: "127.0.0.1", port, logger: silentLogger });
  let ended: Promise<void> | undefined;
  const end = async (leaves: boolean): Promise<void> => {
    if (leaves) engine.leave();
    else engine.end();
    await server.stop({ graceMs: leaves ? 1000 : 0 });
    await netlog.close();
    engine.end();
  };
  return {
    url,
    netlog,
    stop: () => (ended ??= end(true)),
    vanish: async () => {
      engine.end();
      await server.stop({ graceMs: 0 });
    },
  };
}
