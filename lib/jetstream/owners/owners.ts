/**
 * Which topics this server owns, and which server owns the others. What others own is known by the claims that pass by, and
 * asked for where a name is not known; takeovers.ts takes what nobody owns.
 */
import { mapConcurrently } from "../../base/concurrency.ts";
import { NetlogError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { isSafeName } from "../../base/names.ts";
import type { Runtime } from "../../base/runtime.ts";
import type { NewMessage } from "../../message/new-message.ts";
import type { EngineFigures, Neighbours, Relay } from "../../topic/neighbours.ts";
import { MOVING_REASON, UNSERVED_REASONS } from "../log/claim.ts";
import type { EngineCounters } from "../log/engine-counters.ts";
import type { EngineConnection } from "../nats/connection.ts";
import type { Limits } from "../nats/limits.ts";
import type { EngineNames } from "../nats/names.ts";
import type { Letters } from "../servers/dead-letters.ts";
import type { Presence, Self } from "../servers/presence.ts";
import type { RelayCounts } from "../servers/relay-lane.ts";
import { OwnClaims } from "./own-claims.ts";
import type { Ownership, OwnerTable } from "./owner-table.ts";
import { type TakenTopics, Takeovers } from "./takeovers.ts";

/** The topics of this server; Netlog has them. */
export interface ServedTopics extends TakenTopics {
  /** Publishes another server's dead letter. */
  takeLetter(topic: string, message: NewMessage): Promise<void>;
}

export interface OwnersOptions {
  readonly connection: Pick<EngineConnection, "subscribe" | "isConnected" | "onLost" | "onBack">;
  readonly counters: () => EngineCounters;
  /** NATS syncs each message. */
  readonly isSynced: () => boolean;
  /** See EngineFigures.roomUsedRatio. */
  readonly room: { readonly usedRatio: number | undefined };
  readonly names: EngineNames;
  readonly table: OwnerTable;
  readonly letters: Letters;
  readonly presence: Presence;
  readonly relay: Relay & { readonly counts: RelayCounts };
  readonly self: Self;
  /** The topics that NATS has; what dead servers left half made is removed. */
  readonly refresh: () => Promise<readonly string[]>;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
}

/** Looks at claims at once. */
const LOOKS = 32;

export class Owners implements Neighbours {
  readonly #options: OwnersOptions;
  readonly #table: OwnerTable;
  readonly #presence: Presence;
  #served: ServedTopics | undefined;
  /** Topics that NATS has whole: no other one is taken up. */
  #whole: ReadonlySet<string> = new Set();
  readonly #takeovers: Takeovers;
  readonly #own: OwnClaims;
  readonly #watchers = new Set<(url: string) => void>();
  #living: readonly Self[] = [];
  #refreshAtMs = 0;
  #refreshing: Promise<void> | undefined;
  #unsubscribe: readonly (() => void)[] = [];
  #isStopped = false;

  constructor(options: OwnersOptions) {
    this.#options = options;
    this.#table = options.table;
    this.#presence = options.presence;
    this.#takeovers = new Takeovers(options);
    this.#own = new OwnClaims({
      ...options,
      served: () => this.#served,
      isTaking: (name) => this.#takeovers.of(name) !== undefined,
      letGo: (name) => this.#letGo(name),
      onClaimed: (name) => this.#claimed(name),
    });
  }

  /** Knows all owners, and has taken up the topics without one, when it resolves. @throws what NATS refuses with. */
  async begin(served: ServedTopics): Promise<void> {
    const { connection, names, letters } = this.#options;
    this.#served = served;
    this.#unsubscribe = [
      connection.subscribe(names.ownerSubject("*"), (message) => this.#own.hear(message)),
      letters.receive((topic, message) => served.takeLetter(topic, message)),
    ];
    this.#own.begin();
    await this.#refresh();
    const owners = new Set([...this.#table.topics.values()].flatMap(({ owner }) => owner ?? []));
    await Promise.all([...owners].map((owner) => this.#presence.findOut(owner)));
    await this.#round();
  }

  /** Takes no more topics. Those that it has are given away by closing them. */
  stop(): void {
    this.#isStopped = true;
    this.#takeovers.stop();
    this.#presence.leave();
  }

  end(): void {
    this.stop();
    this.#own.end();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  get relay(): Relay {
    return this.#options.relay;
  }

  get names(): readonly string[] {
    return this.#table.names;
  }

  get servers(): readonly string[] {
    const { self } = this.#options;
    const urls = new Set<string>();
    for (const { owner, url } of this.#table.topics.values()) {
      if (owner === undefined || owner === self.incarnation || url === undefined) continue;
      if (this.#presence.isAlive(owner)) urls.add(url);
    }
    return [...urls];
  }

  has(name: string): boolean {
    return this.#table.topics.has(name);
  }

  isCertain(name: string): boolean {
    return this.#own.isCertain(name);
  }

  ownerOf(name: string): string | undefined | Promise<string | undefined> {
    if (this.#served?.serves(name) === true) return this.#ownerOfServed(name);
    const taking = this.#takeovers.of(name);
    // It may have found that another server was faster.
    if (taking !== undefined) return taking.then(() => (this.#isHere(name) ? undefined : this.ownerOf(name)));
    const known = this.#table.topics.get(name);
    // Its own that it does not serve may have been deleted, and one that nobody has may have been taken by now.
    if (known === undefined || known.owner === this.#options.self.incarnation || !this.#isOwned(known)) {
      return this.#findOwner(name);
    }
    return this.#urlOf(known);
  }

  async #ownerOfServed(name: string): Promise<string | undefined> {
    const { runtime, limits } = this.#options;
    const endMs = runtime.elapsedMs() + limits.engineSilenceMs;
    while (this.#served?.serves(name) === true) {
      if (this.isCertain(name)) return undefined;
      if (runtime.elapsedMs() >= endMs) {
        throw moves("NATS does not say whether this server still has the topic; try again");
      }
      await this.#own.pause();
    }
    return await this.ownerOf(name);
  }

  #isOwned({ owner }: Ownership): boolean {
    return owner !== undefined && this.#presence.isAlive(owner);
  }

  #urlOf(ownership: Ownership): string {
    const { owner, url, isMover } = ownership;
    if (owner === this.#options.self.incarnation) {
      throw moves("the topic is being taken up, or given away; try again");
    }
    if (!this.#isOwned(ownership)) {
      throw moves("no server has the topic now; one takes it over within seconds, try again");
    }
    if (isMover === true) throw moves(MOVING_REASON);
    if (url === undefined) throw moves("the server that has the topic says no address (--advertise)");
    return url;
  }

  grpcOf(url: string): string | undefined {
    return this.#presence.others.find((other) => other.url === url)?.grpcUrl;
  }

  figures(): EngineFigures {
    const { connection, self, counters, isSynced, room, relay } = this.#options;
    const topics = [...this.#table.topics.values()];
    const ownerless = topics.filter(
      ({ owner }) => owner === undefined || (owner !== self.incarnation && !this.#presence.isAlive(owner)),
    );
    return {
      isConnected: connection.isConnected && !this.#presence.isCutOff,
      isSynced: isSynced(),
      roomUsedRatio: room.usedRatio,
      otherServerCount: this.#presence.others.length,
      topicCount: topics.length,
      ownerlessCount: ownerless.length,
      ...counters(),
      ...relay.counts,
    };
  }

  async sendLetter(topic: string, message: NewMessage): Promise<void> {
    const found = await this.#table.look(topic);
    if (found?.owner === undefined) throw moves("no server has the topic of the dead letter now");
    await this.#options.letters.send(found.owner, topic, message);
  }

  suspect(url: string): void {
    for (const { incarnation, url: other } of this.#presence.others) {
      if (other === url) this.#presence.suspect(incarnation);
    }
  }

  async lookAgain(name: string): Promise<void> {
    await this.#table.lookAgain(name).catch((error: unknown) => this.#warn(error, name));
  }

  watchGone(hear: (url: string) => void): () => void {
    this.#watchers.add(hear);
    return () => void this.#watchers.delete(hear);
  }

  /** The log of a topic has failed here: it is given back, and taken up again by the one that owns it now. */
  async failed(topic: string): Promise<void> {
    await this.#letGo(topic);
    await this.#table.look(topic).catch(() => {});
    this.tick();
  }

  /** Servers came or went. */
  serversChanged(): void {
    const living = this.#presence.others;
    const urls = new Set(living.map(({ url }) => url));
    for (const { url } of this.#living) {
      if (url !== undefined && !urls.has(url)) for (const hear of this.#watchers) hear(url);
    }
    this.#living = living;
    // One that died may have made topics that nobody here has heard of.
    this.#refreshAtMs = 0;
    this.tick();
  }

  /** To be called every second. */
  tick(): void {
    if (this.#served === undefined || this.#isStopped) return;
    if (this.#presence.isCutOff) {
      for (const name of this.#table.names) if (this.#served.serves(name)) void this.#letGo(name);
      return;
    }
    if (this.#options.runtime.elapsedMs() >= this.#refreshAtMs)
      this.#refreshing ??= this.#refresh().catch((error: unknown) => this.#warn(error));
    void (this.#refreshing ?? Promise.resolve()).then(() => this.#round());
  }

  async #refresh(): Promise<void> {
    const { refresh, runtime, limits } = this.#options;
    try {
      this.#refreshAtMs = runtime.elapsedMs() + limits.engineTopicsMs;
      const names = await refresh();
      this.#whole = new Set(names);
      const fresh = names.filter((name) => !this.#table.topics.has(name));
      await mapConcurrently(fresh, LOOKS, (name) =>
        this.#table.look(name).catch((error: unknown) => this.#warn(error)),
      );
      await this.#forgetDeleted();
    } finally {
      this.#refreshing = undefined;
    }
  }

  /** Topics that NATS has no more; a list from before the making of a topic does not have it yet. */
  async #forgetDeleted(): Promise<void> {
    for (const name of this.#table.names) {
      if (this.#whole.has(name) || this.#takeovers.of(name) !== undefined) continue;
      if (!this.#isHere(name)) {
        this.#table.forget(name);
        continue;
      }
      const found = await this.#table.look(name);
      if (found === undefined) {
        const what = "the topic's stream was removed from NATS, not by netlog";
        this.#options.logger.error({ topic: name }, what);
      }
      if (found === undefined || found.isMoved === true) await this.#letGo(name);
    }
  }

  async #round(): Promise<void> {
    const served = this.#served!;
    if (this.#isStopped || this.#presence.isCutOff) return;
    const due = this.#table.names.filter(
      (name) => !served.serves(name) && this.#whole.has(name) && this.#takeovers.isDue(name),
    );
    await mapConcurrently(due, this.#options.limits.topicsInTransition, (name) =>
      this.#takeovers.take(name, served),
    );
  }

  /** A topic that was made elsewhere, or copied here, since the last look at all topics is looked for at once. */
  #claimed(name: string): void {
    if (this.#whole.has(name) || !this.#table.topics.has(name)) return;
    this.#refreshAtMs = 0;
    this.tick();
  }

  /** This server serves it, or has failed to. */
  #isHere(name: string): boolean {
    return this.#served?.serves(name) === true || this.#served?.failedTopic(name) !== undefined;
  }

  async #letGo(name: string): Promise<void> {
    await this.#served?.letGo(name).catch((error: unknown) => this.#warn(error, name));
  }

  async #findOwner(name: string): Promise<string | undefined> {
    const { engineLookups, topicNameLength, engineAckMs } = this.#options.limits;
    const { runtime, self } = this.#options;
    if (!isSafeName(name, topicNameLength)) return undefined;
    if (this.#table.lookCount >= engineLookups && !this.#table.isLooking(name)) {
      const reason = `${engineLookups} names are being looked up (engineLookups); try again`;
      throw new NetlogError("too_many_requests", { reason });
    }
    try {
      // A claim of its own comes before the topic serves, and stays until it is given away.
      const suffices = ({ epoch, owner }: Ownership): boolean =>
        this.#isHere(name) || (epoch > 0 && owner !== self.incarnation);
      const found = await this.#table.lookUntil(name, suffices, runtime, engineAckMs);
      if (found === undefined || this.#served?.serves(name) === true) return undefined;
      if (found.isMoved === true) throw moves(UNSERVED_REASONS.moved);
      return this.#urlOf(found);
    } catch (error) {
      if (error instanceof NetlogError) throw error;
      const reason = "NATS does not say which server has the topic; try again";
      throw new NetlogError("topic_unavailable", { reason, cause: error });
    }
  }

  #warn(error: unknown, topic?: string): void {
    const fields = topic === undefined ? { err: error } : { err: error, topic };
    this.#options.logger.warn(
      fields,
      "the owners of topics could not be looked up, or a topic not be given away",
    );
  }
}

function moves(reason: string): NetlogError {
  return new NetlogError("topic_unavailable", { reason });
}
