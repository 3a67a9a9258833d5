/** Who makes and deletes topics, and what the answers tell the model. */
import { DEFAULT_SETTINGS, isNetlogError, type TopicSettings } from "../../lib/index.ts";
import type { Calls } from "./calls.ts";
import type { Client } from "./client.ts";
import type { Lives } from "./lives.ts";
import { type Existence, TopicModel } from "./model.ts";
import { syncIntervalOf } from "./opening.ts";
import { mustBeOver } from "./passing.ts";
import { BrokenPromise, nothingIsRefusedWithoutReason } from "./promises.ts";
import type { World } from "./world.ts";

export class Administrator {
  readonly #world: World;
  readonly #calls: Calls;
  readonly #client: Client;
  readonly #lives: Lives;

  constructor(world: World, calls: Calls, client: Client, lives: Lives) {
    this.#world = world;
    this.#calls = calls;
    this.#client = client;
    this.#lives = lives;
  }

  async create(name: string, given: Partial<TopicSettings>): Promise<void> {
    const { topics, netlog } = this.#lives;
    const others = topics.filter((topic) => topic.name === name);
    const inTheWay = others.filter((topic) => !mustBeOver(topic, this.#world));
    const id = topics.length;
    const settings = { ...given, sync_interval: syncIntervalOf(id) };
    const model = new TopicModel(id, name, { ...DEFAULT_SETTINGS, ...settings });
    model.usedFromMs = this.#world.runtime.elapsedMs();
    topics.push(model);
    // A name of which forks are left is taken.
    const wasTombstone = netlog.isTombstone(name);
    const isTaken = () => wasTombstone || netlog.isTombstone(name);
    await this.#calls.make(
      `create ${name} #${id}`,
      () => netlog.createTopic(name, settings),
      (topic) => {
        model.state = stateOf(model);
        model.handle = topic;
        model.usedUntilMs = this.#world.runtime.elapsedMs();
        const twin = others.find(({ state }) => state === "present");
        if (twin !== undefined) throw new BrokenPromise("a created topic stays", `${name} #${twin.id}`);
      },
      (error) => {
        const exists =
          isNetlogError(error, "topic_exists") &&
          (isTaken() || inTheWay.some(({ state }) => state !== "gone"));
        model.state = isNetlogError(error, "sync_failed") ? "unknown" : "gone";
        nothingIsRefusedWithoutReason(`create ${name}`, error, exists || this.#client.mayFail);
      },
    );
  }

  async changeSettings(name: string, change: Partial<TopicSettings>): Promise<void> {
    const topic = this.#lives.topics.findLast((other) => other.name === name && other.state === "present");
    if (topic === undefined) return;
    const wanted = { durability: change.durability ?? topic.possible.at(-1)!.durability };
    topic.possible.push(wanted);
    await this.#calls.make(
      `change settings of ${name}`,
      () => this.#lives.netlog.updateTopic(name, change),
      () => {
        topic.possible.splice(0, topic.possible.indexOf(wanted));
      },
      (error) => {
        if (!isNetlogError(error, "sync_failed")) topic.possible.splice(topic.possible.indexOf(wanted), 1);
        const isGone = topic.state !== "present";
        nothingIsRefusedWithoutReason(`change settings of ${name}`, error, isGone || this.#client.mayFail);
      },
    );
  }

  async delete(name: string, force: boolean): Promise<void> {
    const concerned = this.#lives.topics.filter((topic) => topic.name === name && topic.state !== "gone");
    for (const topic of concerned) if (topic.state === "present") topic.state = "ending";
    await this.#calls.make(
      `delete ${name}`,
      () => this.#lives.netlog.deleteTopic(name, { force }),
      () => {
        for (const topic of concerned) topic.state = "gone";
      },
      (error) => {
        const isBusy = isNetlogError(error, "resource_busy") && !force;
        const mayBeMissing = concerned.every(({ state, mayBeOver }) => {
          return mayBeOver || state === "gone" || state === "unknown";
        });
        const isMissing = isNetlogError(error, "topic_not_found") && mayBeMissing;
        for (const topic of concerned) {
          if (topic.state === "ending" || topic.state === "present")
            topic.state = isBusy ? stateOf(topic) : "unknown";
        }
        nothingIsRefusedWithoutReason(`delete ${name}`, error, isBusy || isMissing || this.#client.mayFail);
      },
    );
  }
}

/** The state of a topic that exists. */
function stateOf({ mayBeOver }: TopicModel): Existence {
  return mayBeOver ? "ending" : "present";
}
