/**
 * All topics of a storage by name, opened, made and deleted. A topic that cannot be opened is listed
 * as failed, and the others serve. What changes the set of topics happens one by one for each name.
 */
import { ByteBudget } from "../base/byte-budget.ts";
import { mapConcurrently } from "../base/concurrency.ts";
import { isNetlogError, NetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { isSafeName, NAME_RULE } from "../base/names.ts";
import { OneByOne } from "../base/one-by-one.ts";
import type { Runtime } from "../base/runtime.ts";
import { Slots } from "../base/slots.ts";
import { boundedOffload, type Offload } from "../message/compression.ts";
import { threadPoolOffload } from "../message/thread-pool-offload.ts";
import { ReadBuffers } from "../reading/read-buffers.ts";
import { SetCache } from "../reading/set-cache.ts";
import { openTopic } from "../topic/open-topic.ts";
import { Remembered } from "../topic/remembered.ts";
import { DEFAULT_SETTINGS, type TopicSettings } from "../topic/setting-table.ts";
import { requireFutureEnd, resolveSettings } from "../topic/settings.ts";
import { gatherTopicStats, type NetlogStats } from "../topic/stats.ts";
import type { ForkPlace, Storage, StoredTopic } from "../topic/storage.ts";
import type { Topic } from "../topic/topic.ts";
import type { TopicShared } from "../topic/topic-shared.ts";
import { prepareStart, type TopicStart } from "../topic/topic-start.ts";
import { Expiry } from "./expiry.ts";
import { TopicLetterBox } from "./letter-box.ts";
import type { Limits } from "./limits.ts";
import { Monitor } from "./monitor.ts";
import { type FailedTopic, TopicTable } from "./topic-table.ts";

const MONITOR_INTERVAL_MS = 10_000;

export interface NetlogOptions {
  /** Called once. The storage becomes the Netlog's, which closes it. */
  readonly openStorage: () => Promise<Storage>;
  readonly runtime: Runtime;
  readonly logger: Logger;
  /** Settings of topics that do not say otherwise: the JSON of `POST /:topic`, any part of it. */
  readonly defaults?: unknown;
  readonly monitorIntervalMs?: number;
  readonly limits: Limits;
  /** Where large message sets are packed and unpacked; Node's thread pool by default. */
  readonly offload?: Offload;
}

export class Netlog {
  readonly defaults: TopicSettings;
  readonly #storage: Storage;
  readonly #shared: TopicShared;
  readonly #monitor: Monitor;
  readonly #topics: TopicTable;
  /** What `stats` gathers now. */
  #gathering: Promise<NetlogStats> | undefined;
  /** Creations and deletions, by name. */
  readonly #changes = new OneByOne();
  readonly #expiry: Expiry;
  /** Called with each topic that is made. */
  readonly #watchers = new Set<(name: string) => void>();
  /** Resolves when all topics that are there were opened. */
  readonly #opened: Promise<void>;
  #tellOpened: () => void = () => {};
  #isShuttingDown = false;
  #closing: Promise<void> | undefined;

  /**
   * Opens the storage, and all topics in it.
   *
   * @throws bad_request or invalid_compression_type when the default settings are none; what `openStorage` throws.
   */
  static async open(options: NetlogOptions): Promise<Netlog> {
    const { limits } = options;
    const defaults = resolveSettings(options.defaults, DEFAULT_SETTINGS, limits);
    const storage = await options.openStorage();
    try {
      const netlog = new Netlog(options, defaults, storage);
      const names = storage.topicNames;
      await mapConcurrently(names, limits.topicsInTransition, (name) => netlog.#openTopic(name));
      netlog.#tellOpened();
      return netlog;
    } catch (error) {
      await storage.close();
      throw error;
    }
  }

  private constructor(options: NetlogOptions, defaults: TopicSettings, storage: Storage) {
    const { runtime, logger, limits, monitorIntervalMs = MONITOR_INTERVAL_MS } = options;
    this.#opened = new Promise((resolve) => {
      this.#tellOpened = resolve;
    });
    this.#topics = new TopicTable(limits.topics);
    this.#storage = storage;
    const deleteIfOver = (name: string) => this.#changes.run(name, () => this.#deleteIfOver(name));
    this.#expiry = new Expiry({ logger, deleteIfOver });
    this.defaults = defaults;
    this.#shared = {
      runtime,
      logger,
      limits,
      counters: storage.counters,
      offload: boundedOffload(options.offload ?? threadPoolOffload, new Slots(limits.offloadedWork)),
      sets: new SetCache(limits.setCacheBytes),
      readBuffers: new ReadBuffers(limits.readAheadBytes, limits.idleReadBuffers),
      letterBox: new TopicLetterBox(this, this.#opened),
      remembered: new Remembered(limits.remembered, storage.counters),
      inFlight: new ByteBudget(limits.bytesInFlight),
    };
    this.#monitor = new Monitor(runtime, monitorIntervalMs, () => this.#upkeep(monitorIntervalMs));
  }

  /** Sorted; those that failed to open included. A change of the topics makes another array. */
  topicNames(): readonly string[] {
    return this.#topics.names;
  }

  /** One that failed to open is there as well. */
  hasTopic(name: string): boolean {
    return this.#topics.has(name);
  }

  /** Calls `hear` with the name of each topic that is made from now on, once it serves. Gives what ends it. */
  watchTopics(hear: (name: string) => void): () => void {
    this.#watchers.add(hear);
    return () => void this.#watchers.delete(hear);
  }

  /** By name: topics that failed to open, and topics that take no messages because their settings are lost. */
  failedTopics(): FailedTopic[] {
    return this.#topics.failed();
  }

  /** The failed topic of this name. */
  failedTopic(name: string): FailedTopic | undefined {
    return this.#topics.failedTopic(name);
  }

  /** What there is to tell of its work, in figures. Calls that come while it gathers them share the result. */
  stats(): Promise<NetlogStats> {
    this.#gathering ??= this.#gather().finally(() => {
      this.#gathering = undefined;
    });
    return this.#gathering;
  }

  async #gather(): Promise<NetlogStats> {
    const { counters, openFileCount, tombstoneCount } = this.#storage;
    const topics = await gatherTopicStats(this.#topics.served, this.#shared.runtime);
    const failedTopicCount = this.failedTopics().length;
    return {
      topics,
      openTopicCount: this.topicNames().length - failedTopicCount,
      failedTopicCount,
      tombstoneCount,
      openFileCount,
      counters,
    };
  }

  /**
   * Resolves when topics can be written to, as far as the data folder is concerned.
   *
   * @throws shutting_down; topic_unavailable with the reason: the folder or the disk lets nobody write.
   */
  async requireReady(): Promise<void> {
    if (this.#isShuttingDown) throw new NetlogError("shutting_down");
    this.#throwIfClosed();
    const reason = await this.#storage.trouble();
    if (reason !== undefined) throw new NetlogError("topic_unavailable", { reason });
  }

  /**
   * One whose time is over is deleted, and is not found: see expiryOf.
   *
   * @throws topic_not_found; topic_unavailable when it failed to open; shutting_down once closed.
   */
  topic(name: string): Topic {
    const topic = this.#topics.find(name);
    if (topic !== undefined && this.#closing === undefined && !topic.life.isOver) return topic;
    this.#throwIfClosed();
    if (topic !== undefined) void this.#expiry.begin(name);
    this.#topics.throwIfFailed(name);
    throw new NetlogError("topic_not_found");
  }

  /**
   * While a topic is being deleted because its time is over: resolves when it is gone for good, and rejects as
   * deleteTopic does. Before that no client should learn that it is gone: a crash could bring it back.
   */
  expiryOf(name: string): Promise<void> | undefined {
    return this.#expiry.of(name);
  }

  /**
   * Makes a topic; durable when it resolves. `settings` is parsed JSON. What `start` says is there with the topic, for every
   * reader and over a crash.
   *
   * @throws invalid_topic_name, bad_request (names the setting), invalid_compression_type, topic_exists,
   *   too_many_requests (there are as many as may be), storage_full and topic_unavailable (nothing is left of it),
   *   sync_failed (unknown), shutting_down; for `start` what publish throws (nothing is left of it).
   */
  async createTopic(name: string, settings?: unknown, start?: TopicStart): Promise<Topic> {
    const { limits, runtime } = this.#shared;
    requireName(name, limits);
    const resolved = resolveSettings(settings, this.defaults, limits);
    requireFutureEnd(resolved, runtime.now());
    return await this.#changes.run(name, async () => {
      await this.#requireFree(name);
      const begin = start && (await prepareStart(name, start, resolved, this.#shared));
      return await this.#add(name, () => this.#storage.create(name, resolved, begin));
    });
  }

  /**
   * Makes a topic that begins with the messages of `source` up to a place, at its end by default; durable when it resolves.
   * The source does not change. The fork is open, has no scanners, and remembers nothing of its source's producers and
   * keys. `settings` is parsed JSON; what it leaves out is as in the source, but for ttl and expires_at where it has one.
   * `start` follows the source's messages, as in createTopic.
   *
   * @throws topic_not_found (no source), bad_request (no such place, or another content type), offset_not_found (dropped:
   *   with firstOffset), sync_failed (unknown); and what createTopic throws.
   */
  async forkTopic(
    name: string,
    { source, ...place }: { readonly source: string } & Partial<ForkPlace>,
    settings?: unknown,
    start?: TopicStart,
  ): Promise<Topic> {
    requireName(name, this.#shared.limits);
    return await this.#changes.run(name, async () => {
      await this.#requireFree(name);
      this.topic(source);
      // Nobody who has the source waits for the new name: so far it is nobody's.
      return await this.#changes.run(source, async () => {
        const fork = await this.topic(source).newFork(place, settings);
        const begin = start && (await prepareStart(name, start, fork.settings, this.#shared));
        return await this.#add(name, () => this.#storage.fork(name, fork, begin));
      });
    });
  }

  /** True of the name of a topic that was deleted, while there are forks of it. To everybody else the topic is not found. */
  isTombstone(name: string): boolean {
    return this.#storage.isTombstone(name);
  }

  /**
   * Changes the settings of a topic that `change` names (parsed JSON), for what is published from then on; zero is the
   * server's default. Durable when it resolves.
   *
   * @throws topic_not_found, bad_request, invalid_compression_type, shutting_down; storage_full and topic_unavailable
   *   (nothing has changed), sync_failed (unknown).
   */
  async updateTopic(name: string, change: unknown): Promise<void> {
    await this.#changes.run(name, () => this.topic(name).updateSettings(change, this.defaults));
  }

  /**
   * Deletes a topic; durable when it resolves. Waiting calls reject with topic_not_found. A topic that failed to
   * open is only deleted by force, because its content is unknown.
   *
   * @throws topic_not_found, topic_unavailable, resource_busy (it has scanners), sync_failed, shutting_down.
   */
  async deleteTopic(name: string, options: { readonly force: boolean }): Promise<void> {
    if (this.#topics.find(name)?.life.isOver === true) this.topic(name);
    await this.#changes.run(name, () => this.#delete(name, options.force));
  }

  /** Waiting scans end with shutting_down, and none waits from now on. Everything else goes on until `close`. */
  beginShutdown(): void {
    this.#isShuttingDown = true;
    for (const topic of this.#topics.served) topic.beginShutdown();
  }

  /** Finishes what is under way, syncs, and gives the folder back. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { limits, logger } = this.#shared;
    await this.#monitor.stop();
    await this.#changes.ended();
    await mapConcurrently(this.#topics.served, limits.topicsInTransition, async (topic) => {
      try {
        await topic.close();
      } catch (error) {
        logger.error({ err: error, topic: topic.name }, "a topic could not be closed properly");
      }
    });
    await this.#storage.close();
  }

  async #openTopic(name: string): Promise<void> {
    try {
      const stored = await this.#storage.open(name, this.defaults);
      this.#topics.serve(await openTopic(this.#shared, name, stored));
    } catch (error) {
      this.#fail(name, error);
    }
  }

  #fail(name: string, error: unknown): void {
    const reason = (isNetlogError(error) ? error.reason : undefined) ?? "it cannot be opened";
    this.#topics.fail(name, reason);
    // Without a cause it says no more than its reason does.
    const isExplained = isNetlogError(error) && error.reason !== undefined && error.cause === undefined;
    const fields = { ...(isExplained ? {} : { err: error }), topic: name, reason };
    this.#shared.logger.error(fields, "this topic cannot be served");
  }

  async #requireFree(name: string): Promise<void> {
    this.#throwIfClosed();
    await this.#deleteIfOver(name);
    if (this.hasTopic(name) || this.isTombstone(name)) throw new NetlogError("topic_exists");
  }

  async #add(name: string, store: () => Promise<StoredTopic>): Promise<Topic> {
    const topic = await this.#topics.add(async () => {
      const stored = await store();
      try {
        return await openTopic(this.#shared, name, stored);
      } catch (error) {
        await this.#storage.removeUnopened(name);
        throw error;
      }
    });
    if (this.#isShuttingDown) topic.beginShutdown();
    for (const hear of this.#watchers) hear(name);
    return topic;
  }

  async #delete(name: string, force: boolean): Promise<void> {
    this.#throwIfClosed();
    const topic = this.#topics.find(name);
    if (topic === undefined && !force) this.#topics.throwIfFailed(name);
    if (!this.#topics.has(name)) throw new NetlogError("topic_not_found");
    if (topic !== undefined && topic.scannerCount > 0 && !force) throw new NetlogError("resource_busy");
    this.#topics.delete(name);
    await topic?.delete();
    try {
      await this.#storage.remove(name);
    } catch (error) {
      if (isNetlogError(error, "topic_unavailable")) this.#fail(name, error);
      throw error;
    }
  }

  async #upkeep(passedMs: number): Promise<void> {
    await mapConcurrently(this.#topics.served, this.#shared.limits.topicsInTransition, async (topic) => {
      if (topic.life.isOver) await this.#expiry.begin(topic.name).catch(() => {});
      else await topic.upkeep(passedMs);
    });
  }

  async #deleteIfOver(name: string): Promise<boolean> {
    const isOver = this.#topics.find(name)?.life.isOver === true;
    if (isOver) await this.#delete(name, true);
    return isOver;
  }

  #throwIfClosed(): void {
    if (this.#closing !== undefined) {
      throw new NetlogError("shutting_down", { reason: "the server is stopping" });
    }
  }
}

/** @throws invalid_topic_name. */
function requireName(name: string, { topicNameLength }: Pick<Limits, "topicNameLength">): void {
  if (isSafeName(name, topicNameLength)) return;
  const reason = `a topic's name is 1 to ${topicNameLength} of ${NAME_RULE}`;
  throw new NetlogError("invalid_topic_name", { reason });
}
