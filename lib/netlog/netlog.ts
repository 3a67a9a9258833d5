/**
 * All topics of a storage by name, opened, made and deleted. A topic that cannot be opened is listed
 * as failed, and the others serve. Where several servers share a storage, each topic is served by one of them.
 */
import { mapConcurrently } from "../base/concurrency.ts";
import { NetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Offload } from "../message/compression.ts";
import type { NewMessage } from "../message/new-message.ts";
import { threadPoolOffload } from "../message/thread-pool-offload.ts";
import type { Neighbours } from "../topic/neighbours.ts";
import { DEFAULT_SETTINGS, type TopicSettings } from "../topic/setting-table.ts";
import { resolveSettings } from "../topic/settings.ts";
import type { NetlogStats } from "../topic/stats.ts";
import type { Storage } from "../topic/storage.ts";
import type { Topic } from "../topic/topic.ts";
import type { TopicShared } from "../topic/topic-shared.ts";
import type { TopicStart } from "../topic/topic-start.ts";
import { AllNames } from "./all-names.ts";
import { TopicLetterBox } from "./letter-box.ts";
import type { Limits } from "./limits.ts";
import { makeShared } from "./make-shared.ts";
import { Monitor } from "./monitor.ts";
import { NetlogFigures } from "./netlog-figures.ts";
import { type ForkRequest, TopicChanges } from "./topic-changes.ts";
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
  /**
   * The other servers of the storage, where it may have some. Then no topic is opened at the start: takeUp says which are
   * this server's.
   */
  readonly neighbours?: Neighbours;
  /** Where large message sets are packed and unpacked; Node's thread pool by default. */
  readonly offload?: Offload;
}

export class Netlog {
  readonly defaults: TopicSettings;
  /** The other servers of the same storage, where it may have some. */
  readonly neighbours: Neighbours | undefined;
  readonly #storage: Storage;
  readonly #shared: TopicShared;
  readonly #monitor: Monitor;
  readonly #figures: NetlogFigures;
  readonly #topics: TopicTable;
  readonly #changes: TopicChanges;
  readonly #names: AllNames;
  readonly #letters: TopicLetterBox;
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
      if (options.neighbours === undefined) await netlog.#changes.openAll(storage.topicNames);
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
    this.neighbours = options.neighbours;
    this.#names = new AllNames(this.#topics, options.neighbours);
    this.defaults = defaults;
    this.#letters = new TopicLetterBox(this, this.#opened);
    const { offload = threadPoolOffload } = options;
    const { counters } = storage;
    this.#shared = makeShared({ runtime, logger, limits, counters, offload, letterBox: this.#letters });
    this.#figures = new NetlogFigures({ storage, table: this.#topics, runtime, neighbours: this.neighbours });
    const onNew = (topic: Topic): void => this.#welcome(topic);
    this.#changes = new TopicChanges({ storage, table: this.#topics, shared: this.#shared, defaults, onNew });
    this.#monitor = new Monitor(runtime, monitorIntervalMs, () => this.#upkeep(monitorIntervalMs));
  }

  /** Sorted; those that failed to open, and those of other servers, included. A change of the topics makes another array. */
  topicNames(): readonly string[] {
    return this.#names.all();
  }

  /** One that failed to open, or is another server's, is there as well. */
  hasTopic(name: string): boolean {
    return this.#topics.has(name) || this.neighbours?.has(name) === true;
  }

  /**
   * The URL of the server that owns a topic, where that is not this one. A promise where the storage has to be asked, for a
   * name that this server does not know, and for a topic that another server may have taken from this one.
   *
   * @throws topic_unavailable: no server owns it now; one takes it over soon.
   */
  ownerOf(name: string): string | undefined | Promise<string | undefined> {
    if (this.neighbours === undefined || name === "") return undefined;
    if (this.#topics.has(name) && this.neighbours.isCertain(name)) return undefined;
    return this.neighbours.ownerOf(name);
  }

  /** Publishes a dead letter of another server to a topic of this one. @throws as Topic.publish does. */
  takeLetter(topic: string, message: NewMessage): Promise<void> {
    return this.#letters.take(topic, message);
  }

  /** It serves the topic, which has not failed to open. */
  serves(name: string): boolean {
    return this.#topics.find(name) !== undefined;
  }

  /** Serves a topic of the storage that is this server's from now on; resolves when it does, or is a failed one. */
  takeUp(name: string): Promise<void> {
    return this.#changes.takeUp(name);
  }

  /** Serves a topic no more, which is another server's from now on. What waits in it ends with shutting_down, as if it stopped. */
  letGo(name: string): Promise<void> {
    return this.#changes.letGo(name);
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
    return this.#figures.stats();
  }

  /**
   * Resolves when topics can be written to, as far as the data folder is concerned.
   *
   * @throws shutting_down; topic_unavailable with the reason: the folder or the disk lets nobody write.
   */
  async requireReady(): Promise<void> {
    if (this.#isShuttingDown) throw new NetlogError("shutting_down");
    this.#changes.throwIfOver();
    const reason = await this.#storage.trouble();
    if (reason !== undefined) throw new NetlogError("topic_unavailable", { reason });
  }

  /**
   * One whose time is over is deleted, and is not found: see expiryOf.
   *
   * @throws topic_not_found; topic_unavailable when it failed to open; shutting_down once closed.
   */
  topic(name: string): Topic {
    if (this.neighbours !== undefined && !this.#topics.has(name)) this.#throwIfElsewhere(name);
    return this.#changes.require(name);
  }

  /**
   * While a topic is being deleted because its time is over: resolves when it is gone for good, and rejects as
   * deleteTopic does. Before that no client should learn that it is gone: a crash could bring it back.
   */
  expiryOf(name: string): Promise<void> | undefined {
    return this.#changes.expiry.of(name);
  }

  /**
   * Makes a topic; durable when it resolves. `settings` is parsed JSON. What `start` says is there with the topic, for every
   * reader and over a crash.
   *
   * @throws invalid_topic_name, bad_request (names the setting), invalid_compression_type, topic_exists,
   *   too_many_requests (there are as many as may be), storage_full and topic_unavailable (nothing is left of it),
   *   sync_failed (unknown), shutting_down; for `start` what publish throws (nothing is left of it).
   */
  createTopic(name: string, settings?: unknown, start?: TopicStart): Promise<Topic> {
    return this.#changes.create(name, settings, start);
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
  forkTopic(name: string, fork: ForkRequest, settings?: unknown, start?: TopicStart): Promise<Topic> {
    return this.#changes.fork(name, fork, settings, start);
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
  updateTopic(name: string, change: unknown): Promise<void> {
    return this.#changes.update(name, change);
  }

  /**
   * Deletes a topic; durable when it resolves. Waiting calls reject with topic_not_found. A topic that failed to
   * open is only deleted by force, because its content is unknown.
   *
   * @throws topic_not_found, topic_unavailable, resource_busy (it has scanners), sync_failed, shutting_down.
   */
  deleteTopic(name: string, options: { readonly force: boolean }): Promise<void> {
    return this.#changes.delete(name, options.force);
  }

  /** What fails with shutting_down does so because all of it ends, and not one topic, which another server takes. */
  get isShuttingDown(): boolean {
    return this.#isShuttingDown || this.#closing !== undefined;
  }

  /** Waiting scans end with shutting_down, and none waits from now on. Everything else goes on until `close`. */
  beginShutdown(): void {
    this.#isShuttingDown = true;
    for (const topic of this.#topics.served) topic.beginShutdown();
  }

  /** Lets go of all topics, which other servers of the same storage take up. Never rejects. */
  giveAway(): Promise<void> {
    return this.#endAll(({ name }) => this.#changes.letGo(name));
  }

  /** Finishes what is under way, syncs, and gives the folder back. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const ended = this.#changes.end();
    await this.#monitor.stop();
    await ended;
    await this.#endAll((topic) => topic.close());
    await this.#storage.close();
  }

  async #endAll(end: (topic: Topic) => Promise<void>): Promise<void> {
    const { limits, logger } = this.#shared;
    await mapConcurrently(this.#topics.served, limits.topicsInTransition, async (topic) => {
      try {
        await end(topic);
      } catch (error) {
        logger.error({ err: error, topic: topic.name }, "a topic could not be closed properly");
      }
    });
  }

  /** A topic serves from now on. */
  #welcome(topic: Topic): void {
    if (this.#isShuttingDown) topic.beginShutdown();
    for (const hear of this.#watchers) hear(topic.name);
  }

  /** @throws topic_unavailable. */
  #throwIfElsewhere(name: string): void {
    if (this.neighbours?.has(name) !== true) return;
    throw new NetlogError("topic_unavailable", {
      reason: "the topic is on its way to another server, or from one; try again",
    });
  }

  async #upkeep(passedMs: number): Promise<void> {
    await mapConcurrently(this.#topics.served, this.#shared.limits.topicsInTransition, async (topic) => {
      if (topic.life.isOver) await this.#changes.expiry.begin(topic.name).catch(() => {});
      else await topic.upkeep(passedMs);
    });
  }
}
