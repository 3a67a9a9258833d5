/**
 * Whether the topics that this server serves are its own for certain. They are not while others may take it for dead, nor
 * where it may not have heard another server's claim, or has heard one, until it has looked. Meanwhile their requests wait.
 */
import { mapConcurrently } from "../../base/concurrency.ts";
import type { Logger } from "../../base/logger.ts";
import type { Runtime } from "../../base/runtime.ts";
import type { EngineConnection, Received } from "../nats/connection.ts";
import { NoAnswer } from "../nats/errors.ts";
import type { JetstreamCaps } from "../nats/limits.ts";
import type { Presence, Self } from "../servers/presence.ts";
import { claimIn, type OwnerTable } from "./owner-table.ts";
import type { TakenTopics } from "./takeovers.ts";

export interface OwnClaimsOptions {
  readonly connection: Pick<EngineConnection, "isConnected" | "onLost" | "onBack">;
  readonly table: OwnerTable;
  readonly presence: Pick<Presence, "isHeard">;
  readonly self: Self;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: JetstreamCaps;
  readonly served: () => Pick<TakenTopics, "serves" | "failedTopic"> | undefined;
  /** The topic is being taken up by this server. */
  readonly isTaking: (name: string) => boolean;
  /** Never rejects. */
  readonly letGo: (name: string) => Promise<void>;
  /** A claim has passed by, and was looked at. */
  readonly onClaimed: (name: string) => void;
}

/** Looks at once. */
const LOOKS = 32;
/** A claim that passes by may not be stored yet: then the next looks come after so long. */
const LOOK_AGAIN_MS = [20, 100, 500, 2000] as const;
/** A topic that another server claims is in doubt for so long. */
const DOUBT_MS = 100;
/** Between two looks whether there is certainty. */
const WAIT_MS = 20;

export class OwnClaims {
  readonly #options: OwnClaimsOptions;
  /** How many claims of others passed by just now, by topic. */
  readonly #doubts = new Map<string, number>();
  /** How often the connection was lost: claims may have passed by unheard. */
  #lossCount = 0;
  /** All claims were looked at behind so many losses. */
  #settledLossCount = 0;
  #isCatchingUp = false;
  #pause: Promise<void> | undefined;
  #isOver = false;
  #unsubscribe: readonly (() => void)[] = [];

  constructor(options: OwnClaimsOptions) {
    this.#options = options;
  }

  begin(): void {
    const { connection } = this.#options;
    this.#unsubscribe = [
      connection.onLost(() => {
        this.#lossCount += 1;
      }),
      connection.onBack(() => void this.#catchUp()),
    ];
  }

  end(): void {
    this.#isOver = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  isCertain(name: string): boolean {
    const { connection, presence } = this.#options;
    const isBehind = this.#settledLossCount !== this.#lossCount;
    return connection.isConnected && presence.isHeard && !isBehind && !this.#doubts.has(name);
  }

  /** Until there may be certainty; all who wait share it. */
  async pause(): Promise<void> {
    this.#pause ??= this.#delay(WAIT_MS).finally(() => {
      this.#pause = undefined;
    });
    await this.#pause;
  }

  /** A claim passes by. */
  hear({ subject, data }: Received): void {
    const { table, self, logger } = this.#options;
    const key = subject.slice(subject.lastIndexOf(".") + 1);
    // A long name stands in no key: the next look at all topics finds it.
    const name = table.topicOf(subject) ?? (key.includes("~") ? undefined : key.replaceAll("=", "."));
    if (name === undefined) return;
    const owner = claimIn(Buffer.from(data))?.owner;
    if (typeof owner === "string" && owner !== self.incarnation) this.#doubt(name);
    this.#lookFor(name).catch((error: unknown) => {
      // The server has stopped meanwhile.
      if (error instanceof NoAnswer && error.kind === "closed") return;
      logger.warn({ err: error, topic: name }, "the server that claimed a topic could not be looked up");
    });
  }

  /** The topic may be another server's; a claim that is not stored by then is most likely refused. */
  #doubt(name: string): void {
    this.#doubts.set(name, (this.#doubts.get(name) ?? 0) + 1);
    this.#options.runtime.setTimer(DOUBT_MS, () => {
      const left = this.#doubts.get(name)! - 1;
      if (left === 0) this.#doubts.delete(name);
      else this.#doubts.set(name, left);
    });
  }

  /** Looks for a claim that passed by, until it is stored, and lets go of the topic where it is another server's. */
  async #lookFor(name: string): Promise<void> {
    const { table } = this.#options;
    const formerEpoch = table.topics.get(name)?.epoch ?? 0;
    await table.lookAgain(name);
    for (const waitMs of LOOK_AGAIN_MS) {
      const epoch = table.topics.get(name)?.epoch;
      if (epoch !== formerEpoch || this.#isOver || this.#isLost(name)) break;
      await this.#delay(waitMs);
      await table.lookAgain(name);
    }
    await this.#settle(name);
    this.#options.onClaimed(name);
  }

  /** Lets go of a topic that is here, and not this server's, as far as is known. */
  async #settle(name: string): Promise<void> {
    const { table, logger, isTaking, letGo } = this.#options;
    // What is known may be from before a topic was made anew, or taken up again.
    if (this.#isLost(name)) await table.lookAgain(name);
    if (!this.#isLost(name) || isTaking(name)) return;
    logger.info({ topic: name, server: table.topics.get(name)?.owner }, "another server has taken the topic");
    await letGo(name);
  }

  /** One that this server has failed to serve may be without an owner. */
  #isLost(name: string): boolean {
    const { table, self, served } = this.#options;
    const owner = table.topics.get(name)?.owner;
    if (owner === self.incarnation) return false;
    if (served()?.serves(name) === true) return true;
    return owner !== undefined && served()?.failedTopic(name) !== undefined;
  }

  /** Looks at all claims, once the connection is back, until that is done or the connection is lost again. */
  async #catchUp(): Promise<void> {
    if (this.#isCatchingUp) return;
    const { connection, limits } = this.#options;
    this.#isCatchingUp = true;
    while (!this.#isOver && connection.isConnected && this.#settledLossCount !== this.#lossCount) {
      const lossCount = this.#lossCount;
      try {
        await this.#settleAll();
        this.#settledLossCount = lossCount;
      } catch {
        await this.#delay(limits.engineRetryMs);
      }
    }
    this.#isCatchingUp = false;
  }

  /** @throws what the API throws. */
  async #settleAll(): Promise<void> {
    const { table, served } = this.#options;
    const names = table.names.filter((name) => served()?.serves(name));
    await mapConcurrently(names, LOOKS, async (name) => {
      await table.lookAgain(name);
      await this.#settle(name);
    });
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.runtime.setTimer(ms, resolve));
  }
}
