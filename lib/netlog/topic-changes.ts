/**
 * What changes the set of topics: they are opened, taken up, let go of, made, forked, changed and deleted. All of that
 * happens one by one for each name. Netlog says what each call promises.
 */
import { mapConcurrently } from "../base/concurrency.ts";
import { isNetlogError, NetlogError } from "../base/errors.ts";
import { isSafeName, NAME_RULE } from "../base/names.ts";
import { OneByOne } from "../base/one-by-one.ts";
import { openTopic } from "../topic/open-topic.ts";
import type { TopicSettings } from "../topic/setting-table.ts";
import { requireFutureEnd, resolveSettings } from "../topic/settings.ts";
import { type ForkPlace, removeUnopened, type Storage, type StoredTopic } from "../topic/storage.ts";
import type { Topic } from "../topic/topic.ts";
import type { TopicShared } from "../topic/topic-shared.ts";
import { prepareStart, type TopicStart } from "../topic/topic-start.ts";
import { Expiry } from "./expiry.ts";
import type { Limits } from "./limits.ts";
import type { TopicTable } from "./topic-table.ts";

export interface TopicChangesOptions {
  readonly storage: Storage;
  readonly table: TopicTable;
  readonly shared: TopicShared;
  readonly defaults: TopicSettings;
  /** Called with each topic that serves from now on, but for those of `openAll`. */
  readonly onNew: (topic: Topic) => void;
}

export interface ForkRequest extends Partial<ForkPlace> {
  readonly source: string;
}

export class TopicChanges {
  readonly expiry: Expiry;
  readonly #storage: Storage;
  readonly #table: TopicTable;
  readonly #shared: TopicShared;
  readonly #defaults: TopicSettings;
  readonly #onNew: (topic: Topic) => void;
  readonly #byName = new OneByOne();
  #isOver = false;

  constructor({ storage, table, shared, defaults, onNew }: TopicChangesOptions) {
    this.#storage = storage;
    this.#table = table;
    this.#shared = shared;
    this.#defaults = defaults;
    this.#onNew = onNew;
    this.expiry = new Expiry({
      logger: shared.logger,
      deleteIfOver: (name) => this.#byName.run(name, () => this.#deleteIfOver(name)),
    });
  }

  /** No change begins from now on; resolves when those under way have ended. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#byName.ended();
  }

  throwIfOver(): void {
    if (!this.#isOver) return;
    throw new NetlogError("shutting_down", { reason: "the server is stopping" });
  }

  /** Those that cannot be opened are failed ones from then on. */
  async openAll(names: readonly string[]): Promise<void> {
    const { topicsInTransition } = this.#shared.limits;
    await mapConcurrently(names, topicsInTransition, (name) => this.#open(name));
  }

  takeUp(name: string): Promise<void> {
    return this.#byName.run(name, async () => {
      if (this.#isOver || this.#table.find(name) !== undefined) return;
      await this.#open(name);
      const topic = this.#table.find(name);
      if (topic !== undefined) this.#onNew(topic);
    });
  }

  letGo(name: string): Promise<void> {
    return this.#byName.run(name, async () => {
      const topic = this.#table.find(name);
      this.#table.delete(name);
      topic?.beginShutdown();
      await topic?.close();
    });
  }

  async create(name: string, settings?: unknown, start?: TopicStart): Promise<Topic> {
    const { limits, runtime } = this.#shared;
    requireName(name, limits);
    const resolved = resolveSettings(settings, this.#defaults, limits);
    requireFutureEnd(resolved, runtime.now());
    return await this.#byName.run(name, async () => {
      await this.#requireFree(name);
      const begin = start && (await prepareStart(name, start, resolved, this.#shared));
      return await this.#add(name, () => this.#storage.create(name, resolved, begin));
    });
  }

  async fork(
    name: string,
    { source, ...place }: ForkRequest,
    settings: unknown,
    start: TopicStart | undefined,
  ): Promise<Topic> {
    requireName(name, this.#shared.limits);
    return await this.#byName.run(name, async () => {
      await this.#requireFree(name);
      this.require(source);
      // Nobody who has the source waits for the new name: so far it is nobody's.
      return await this.#byName.run(source, async () => {
        const fork = await this.require(source).newFork(place, settings);
        const begin = start && (await prepareStart(name, start, fork.settings, this.#shared));
        return await this.#add(name, () => this.#storage.fork(name, fork, begin));
      });
    });
  }

  async update(name: string, change: unknown): Promise<void> {
    await this.#byName.run(name, () => this.require(name).updateSettings(change, this.#defaults));
  }

  async delete(name: string, force: boolean): Promise<void> {
    if (this.#table.find(name)?.life.isOver === true) this.require(name);
    await this.#byName.run(name, () => this.#delete(name, force));
  }

  require(name: string): Topic {
    const topic = this.#table.find(name);
    if (topic !== undefined && !this.#isOver && !topic.life.isOver) return topic;
    this.throwIfOver();
    if (topic !== undefined) void this.expiry.begin(name);
    this.#table.throwIfFailed(name);
    throw new NetlogError("topic_not_found");
  }

  async #open(name: string): Promise<void> {
    try {
      const stored = await this.#storage.open(name, this.#defaults);
      this.#table.serve(await openTopic(this.#shared, name, stored));
    } catch (error) {
      // Another server has deleted it meanwhile.
      if (!isNetlogError(error, "topic_not_found")) this.#fail(name, error);
    }
  }

  #fail(name: string, error: unknown): void {
    const reason = (isNetlogError(error) ? error.reason : undefined) ?? "it cannot be opened";
    this.#table.fail(name, reason);
    // Without a cause it says no more than its reason does.
    const isExplained = isNetlogError(error) && error.reason !== undefined && error.cause === undefined;
    const fields = { ...(isExplained ? {} : { err: error }), topic: name, reason };
    this.#shared.logger.error(fields, "this topic cannot be served");
  }

  async #requireFree(name: string): Promise<void> {
    this.throwIfOver();
    await this.#deleteIfOver(name);
    if (this.#table.has(name) || this.#storage.isTombstone(name)) throw new NetlogError("topic_exists");
  }

  async #add(name: string, store: () => Promise<StoredTopic>): Promise<Topic> {
    const topic = await this.#table.add(async () => {
      const stored = await store();
      try {
        return await openTopic(this.#shared, name, stored);
      } catch (error) {
        await removeUnopened(this.#storage, name);
        throw error;
      }
    });
    this.#onNew(topic);
    return topic;
  }

  async #delete(name: string, force: boolean): Promise<void> {
    this.throwIfOver();
    const topic = this.#table.find(name);
    if (topic === undefined && !force) this.#table.throwIfFailed(name);
    if (!this.#table.has(name)) throw new NetlogError("topic_not_found");
    if (topic !== undefined && topic.scannerCount > 0 && !force) throw new NetlogError("resource_busy");
    this.#table.delete(name);
    await topic?.delete();
    try {
      await this.#storage.remove(name);
    } catch (error) {
      if (isNetlogError(error, "topic_unavailable")) this.#fail(name, error);
      throw error;
    }
  }

  async #deleteIfOver(name: string): Promise<boolean> {
    const isOver = this.#table.find(name)?.life.isOver === true;
    if (isOver) await this.#delete(name, true);
    return isOver;
  }
}

/** @throws invalid_topic_name. */
function requireName(name: string, { topicNameLength }: Pick<Limits, "topicNameLength">): void {
  if (isSafeName(name, topicNameLength)) return;
  const reason = `a topic's name is 1 to ${topicNameLength} of ${NAME_RULE}`;
  throw new NetlogError("invalid_topic_name", { reason });
}
