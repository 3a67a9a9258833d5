/** Topics as streams of NATS JetStream: which there are, and how they are made, forked and removed. */
import type { Counters } from "../../base/counters.ts";
import { isNetlogError, NetlogError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { OneByOne } from "../../base/one-by-one.ts";
import type { Runtime } from "../../base/runtime.ts";
import { DEFAULT_SETTINGS, type TopicSettings } from "../../topic/setting-table.ts";
import { type BeginTopic, type NewFork, removeUnopened, type StoredTopic } from "../../topic/storage.ts";
import type {
  CopyingStorage,
  MovingTopic,
  NewCopy,
  StoredCopy,
  UnfinishedCopy,
} from "../../topic/stored-copy.ts";
import type { Owner } from "../log/claim.ts";
import type { EngineCounters } from "../log/engine-counters.ts";
import { EngineShared, type LogFailure, type Room } from "../log/stream-log-options.ts";
import type { JetStreamApi } from "../nats/jetstream-api.ts";
import type { Limits } from "../nats/limits.ts";
import type { EngineNames } from "../nats/names.ts";
import { TopicAdmin } from "../topics/topic-admin.ts";
import { newDescription, type TopicDescription } from "../topics/topic-description.ts";
import { type DescribedTopic, TopicStreams } from "../topics/topic-streams.ts";
import { forkStream } from "./fork-stream.ts";
import { type OpenStreams, openTopicStreams, type StreamParts } from "./open-topic-streams.ts";
import { StreamCopies } from "./stream-copies.ts";

export interface JetStreamStorageOptions {
  /** Its connection is closed with the storage. */
  readonly api: JetStreamApi;
  readonly names: EngineNames;
  /** Each stream has so many. */
  readonly copies: number;
  /** This server, as claims name it: a new name for each start. */
  readonly owner: Owner;
  /** Whether another server of this name lives. What a dead one was making is removed. */
  readonly isAlive: (incarnation: string) => Promise<boolean>;
  /** The log of a topic has failed: see StreamLogOptions. */
  readonly onFailed: (topic: string, failure: LogFailure) => void;
  /** What makes this server unfit beside a lost connection, for the operator. */
  readonly trouble?: () => string | undefined;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
  /** Always enough when absent. */
  readonly room?: Room;
}

/** Writes what a topic begins with, and closes its log. */
type FillTopic = (streams: OpenStreams) => Promise<void>;

/** Forks, and deletions, concern two topics: they are made one after the other. */
const RELATIVES = "relatives";

export class JetStreamStorage implements CopyingStorage {
  readonly openFileCount = 0;
  readonly topicNames: readonly string[];
  readonly copies: readonly UnfinishedCopy[];
  readonly moved: readonly string[];
  readonly #options: JetStreamStorageOptions;
  readonly #admin: TopicAdmin;
  readonly #streams: TopicStreams;
  readonly #shared: EngineShared;
  readonly #parts: StreamParts;
  readonly #copies: StreamCopies;
  readonly #changes = new OneByOne();
  #quorum: Promise<string | undefined> | undefined;
  /** What is to be closed with the storage, where its topic was not. */
  readonly #open = new Map<string, OpenStreams>();

  /** Finds the topics, and removes what was left half made. @throws JetStreamError, NoAnswer. */
  static async open(options: JetStreamStorageOptions): Promise<JetStreamStorage> {
    const streams = new TopicStreams({ ...options, defaults: DEFAULT_SETTINGS });
    await streams.refresh();
    const storage = new JetStreamStorage(options, streams);
    await storage.clean();
    return storage;
  }

  private constructor(options: JetStreamStorageOptions, streams: TopicStreams) {
    this.#options = options;
    this.#streams = streams;
    this.#admin = new TopicAdmin(options);
    this.#shared = new EngineShared(options);
    this.#parts = { ...options, shared: this.#shared, admin: this.#admin };
    this.#copies = new StreamCopies({ ...options, streams, admin: this.#admin, parts: this.#parts });
    this.topicNames = streams.topicNames;
    this.copies = streams.unserved("copying");
    this.moved = streams.unserved("moved").map(({ name }) => name);
  }

  /** The topics that NATS has now: other servers make some, and delete some. @throws JetStreamError, NoAnswer. */
  refresh(): Promise<readonly string[]> {
    return this.#changes.run(RELATIVES, async () => {
      await this.#streams.refresh();
      return this.#streams.topicNames;
    });
  }

  /** Removes what servers that ended left half made, and what is kept of sources without forks. Never rejects. */
  async clean(): Promise<void> {
    const { isAlive, logger, owner } = this.#options;
    try {
      for (const { name, id, maker = "" } of this.#streams.unfinished) {
        if (maker === owner.incarnation || (await isAlive(maker))) continue;
        // It may have been done with it before it ended.
        if (!(await this.#admin.isStill(name, (now) => now.id === id && now.maker === maker))) continue;
        await this.#admin.remove(name, id);
        this.#streams.forget(name);
        logger.info({ topic: name }, "removed a topic that a server was making when it ended");
      }
      await this.#removeOrphans();
    } catch (error) {
      logger.warn({ err: error }, "what was left of topics was not removed; the next start does it");
    }
  }

  get engineCounters(): EngineCounters {
    return this.#shared.engineCounters;
  }

  get counters(): Counters {
    return this.#shared.counters;
  }

  get tombstoneCount(): number {
    return this.#streams.tombstoneCount;
  }

  isTombstone(name: string): boolean {
    return this.#streams.isTombstone(name);
  }

  async open(name: string, defaults: TopicSettings): Promise<StoredTopic> {
    const opened = await openTopicStreams(this.#parts, name, defaults, () => this.#streams.lineageOf(name));
    this.#open.set(name, opened);
    return opened.stored;
  }

  async create(name: string, settings: TopicSettings, begin?: BeginTopic): Promise<StoredTopic> {
    const topic = this.#describe(name, settings);
    await this.#make(topic, begin && (({ stored }) => begin(stored)));
    return await this.#openNew(name, settings);
  }

  async fork(name: string, fork: NewFork, begin?: BeginTopic): Promise<StoredTopic> {
    const { settings, source } = fork;
    const topic = { ...this.#describe(name, settings), source };
    const fill: FillTopic = async ({ stored }) => {
      await forkStream(fork, stored.log, this.#options);
      if (begin === undefined) await stored.log.close();
      else await begin(stored);
    };
    await fork.log.keepSegments(() => this.#make(topic, fill, fork.log.logStartOffset));
    return await this.#openNew(name, settings);
  }

  openCopy(name: string, copy: NewCopy): Promise<StoredCopy> {
    return this.#copies.open(name, copy);
  }

  discardCopy(name: string): Promise<void> {
    return this.#copies.discard(name);
  }

  openToMove(name: string, defaults: TopicSettings): Promise<MovingTopic> {
    return this.#copies.openToMove(name, defaults);
  }

  remove(name: string): Promise<void> {
    return this.#changes.run(RELATIVES, async () => {
      const id = this.#open.get(name)?.stored.id;
      await this.#close(name);
      // Another server may have made a fork of it, or deleted one of its source's.
      await this.#streams.refresh().catch(() => {});
      const topic = this.#streams.get(name);
      const removedId = id ?? topic?.id;
      const hasForks = topic?.id === removedId && this.#streams.forksOf(topic?.id ?? "").length > 0;
      if (topic !== undefined && hasForks) return await this.#bury(topic);
      await this.#admin.remove(name, removedId);
      this.#streams.forget(name);
      this.#shared.acknowledged.delete(this.#options.names.logStream(name));
      await this.#removeOrphans().catch((error: unknown) => {
        this.#options.logger.warn({ err: error }, "a deleted topic keeps its name; the next start frees it");
      });
    });
  }

  async trouble(): Promise<string | undefined> {
    const { api, trouble } = this.#options;
    if (!api.connection.isConnected) return "there is no connection to NATS";
    // All who ask now share the answer.
    this.#quorum ??= this.#lackOfQuorum().finally(() => {
      this.#quorum = undefined;
    });
    return trouble?.() ?? (await this.#quorum);
  }

  async #lackOfQuorum(): Promise<string | undefined> {
    const { api, limits } = this.#options;
    try {
      // The leader of all of JetStream answers, and there is none without a quorum.
      await api.call("INFO", {}, limits.engineAckMs);
      return undefined;
    } catch (error) {
      return `JetStream does not answer: NATS has no quorum now (${error instanceof Error ? error.message : ""})`;
    }
  }

  async close(): Promise<void> {
    await this.#changes.ended();
    await Promise.all([...this.#open.keys()].map((name) => this.#close(name)));
    await this.#options.api.connection.close();
  }

  #describe(name: string, settings: TopicSettings): TopicDescription {
    return newDescription(name, this.#options.runtime.randomId(), settings);
  }

  /** Makes the stream of a topic. With `fill` it is no topic until that is done, and nothing is left where that fails. */
  async #make(topic: TopicDescription, fill: FillTopic | undefined, firstOffset = 0): Promise<void> {
    const maker = fill === undefined ? undefined : this.#options.owner.incarnation;
    await this.#admin.create({ ...topic, maker });
    this.#streams.note({ ...topic, maker });
    if (fill !== undefined) await this.#fill(topic, fill, firstOffset);
    this.#streams.note(topic);
  }

  async #fill(
    { name, id, settings, source }: TopicDescription,
    fill: FillTopic,
    firstOffset: number,
  ): Promise<void> {
    const lineage = () => ({ source, forks: [] });
    try {
      const streams = await openTopicStreams(this.#parts, name, settings!, lineage, { firstOffset });
      try {
        await fill(streams);
      } finally {
        await streams.close();
      }
      await this.#admin.describe(name, id, (described) => ({ ...described, maker: undefined }));
    } catch (error) {
      await this.#discard(name, id);
      throw error;
    }
  }

  async #discard(name: string, id: string): Promise<void> {
    try {
      await this.#admin.remove(name, id);
      this.#streams.forget(name);
    } catch (error) {
      this.#options.logger.warn(
        { err: error, topic: name },
        "a topic half made was not removed; the next start does it",
      );
    }
  }

  /** Where it is not opened here, another server may have taken it up by now, and messages for it: so it stays. */
  async #openNew(name: string, settings: TopicSettings): Promise<StoredTopic> {
    try {
      return await this.open(name, settings);
    } catch (error) {
      if (isNetlogError(error, "storage_full")) {
        await removeUnopened(this, name);
        throw error;
      }
      const reason = "the topic was made and could not be opened; it may be there";
      throw new NetlogError("sync_failed", { reason, cause: error });
    }
  }

  /** Its forks have all that they need; the name stays theirs. */
  async #bury(topic: DescribedTopic): Promise<void> {
    const { name, id } = topic;
    try {
      await this.#admin.describe(name, id, (described) => ({ ...described, isDeleted: true }));
    } catch (error) {
      if (isNetlogError(error, "sync_failed")) throw error;
      const reason = "the topic could not be deleted; a restart serves it again";
      throw new NetlogError("topic_unavailable", { reason, cause: error });
    }
    this.#streams.note({ ...topic, isDeleted: true });
    this.#admin.empty(topic).catch((error: unknown) => {
      this.#options.logger.warn(
        { err: error, topic: name },
        "the messages of a deleted topic were not removed",
      );
    });
  }

  /** A source that was deleted goes with its last fork, and may itself have been the last fork of another one. */
  async #removeOrphans(): Promise<void> {
    for (let [orphan] = this.#streams.orphans; orphan !== undefined; [orphan] = this.#streams.orphans) {
      await this.#admin.remove(orphan.name, orphan.id);
      this.#streams.forget(orphan.name);
    }
  }

  async #close(name: string): Promise<void> {
    const streams = this.#open.get(name);
    this.#open.delete(name);
    await streams?.close();
  }
}
