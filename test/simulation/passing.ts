/** Lets time pass, and holds what it makes of topics that end by themselves against the promises. */
import { durationMs, isNetlogError, parseDuration, type Topic } from "../../lib/index.ts";
import type { Calls } from "./calls.ts";
import type { Client } from "./client.ts";
import type { Lives } from "./lives.ts";
import type { TopicModel } from "./model.ts";
import { BrokenPromise, nothingIsRefusedWithoutReason } from "./promises.ts";
import type { World } from "./world.ts";

function ttlMsOf({ settings }: TopicModel): number {
  return settings.ttl === undefined ? Infinity : durationMs(parseDuration(settings.ttl));
}

/** So much time is about to pass: in it topics may end that are not in use. */
export function topicsMayEnd(topics: readonly TopicModel[], world: World, ms: number): void {
  const endMs = world.runtime.elapsedMs() + ms;
  for (const topic of topics) {
    if (topic.isUsed || endMs - topic.usedFromMs < ttlMsOf(topic)) continue;
    topic.mayBeOver = true;
    if (topic.state === "present") topic.state = "ending";
  }
}

/** It has to be, by now. */
export function mustBeOver(topic: TopicModel, world: World): boolean {
  return !topic.isUsed && world.runtime.elapsedMs() - topic.usedUntilMs >= ttlMsOf(topic);
}

export class Passing {
  readonly #world: World;
  readonly #calls: Calls;
  readonly #client: Client;
  readonly #lives: Lives;
  /** Topics that were seen to end. */
  ended = 0;

  constructor(world: World, calls: Calls, client: Client, lives: Lives) {
    this.#world = world;
    this.#calls = calls;
    this.#client = client;
    this.#lives = lives;
  }

  async pass(ms: number): Promise<void> {
    const world = this.#world;
    const { topics } = this.#lives;
    topicsMayEnd(topics, world, ms);
    await world.runtime.advance(ms);
    for (const topic of topics) {
      if (topic.state !== "gone" && topic.handle !== undefined && mustBeOver(topic, world))
        this.#expectEnd(topic);
    }
    await world.quiet();
    for (const topic of topics) {
      if (topic.state === "present" && topic.handle !== undefined) await this.#client.refreshFirst(topic);
    }
  }

  /** A client publishes or reads for so long: the topic does not end meanwhile, and has all its time afterwards. */
  async use(topic: TopicModel, ms: number): Promise<void> {
    if (topic.state !== "present") return;
    const { life } = this.#require(topic);
    life.beginUse();
    topic.isUsed = true;
    await this.pass(ms);
    this.#require(topic);
    life.endUse();
    topic.isUsed = false;
    topic.usedFromMs = this.#world.runtime.elapsedMs();
    topic.usedUntilMs = topic.usedFromMs;
  }

  #require(topic: TopicModel): Topic {
    const { name, id, handle } = topic;
    if (this.#lives.netlog.topicNames().includes(name)) return handle!;
    throw new BrokenPromise("a topic stays until its time is over", `${name} #${id}`);
  }

  /** It is refused, whether its deletion has ended or not; when that has, it must not come back. */
  #expectEnd(topic: TopicModel): void {
    const { netlog } = this.#lives;
    const { name, handle, id } = topic;
    try {
      if (netlog.topic(name) === handle) {
        throw new BrokenPromise("a topic is refused when its time is over", `${name} #${id}`);
      }
    } catch (error) {
      const isGone = isNetlogError(error, "topic_not_found");
      nothingIsRefusedWithoutReason(`find ${name}`, error, isGone || this.#client.mayFail);
    }
    const deletion = netlog.expiryOf(name);
    if (deletion === undefined) {
      // A call may be deleting it, too.
      if (!this.#client.mayFail && this.#calls.unanswered.size === 0) this.#hasEnded(topic);
      return;
    }
    void this.#calls.make(
      `end of ${name} #${id}`,
      () => deletion,
      () => this.#hasEnded(topic),
      (error) => {
        topic.state = "unknown";
        nothingIsRefusedWithoutReason(`end of ${name}`, error, this.#client.mayFail);
      },
    );
  }
  #hasEnded(topic: TopicModel): void {
    topic.state = "gone";
    this.ended++;
  }
}
