/** A publisher over a log in memory, and packing that a test lets go on. */
import { ByteBudget } from "../../lib/base/byte-budget.ts";
import { Counters, TopicCounters } from "../../lib/base/counters.ts";
import { LIMITS, type Limits } from "../../lib/index.ts";
import type { Log } from "../../lib/log/log.ts";
import { inlineOffload, type Offload } from "../../lib/message/compression.ts";
import { Publisher } from "../../lib/topic/publisher.ts";
import { DEFAULT_SETTINGS, type TopicSettings } from "../../lib/topic/setting-table.ts";
import { newLog } from "./log-fixture.ts";
import type { ManualRuntime } from "./manual-runtime.ts";
import type { MemoryDisk } from "./memory-disk.ts";

interface Fixture {
  readonly publisher: Publisher;
  readonly log: Log;
  readonly disk: MemoryDisk;
  readonly runtime: ManualRuntime;
}

export async function newPublisher(
  given: Partial<TopicSettings> = {},
  options: { limits?: Partial<Limits>; offload?: Offload } = {},
): Promise<Fixture> {
  const settings = { ...DEFAULT_SETTINGS, ...given };
  const { log, disk, runtime } = await newLog({ durability: settings.durability });
  const limits = { ...LIMITS, ...options.limits };
  const inFlight = new ByteBudget(limits.bytesInFlight);
  const offload = options.offload ?? inlineOffload;
  const counters = { counters: new Counters(), topicCounters: new TopicCounters() };
  return {
    publisher: new Publisher({ log, settings, runtime, limits, offload, inFlight, ...counters }),
    log,
    disk,
    runtime,
  };
}

export function publishMany(publisher: Publisher, count: number): Promise<unknown>[] {
  return Array.from({ length: count }, (_, i) =>
    publisher.publish({ payload: Buffer.from(`m${i}`) }, { durability: "synced" }),
  );
}

/** Each set waits until the test calls its function in `held`. */
export class HeldOffload implements Offload {
  readonly held: (() => void)[] = [];
  readonly decompress: Offload["decompress"] = inlineOffload.decompress;
  readonly pause: Offload["pause"] = inlineOffload.pause;
  failure: Error | undefined;

  async compress(...given: Parameters<Offload["compress"]>): Promise<Buffer> {
    await new Promise<void>((resolve) => this.held.push(resolve));
    if (this.failure !== undefined) throw this.failure;
    return await inlineOffload.compress(...given);
  }
}
