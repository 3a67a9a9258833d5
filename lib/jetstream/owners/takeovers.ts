/**
 * Takes topics up that have no living owner. Servers wait for each other in an order that all of them compute alike, so that one
 * of them takes a topic, and the next one where the first does not. Claims decide where two try all the same.
 */
import { crc32 } from "../../base/checksum.ts";
import type { Logger } from "../../base/logger.ts";
import type { Runtime } from "../../base/runtime.ts";
import type { JetstreamCaps } from "../nats/limits.ts";
import type { Presence, Self } from "../servers/presence.ts";
import type { OwnerTable } from "./owner-table.ts";

/** The topics of this server; Netlog has them. */
export interface TakenTopics {
  serves(name: string): boolean;
  failedTopic(name: string): object | undefined;
  takeUp(name: string): Promise<void>;
  letGo(name: string): Promise<void>;
}

export interface TakeoversOptions {
  readonly table: OwnerTable;
  readonly presence: Presence;
  readonly self: Self;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: JetstreamCaps;
}

export class Takeovers {
  readonly #options: TakeoversOptions;
  readonly #running = new Map<string, Promise<void>>();
  /** Since when a topic has no living owner, ms of `elapsedMs`. */
  readonly #freeSinceMs = new Map<string, number>();
  /** When a topic that could not be taken up is tried again. */
  readonly #retryAtMs = new Map<string, number>();
  #isStopped = false;

  constructor(options: TakeoversOptions) {
    this.#options = options;
  }

  /** No takeover begins from now on. */
  stop(): void {
    this.#isStopped = true;
  }

  /** While the topic is taken up; never rejects. */
  of(name: string): Promise<void> | undefined {
    return this.#running.get(name);
  }

  /** It is this server's turn to take the topic, whose owner the table names. */
  isDue(name: string): boolean {
    const { self, table, presence, runtime, limits } = this.#options;
    const { owner, epoch } = table.topics.get(name) ?? {};
    const isOwn = owner === self.incarnation;
    const isFree = owner === undefined || isOwn || !presence.isAlive(owner);
    if (!isFree || this.#running.has(name)) {
      this.#freeSinceMs.delete(name);
      return false;
    }
    const nowMs = runtime.elapsedMs();
    if (nowMs < (this.#retryAtMs.get(name) ?? 0)) return false;
    const sinceMs = this.#freeSinceMs.get(name) ?? nowMs;
    this.#freeSinceMs.set(name, sinceMs);
    const rank = isOwn ? 0 : rankOf(name, self.incarnation, presence.takers);
    // One that nobody has claimed yet was made just now, and its maker is about to.
    const graceMs = epoch === 0 ? limits.engineAckMs : 0;
    return nowMs - sinceMs >= graceMs + rank * limits.engineHeartbeatMs;
  }

  /**
   * Resolves when the topic is served, or has failed, or is another server's after all. Never rejects. Rounds that overlap
   * have the same topics on their lists: what another one has tried meanwhile is tried no second time.
   */
  take(name: string, topics: TakenTopics): Promise<void> {
    const known = this.#running.get(name);
    if (known !== undefined) return known;
    if (topics.serves(name) || !this.isDue(name)) return Promise.resolve();
    const taking = this.#take(name, topics)
      .catch((error: unknown) => {
        this.#options.logger.warn({ err: error, topic: name }, "a topic without an owner was not taken up");
      })
      .finally(() => this.#running.delete(name));
    this.#running.set(name, taking);
    return taking;
  }

  async #take(name: string, topics: TakenTopics): Promise<void> {
    const { self, table, presence, runtime, limits, logger } = this.#options;
    // Another server may have been faster.
    const found = await table.look(name);
    if (found === undefined || this.#isStopped || topics.serves(name)) return;
    const { owner } = found;
    if (owner !== undefined && owner !== self.incarnation && presence.isAlive(owner)) return;
    await topics.takeUp(name);
    this.#freeSinceMs.delete(name);
    if ((await table.look(name)) === undefined) {
      // It was deleted meanwhile, and is no topic that failed.
      await topics.letGo(name);
      return;
    }
    if (topics.failedTopic(name) !== undefined) {
      this.#retryAtMs.set(name, runtime.elapsedMs() + limits.engineSilenceMs);
      return;
    }
    this.#retryAtMs.delete(name);
    logger.info({ topic: name, from: owner }, "took a topic up");
  }
}

/**
 * How many of `servers` come before `server`, for this topic; each topic has another order. All servers that know the same
 * others come to the same one.
 */
function rankOf(topic: string, server: string, servers: readonly string[]): number {
  const own = weightOf(topic, server);
  return servers.filter((other) => {
    const weight = weightOf(topic, other);
    return weight > own || (weight === own && other > server);
  }).length;
}

function weightOf(topic: string, server: string): number {
  return crc32(Buffer.from(`${topic}\n${server}`));
}
