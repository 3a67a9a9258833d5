/** A connection to a NATS server of the test file, and streams in it. */
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { silentLogger } from "../../../lib/base/logger.ts";
import { nodeRuntime } from "../../../lib/base/runtime.ts";
import { type ConnectionContext, EngineConnection } from "../../../lib/jetstream/nats/connection.ts";
import { JetStreamApi } from "../../../lib/jetstream/nats/jetstream-api.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { Nats, type NatsOptions } from "../../support/nats.ts";

export const CONTEXT: ConnectionContext = { runtime: nodeRuntime, logger: silentLogger, limits: LIMITS };

/** One server, or one cluster, for all tests of the file. */
export function natsOfFile(options?: NatsOptions): { readonly current: Nats } {
  const holder: { current: Nats } = { current: undefined as unknown as Nats };
  beforeAll(async () => {
    holder.current = await Nats.start(options);
  });
  afterAll(() => holder.current.remove());
  return holder;
}

/** Closed when the test is over. */
export async function connectTo(nats: Nats, context: ConnectionContext = CONTEXT): Promise<JetStreamApi> {
  const servers = nats.servers.map(({ url }) => url);
  const connection = await EngineConnection.connect({ servers, clientName: "netlog test" }, context);
  onTestFinished(() => connection.close());
  return new JetStreamApi(connection);
}
