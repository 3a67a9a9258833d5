/** The one door to topics on NATS JetStream. It is loaded where a command is given `--engine`, and nowhere else. */
import type { Logger } from "../base/logger.ts";
import { nodeRuntime } from "../base/runtime.ts";
import { type EngineStatus, engineStatus } from "./engine/engine-status.ts";
import { explainConnect, explainRefusal } from "./engine/start-error.ts";
import { EngineConnection } from "./nats/connection.ts";
import { JetStreamApi } from "./nats/jetstream-api.ts";
import type { Limits } from "./nats/limits.ts";
import { EngineNames } from "./nats/names.ts";

export { Engine, type EngineOptions } from "./engine/engine.ts";
export type { EngineStatus, TopicStatus } from "./engine/engine-status.ts";

export interface LookOptions {
  readonly servers: readonly string[];
  readonly credentials?: string | undefined;
  readonly prefix?: string;
  readonly limits: Limits;
  readonly logger: Logger;
}

/** What NATS has of the topics under a prefix. @throws EngineStartError. */
export async function lookAtEngine(options: LookOptions): Promise<EngineStatus> {
  const { servers, credentials, prefix, limits, logger } = options;
  let connection: EngineConnection;
  try {
    const address = { servers, credentials, clientName: "netlog engine status" };
    connection = await EngineConnection.connect(address, { runtime: nodeRuntime, logger, limits });
  } catch (error) {
    throw explainConnect(error, servers) ?? error;
  }
  try {
    const api = new JetStreamApi(connection);
    return await engineStatus({ connection, api, names: new EngineNames(prefix), limits });
  } catch (error) {
    throw explainRefusal(error, 1) ?? error;
  } finally {
    await connection.close();
  }
}
