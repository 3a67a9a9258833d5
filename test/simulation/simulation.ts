/** One simulated run: carries out a plan, operation by operation, and holds what comes of it against the promises. */
import { Administrator } from "./administrator.ts";
import { Calls } from "./calls.ts";
import { Client } from "./client.ts";
import { Forks } from "./forks.ts";
import { Lives } from "./lives.ts";
import type { ScannerModel } from "./model.ts";
import { Passing } from "./passing.ts";
import { type Operation, type Plan, TOPIC_NAMES } from "./plan.ts";
import { Story, World } from "./world.ts";
import { Writer } from "./writer.ts";

type OfKind<Kind extends Operation["kind"]> = Extract<Operation, { readonly kind: Kind }>;

export interface RunFigures {
  readonly crashes: number;
  readonly acknowledged: number;
  readonly duplicates: number;
  /** Topics that ended by themselves. */
  readonly ended: number;
}

/** @throws BrokenPromise, and whatever an engine throws that should not. */
export async function simulate(plan: Plan, story: Story = new Story(false)): Promise<RunFigures> {
  const world = new World(plan.setup, story);
  const calls = new Calls(world);
  const client = new Client(world, calls);
  const forks = new Forks(world, calls, client);
  const lives = new Lives(world, calls, client, forks);
  const administrator = new Administrator(world, calls, client, lives);
  const writer = new Writer(world, calls, client);
  const passing = new Passing(world, calls, client, lives);
  const run = new Run(world, client, writer, lives, administrator, passing, forks);
  await lives.begin();
  for (const operation of plan.operations) {
    story.tell(() => `${JSON.stringify(operation)} at ${world.runtime.now()}`);
    await run.carryOut(operation);
    calls.throwIfBroken();
  }
  await lives.reopen(undefined);
  calls.throwIfBroken();
  const { acknowledged } = client;
  return { crashes: world.crashes, acknowledged, duplicates: writer.duplicates, ended: passing.ended };
}

class Run {
  readonly #world: World;
  readonly #client: Client;
  readonly #writer: Writer;
  readonly #lives: Lives;
  readonly #administrator: Administrator;
  readonly #passing: Passing;
  readonly #forks: Forks;

  constructor(
    world: World,
    client: Client,
    writer: Writer,
    lives: Lives,
    administrator: Administrator,
    passing: Passing,
    forks: Forks,
  ) {
    this.#forks = forks;
    this.#world = world;
    this.#client = client;
    this.#writer = writer;
    this.#lives = lives;
    this.#administrator = administrator;
    this.#passing = passing;
  }

  /** Resolves when it was answered, or when nothing happens any more and it was not. */
  async carryOut(operation: Operation): Promise<void> {
    switch (operation.kind) {
      case "create":
        await this.#world.settles(this.#administrator.create(nameOf(operation), operation.settings));
        return;
      case "delete":
        await this.#world.settles(this.#administrator.delete(nameOf(operation), operation.force));
        return;
      case "fork":
        await this.#world.settles(this.#forks.fork(this.#lives.netlog, operation));
        return;
      case "deleteFork":
        await this.#world.settles(this.#forks.delete(this.#lives.netlog, operation.fork));
        return;
      case "settings":
        await this.#world.settles(this.#administrator.changeSettings(nameOf(operation), operation.change));
        return;
      case "publish":
      case "submit":
      case "close":
      case "read":
      case "createScanner":
      case "sync":
      case "check":
      case "use":
        await this.#withTopic(operation);
        return;
      case "scan":
      case "settle":
      case "deleteScanner":
        await this.#withScanner(operation);
        return;
      case "reopen":
        await this.#lives.reopen(operation.again);
        return;
      case "crash":
        await this.#lives.crash(operation);
        return;
      default:
        await this.#withWorld(operation);
    }
  }

  async #withTopic(
    operation: OfKind<"publish" | "submit" | "close" | "read" | "createScanner" | "sync" | "check" | "use">,
  ): Promise<void> {
    const inThisLife = this.#lives.topics.filter(({ name, handle }) => {
      return name === nameOf(operation) && handle !== undefined;
    });
    const isStale = "stale" in operation && operation.stale;
    const topic = (isStale ? inThisLife.at(-2) : undefined) ?? inThisLife.at(-1);
    if (topic?.handle === undefined) return;
    switch (operation.kind) {
      case "publish": {
        const published = this.#client.publish(topic, topic.handle, operation);
        if (operation.waits) await this.#world.settles(published);
        return;
      }
      case "submit": {
        const submitted = this.#writer.submit(topic, topic.handle, operation);
        if (operation.waits) await this.#world.settles(submitted);
        return;
      }
      case "close": {
        const closed = this.#writer.close(topic, topic.handle);
        if (operation.waits) await this.#world.settles(closed);
        return;
      }
      case "read":
        await this.#world.settles(this.#client.read(topic, topic.handle, operation.at));
        return;
      case "createScanner":
        await this.#world.settles(this.#client.createScanner(topic, topic.handle, operation));
        return;
      case "sync":
        await this.#world.settles(this.#client.sync(topic, topic.handle));
        return;
      case "check":
        await this.#world.settles(this.#client.check(topic, topic.handle));
        return;
      case "use":
        await this.#passing.use(topic, operation.ms);
    }
  }

  async #withScanner(operation: OfKind<"scan" | "settle" | "deleteScanner">): Promise<void> {
    const scanners = this.#lives.topics.flatMap((topic): ScannerModel[] => [...topic.scanners.values()]);
    const scanner = scanners[operation.scanner % Math.max(1, scanners.length)];
    if (scanner === undefined) return;
    switch (operation.kind) {
      case "scan":
        await this.#world.settles(this.#client.scan(scanner, operation));
        return;
      case "settle":
        this.#client.settleAll(scanner, operation.handedOver);
        await this.#world.quiet();
        return;
      case "deleteScanner":
        await this.#world.settles(this.#client.deleteScanner(scanner));
    }
  }

  async #withWorld(
    operation: OfKind<"pass" | "jump" | "fill" | "clear" | "fault" | "kill" | "stall" | "resume">,
  ): Promise<void> {
    const world = this.#world;
    switch (operation.kind) {
      case "pass":
        await this.#passing.pass(operation.ms);
        return;
      case "jump":
        world.wentBack ||= operation.ms < 0;
        world.runtime.setClock(world.runtime.now() + operation.ms);
        return;
      case "fill":
        world.fill();
        return;
      case "clear":
        world.clear();
        return;
      case "fault": {
        const { of, code, nth, shortBytes } = operation;
        world.hasTrouble = true;
        world.disk.plan({ code, nth, kinds: [of], shortBytes });
        return;
      }
      case "kill": {
        const { nth, shortBytes } = operation;
        world.hasTrouble = true;
        const kinds = ["write", "truncate"] as const;
        world.disk.plan({ code: "EIO", nth, kinds, path: /[.]data$/, shortBytes, lasting: true });
        return;
      }
      case "stall":
        world.stall(operation.after);
        return;
      case "resume":
        world.resume();
        await world.quiet();
    }
  }
}

function nameOf({ topic }: { readonly topic: number }): string {
  return TOPIC_NAMES[topic]!;
}
