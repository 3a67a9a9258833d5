/** Servers without HTTP over one NATS: each is a storage of its own, and all topics are open in it. */
import { onTestFinished } from "vitest";
import { silentLogger } from "../../../../lib/base/logger.ts";
import { nodeRuntime } from "../../../../lib/base/runtime.ts";
import type { JetStreamApi } from "../../../../lib/jetstream/nats/jetstream-api.ts";
import { EngineNames } from "../../../../lib/jetstream/nats/names.ts";
import {
  JetStreamStorage,
  type JetStreamStorageOptions,
} from "../../../../lib/jetstream/storage/jetstream-storage.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import { Netlog } from "../../../../lib/netlog/netlog.ts";
import type { Nats } from "../../../support/nats.ts";
import { connectTo } from "../engine-fixture.ts";

const SURROUNDINGS = { runtime: nodeRuntime, logger: silentLogger, limits: LIMITS };

export interface EngineServer {
  readonly netlog: Netlog;
  readonly storage: JetStreamStorage;
  readonly api: JetStreamApi;
}

/** A server's storage; its connection is closed with the running test, where the storage was not. */
export async function openEngineStorage(
  nats: Nats,
  names: EngineNames,
  options: Partial<JetStreamStorageOptions> = {},
): Promise<JetStreamStorage> {
  return await JetStreamStorage.open({
    ...SURROUNDINGS,
    api: await connectTo(nats),
    names,
    copies: 1,
    owner: { incarnation: nodeRuntime.randomId(), url: undefined },
    isAlive: () => Promise.resolve(false),
    onFailed: () => {},
    ...options,
  });
}

/** A server with all topics of `names`, which has them until the running test is over. */
export async function startEngineServer(
  nats: Nats,
  names: EngineNames,
  options: Partial<JetStreamStorageOptions> = {},
): Promise<EngineServer> {
  const api = await connectTo(nats);
  const storage = await openEngineStorage(nats, names, { api, ...options });
  const limits = { ...LIMITS, ...options.limits };
  const netlog = await Netlog.open({ ...SURROUNDINGS, limits, openStorage: () => Promise.resolve(storage) });
  onTestFinished(() => netlog.close());
  return { netlog, storage, api };
}

let prefixCount = 0;

/** Those of a cluster of its own. */
export function ownNames(): EngineNames {
  prefixCount += 1;
  return new EngineNames(`n${prefixCount}`);
}

/** The names of all streams under a prefix, sorted. */
export async function streamsOf(api: Pick<JetStreamApi, "streamNames">, prefix: string): Promise<string[]> {
  return (await api.streamNames(`${prefix}.>`)).sort();
}
