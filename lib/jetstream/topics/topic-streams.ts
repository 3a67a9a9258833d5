/**
 * Which topics NATS has: their streams, what these say of themselves, and who is a fork of whom. All of it is what the
 * descriptions of the streams say, as they were read last; a source does not know its forks, they name it.
 */
import type { TopicSettings } from "../../topic/setting-table.ts";
import type { Lineage } from "../../topic/storage.ts";
import type { Unserved } from "../log/claim.ts";
import type { JetStreamApi } from "../nats/jetstream-api.ts";
import type { Limits } from "../nats/limits.ts";
import type { EngineNames } from "../nats/names.ts";
import type { StreamInfo } from "../nats/stream-config.ts";
import { decodeDescription, type TopicDescription } from "./topic-description.ts";

/** A topic, or what is left of one, or what may become one. */
export type DescribedTopic = Pick<
  TopicDescription,
  "name" | "id" | "source" | "maker" | "isDeleted" | "unserved"
>;

export interface TopicStreamsOptions {
  readonly api: JetStreamApi;
  readonly names: EngineNames;
  readonly limits: Limits;
  /** For descriptions that leave settings out. */
  readonly defaults: TopicSettings;
}

interface StreamPage {
  readonly total: number;
  readonly streams: readonly StreamInfo[] | null;
}

const NO_RELATIVES: Lineage = { source: undefined, forks: [] };

export class TopicStreams {
  readonly #options: TopicStreamsOptions;
  /** By name. */
  #topics = new Map<string, DescribedTopic>();
  /** Topics whose stream says nothing that can be read; by the name that the stream's own spells. */
  #unreadable: readonly string[] = [];
  /** What was noted while the streams were read, and may be newer than what was read. */
  #noted: Map<string, DescribedTopic | undefined> | undefined;

  constructor(options: TopicStreamsOptions) {
    this.#options = options;
  }

  /** Reads them all. One call at a time. @throws JetStreamError, NoAnswer. */
  async refresh(): Promise<void> {
    this.#noted = new Map();
    try {
      await this.#refresh();
      for (const [name, topic] of this.#noted) {
        if (topic === undefined) this.forget(name);
        else this.note(topic);
      }
    } finally {
      this.#noted = undefined;
    }
  }

  /** The names of topics that are whole and not deleted, and of those of which nobody can tell. */
  get topicNames(): readonly string[] {
    const whole = [...this.#topics.values()].filter(
      ({ maker, isDeleted, unserved }) => maker === undefined && !isDeleted && unserved === undefined,
    );
    return [...whole.map(({ name }) => name), ...this.#unreadable];
  }

  /** What is being made, or was left by a server that ended meanwhile. */
  get unfinished(): readonly DescribedTopic[] {
    return [...this.#topics.values()].filter(({ maker }) => maker !== undefined);
  }

  /** What is no topic that is served, though it is there: by name. */
  unserved(why: Unserved): readonly DescribedTopic[] {
    return [...this.#topics.values()].filter(({ unserved }) => unserved === why);
  }

  /** What is left of topics that were deleted, and that have no forks any more. */
  get orphans(): readonly DescribedTopic[] {
    return this.#tombstones.filter(({ id }) => this.forksOf(id).length === 0);
  }

  get tombstoneCount(): number {
    return this.#tombstones.length;
  }

  isTombstone(name: string): boolean {
    return this.#topics.get(name)?.isDeleted === true;
  }

  get(name: string): DescribedTopic | undefined {
    return this.#topics.get(name);
  }

  lineageOf(name: string): Lineage {
    const topic = this.#topics.get(name);
    if (topic === undefined) return NO_RELATIVES;
    const forks = this.forksOf(topic.id)
      .filter(({ maker }) => maker === undefined)
      .map((fork) => fork.name);
    return { source: topic.source, forks: forks.sort() };
  }

  /** Those that are being made as well: their source must not go. Those that have moved away have their own. */
  forksOf(id: string): readonly DescribedTopic[] {
    return [...this.#topics.values()].filter(
      ({ source, unserved }) => source?.id === id && unserved !== "moved",
    );
  }

  note(topic: DescribedTopic): void {
    this.#topics.set(topic.name, topic);
    this.#noted?.set(topic.name, topic);
  }

  forget(name: string): void {
    this.#topics.delete(name);
    this.#noted?.set(name, undefined);
    this.#unreadable = this.#unreadable.filter((each) => each !== name);
  }

  get #tombstones(): readonly DescribedTopic[] {
    return [...this.#topics.values()].filter(({ isDeleted }) => isDeleted);
  }

  async #refresh(): Promise<void> {
    const { api, names } = this.#options;
    const topics = new Map<string, DescribedTopic>();
    const described = new Set<string>();
    for (const info of await this.#list()) {
      const topic = this.#describe(info);
      if (topic === undefined || names.logStream(topic.name) !== info.config.name) continue;
      topics.set(topic.name, topic);
      described.add(info.config.name);
    }
    const unreadable = [];
    // A stream without a leader is in no list of configurations, and in that of names.
    for (const stream of await api.streamNames(names.allLogs)) {
      const key = described.has(stream) ? undefined : names.keyOfLogStream(stream);
      if (key === undefined) continue;
      const known = [...this.#topics.values()].find(({ name }) => names.logStream(name) === stream);
      if (known === undefined) unreadable.push(key.replaceAll("=", "."));
      else topics.set(known.name, known);
    }
    this.#topics = topics;
    this.#unreadable = unreadable;
  }

  #describe({ config }: StreamInfo): DescribedTopic | undefined {
    const { defaults, limits } = this.#options;
    try {
      return decodeDescription(config.description ?? "", defaults, limits);
    } catch {
      // A later version wrote it: the topic is there, and opening it says why it is not served.
      return undefined;
    }
  }

  async #list(): Promise<StreamInfo[]> {
    const { api, names } = this.#options;
    const found: StreamInfo[] = [];
    for (;;) {
      const request = { subject: names.allLogs, offset: found.length };
      const { total, streams } = await api.call<StreamPage>("STREAM.LIST", request);
      found.push(...(streams ?? []));
      if ((streams ?? []).length === 0 || found.length >= total) return found;
    }
  }
}
