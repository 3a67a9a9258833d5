/** The lives of a simulated Netlog: opened, closed, crashed and opened again, each time held against the promises. */
import type { Netlog } from "../../lib/index.ts";
import type { Calls } from "./calls.ts";
import type { Client } from "./client.ts";
import type { Forks } from "./forks.ts";
import type { FoundTopic, TopicModel } from "./model.ts";
import { type Before, describe, idOf, readWhole, takeUp } from "./opening.ts";
import { topicsMayEnd } from "./passing.ts";
import { type Crash, type Operation, TOPIC_NAMES } from "./plan.ts";
import {
  BrokenPromise,
  everyCallIsAnswered,
  everyTopicOpens,
  openingTwiceGivesTheSame,
  type Spared,
  topicsStayAsAnswered,
} from "./promises.ts";
import type { World } from "./world.ts";

/** Longer than any linger or wait of a plan. */
const ALL_TIMERS_MS = 200;

export class Lives {
  readonly #world: World;
  readonly #calls: Calls;
  readonly #client: Client;
  readonly #forks: Forks;
  netlog!: Netlog;
  /** Oldest first. */
  readonly topics: TopicModel[] = [];

  constructor(world: World, calls: Calls, client: Client, forks: Forks) {
    this.#forks = forks;
    this.#world = world;
    this.#calls = calls;
    this.#client = client;
  }

  async begin(): Promise<void> {
    this.netlog = await this.#mustSettle("open", this.#world.open());
  }

  async crash({ crash, interrupted, again }: Extract<Operation, { kind: "crash" }>): Promise<void> {
    const world = this.#world;
    const wasWell = !world.hasTrouble;
    let spared: Spared = crash.level;
    this.#world.crash(crash);
    if (interrupted !== undefined) {
      world.stall(interrupted.after);
      const opening = world.open();
      opening.catch(() => {});
      await world.settles(opening);
      if (interrupted.crash.level === "power") spared = "power";
      world.crash(interrupted.crash);
    }
    await this.#openAgain({ spared, wasStopped: false, wasWell }, again);
  }

  /** A clean stop and a new start. Nothing that was asked stays without an answer. */
  async reopen(again: Crash | undefined): Promise<void> {
    const world = this.#world;
    const wasWell = !world.hasTrouble;
    world.clear();
    world.resume();
    await world.quiet();
    topicsMayEnd(this.topics, world, ALL_TIMERS_MS);
    await world.runtime.advance(ALL_TIMERS_MS);
    await world.quiet();
    everyCallIsAnswered(this.#calls.unanswered);
    this.#client.isClosing = true;
    await this.#mustSettle("close", this.netlog.close());
    await world.quiet();
    everyCallIsAnswered(this.#calls.unanswered);
    this.#client.isClosing = false;
    world.restart();
    await this.#openAgain({ spared: "process", wasStopped: true, wasWell }, again);
  }

  async #openAgain(before: Before, again: Crash | undefined): Promise<void> {
    const first = await this.#open(before);
    if (again === undefined) return;
    const withPositions = again.level === "process";
    const known = describe(this.netlog, first, withPositions);
    this.#world.crash(again);
    const second = await this.#open({ spared: again.level, wasStopped: false, wasWell: true });
    openingTwiceGivesTheSame(known, describe(this.netlog, second, withPositions));
  }

  /** Opens, reads everything, and takes it for known. */
  async #open(before: Before): Promise<FoundTopic[]> {
    this.#calls.forget();
    const netlog = await this.#mustSettle("open", this.#world.open());
    this.netlog = netlog;
    everyTopicOpens(netlog.failedTopics());
    const found: FoundTopic[] = [];
    for (const topic of this.topics) topic.handle = undefined;
    for (const name of TOPIC_NAMES) {
      const topic = netlog.topicNames().includes(name) ? netlog.topic(name) : undefined;
      const models = this.topics.filter((model) => model.name === name);
      const id = topic === undefined ? undefined : idOf(topic);
      topicsStayAsAnswered(name, models, id);
      for (const model of models) model.state = model.id === id ? "present" : "gone";
      if (topic === undefined) continue;
      const whole = await this.#mustSettle(`read ${name}`, readWhole(topic));
      found.push(whole);
      takeUp(models.find((model) => model.id === id)!, whole, before, this.#world);
    }
    this.#forgetScanners();
    await this.#mustSettle("read forks", this.#forks.takeUp(netlog));
    await this.#world.quiet();
    this.#forks.leakNothing(netlog);
    return found;
  }

  /** Those of topics that are not there. */
  #forgetScanners(): void {
    for (const topic of this.topics) if (topic.handle === undefined) topic.scanners.clear();
  }

  async #mustSettle<T>(what: string, promise: Promise<T>): Promise<T> {
    if (await this.#world.settles(promise)) return await promise;
    throw new BrokenPromise("every call is answered", what);
  }
}
