/** The figures of a Netlog, gathered when they are asked for. */
import type { Runtime } from "../base/runtime.ts";
import type { Neighbours } from "../topic/neighbours.ts";
import { gatherTopicStats, type NetlogStats } from "../topic/stats.ts";
import type { Storage } from "../topic/storage.ts";
import type { TopicTable } from "./topic-table.ts";

export interface NetlogFiguresOptions {
  readonly storage: Storage;
  readonly table: TopicTable;
  readonly runtime: Runtime;
  readonly neighbours: Neighbours | undefined;
}

export class NetlogFigures {
  readonly #options: NetlogFiguresOptions;
  #gathering: Promise<NetlogStats> | undefined;

  constructor(options: NetlogFiguresOptions) {
    this.#options = options;
  }

  /** Calls that come while it gathers share the result. */
  stats(): Promise<NetlogStats> {
    this.#gathering ??= this.#gather().finally(() => {
      this.#gathering = undefined;
    });
    return this.#gathering;
  }

  async #gather(): Promise<NetlogStats> {
    const { storage, table, runtime, neighbours } = this.#options;
    const { counters, openFileCount, tombstoneCount } = storage;
    const topics = await gatherTopicStats(table.served, runtime);
    const failedTopicCount = table.failed().length;
    return {
      topics,
      openTopicCount: table.names.length - failedTopicCount,
      failedTopicCount,
      tombstoneCount,
      openFileCount,
      counters,
      engine: neighbours?.figures(),
    };
  }
}
