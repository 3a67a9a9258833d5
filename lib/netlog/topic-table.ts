/** The topics of a Netlog by name: those that are served, those that could not be opened, and the room for more. */
import { NetlogError } from "../base/errors.ts";
import type { Topic } from "../topic/topic.ts";

export interface FailedTopic {
  readonly name: string;
  readonly reason: string;
}

export class TopicTable {
  readonly #max: number;
  readonly #served = new Map<string, Topic>();
  /** Those that could not be opened, with the reason. */
  readonly #failed = new Map<string, string>();
  /** The names of both, sorted; `undefined` after each change. */
  #names: readonly string[] | undefined;
  /** Topics that are being made. */
  #comingCount = 0;

  /** It takes `max` topics at most; those that the folder has at the start are taken even where they are more. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Sorted; those that failed to open included. A change makes another array. */
  get names(): readonly string[] {
    this.#names ??= [...this.#served.keys(), ...this.#failed.keys()].sort();
    return this.#names;
  }

  /** By name. */
  get served(): Topic[] {
    return this.names.flatMap((name) => this.#served.get(name) ?? []);
  }

  find(name: string): Topic | undefined {
    return this.#served.get(name);
  }

  has(name: string): boolean {
    return this.#served.has(name) || this.#failed.has(name);
  }

  /** By name: topics that failed to open, and topics that take no messages because their settings are lost. */
  failed(): FailedTopic[] {
    return this.names.flatMap((name) => this.failedTopic(name) ?? []);
  }

  failedTopic(name: string): FailedTopic | undefined {
    const reason = this.#failed.get(name) ?? this.#served.get(name)?.trouble;
    return reason === undefined ? undefined : { name, reason };
  }

  /** @throws topic_unavailable, with the reason. */
  throwIfFailed(name: string): void {
    const reason = this.#failed.get(name);
    if (reason !== undefined) throw new NetlogError("topic_unavailable", { reason });
  }

  serve(topic: Topic): void {
    // It may be one that failed to open before.
    this.#failed.delete(topic.name);
    this.#served.set(topic.name, topic);
    this.#names = undefined;
  }

  fail(name: string, reason: string): void {
    this.#failed.set(name, reason);
    this.#names = undefined;
  }

  delete(name: string): void {
    this.#served.delete(name);
    this.#failed.delete(name);
    this.#names = undefined;
  }

  /** Serves the topic that `make` makes; its room is taken meanwhile. @throws too_many_requests; what `make` throws. */
  async add(make: () => Promise<Topic>): Promise<Topic> {
    if (this.#served.size + this.#failed.size + this.#comingCount >= this.#max) {
      const reason = `there are ${this.#max} topics, and no more are allowed (max_topics)`;
      throw new NetlogError("too_many_requests", { reason });
    }
    this.#comingCount += 1;
    try {
      const topic = await make();
      this.serve(topic);
      return topic;
    } finally {
      this.#comingCount -= 1;
    }
  }
}
