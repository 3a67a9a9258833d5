/** Looks, before a server begins, whether this NATS can keep its topics: version, JetStream, rights, copies, room for messages. */
import type { ConnectionContext, EngineConnection } from "../nats/connection.ts";
import type { JetStreamApi } from "../nats/jetstream-api.ts";
import type { EngineNames } from "../nats/names.ts";
import { EngineStartError, explainRefusal } from "./start-error.ts";

export interface CheckOptions {
  readonly api: JetStreamApi;
  readonly names: EngineNames;
  readonly copies: number;
  readonly incarnation: string;
}

/** Reads of single messages from any copy came with 2.9. */
const OLDEST = [2, 9, 0] as const;

/** Does `work` again, for `engineStartMs`, where what it throws may only be a NATS that is not whole yet. */
export async function whileNatsStarts<Result>(
  work: () => Promise<Result>,
  { runtime, logger, limits }: ConnectionContext,
): Promise<Result> {
  const giveUpAtMs = runtime.elapsedMs() + limits.engineStartMs;
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const mayPass = error instanceof EngineStartError && error.mayPass;
      if (!mayPass || runtime.elapsedMs() >= giveUpAtMs) throw error;
      if (tries === 1) logger.warn({ reason: error.message }, "NATS may be starting, and is asked again");
    }
    await new Promise<void>((resolve) => runtime.setTimer(limits.engineRetryMs, resolve));
  }
}

/** @throws EngineStartError. */
export async function checkEngine({ api, names, copies, incarnation }: CheckOptions): Promise<void> {
  checkVersion(api.connection);
  // A stream like those of topics, in memory and for a moment: all that could refuse those refuses this one.
  const name = names.probeStream(incarnation);
  const subjects = [names.probeSubject(incarnation)];
  const probe = {
    name,
    subjects,
    num_replicas: copies,
    storage: "memory",
    retention: "limits",
    discard: "new",
  };
  try {
    await api.call("INFO", {});
    await api.call(`STREAM.CREATE.${name}`, probe);
    await api.deleteStream(name);
  } catch (error) {
    throw explainRefusal(error, copies, api.connection.isInCluster) ?? error;
  }
  await checkSubjects(api, names);
}

function checkVersion({ serverVersion }: EngineConnection): void {
  const parts = serverVersion.split(/[.-]/).map(Number);
  const difference = OLDEST.map((part, place) => (parts[place] ?? 0) - part).find((each) => each !== 0) ?? 0;
  if (difference >= 0) return;
  const oldest = OLDEST.join(".");
  throw new EngineStartError(
    `NATS is version ${serverVersion}; netlog needs ${oldest}, and 2.10.23 to sync each message`,
  );
}

/** Streams of others must not take what is published for netlog's topics. */
async function checkSubjects(api: JetStreamApi, names: EngineNames): Promise<void> {
  for (const stream of await api.streamNames(names.allLogs)) {
    if (names.keyOfLogStream(stream) !== undefined) continue;
    throw new EngineStartError(
      `the stream ${stream} of another program takes subjects under ${names.prefix}.log; ` +
        "remove it, or say --engine-prefix with a name of its own",
    );
  }
}
