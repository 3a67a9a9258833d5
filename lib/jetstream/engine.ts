/**
 * Topics on NATS JetStream, put together: the connection, what it is checked for, the storage, and who owns which topic.
 * A server opens an engine, opens a Netlog on its storage with its neighbours, and begins.
 */
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Neighbours } from "../topic/neighbours.ts";
import type { Storage } from "../topic/storage.ts";
import { checkEngine } from "./check-engine.ts";
import { EngineConnection } from "./connection.ts";
import { EngineCounters } from "./engine-counters.ts";
import { JetStreamApi } from "./jetstream-api.ts";
import { JetStreamStorage } from "./jetstream-storage.ts";
import { Letters } from "./letters.ts";
import type { Limits } from "./limits.ts";
import { limitsWithin } from "./message-limits.ts";
import { EngineNames } from "./names.ts";
import { OwnerTable } from "./owner-table.ts";
import { Owners, type ServedTopics } from "./owners.ts";
import { Presence, type Self } from "./presence.ts";
import { EngineStartError, explainConnect, explainRefusal } from "./start-error.ts";
import { checkSync } from "./sync-check.ts";

export interface EngineOptions {
  /** `nats://host:4222`, of one server of the cluster or more. */
  readonly servers: readonly string[];
  /** The text of a file of credentials. */
  readonly credentials?: string | undefined;
  /** Begins the names of all streams and subjects. */
  readonly prefix?: string;
  readonly copies: number;
  /** See SyncCheckOptions. */
  readonly monitors: readonly string[];
  readonly isUnsafe: boolean;
  /** Where the other servers reach this one. */
  readonly url: string | undefined;
  readonly runtime: Runtime;
  readonly logger: Logger;
}

export class Engine<Given extends Limits = Limits> {
  /** Those given, lowered to what NATS takes. */
  readonly limits: Given;
  readonly #options: EngineOptions;
  readonly #api: JetStreamApi;
  readonly #names: EngineNames;
  readonly #self: Self;
  readonly #presence: Presence;
  readonly #owners: Owners;
  #storage: JetStreamStorage | undefined;

  /** Connected, and checked. @throws EngineStartError. */
  static async open<Given extends Limits>(options: EngineOptions, limits: Given): Promise<Engine<Given>> {
    const { servers, credentials, runtime, logger, copies } = options;
    const names = new EngineNames(options.prefix);
    const incarnation = runtime.randomId();
    let connection: EngineConnection;
    try {
      const address = { servers, credentials, clientName: `netlog ${options.url ?? incarnation}` };
      connection = await EngineConnection.connect(address, { runtime, logger, limits });
    } catch (error) {
      throw explainConnect(error, servers) ?? error;
    }
    try {
      const api = new JetStreamApi(connection);
      await checkEngine({ api, names, copies, incarnation });
      await checkSync(options);
      const within = limitsWithin(limits, connection.maxPayloadBytes, logger);
      return new Engine(options, within, api, names, { incarnation, url: options.url });
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  private constructor(
    options: EngineOptions,
    limits: Given,
    api: JetStreamApi,
    names: EngineNames,
    self: Self,
  ) {
    const { runtime, logger } = options;
    const { connection } = api;
    this.limits = limits;
    this.#options = options;
    this.#api = api;
    this.#names = names;
    this.#self = self;
    const table = new OwnerTable(api, names);
    this.#presence = new Presence({
      connection,
      names,
      runtime,
      logger,
      limits,
      self,
      onChange: () => this.#owners.serversChanged(),
      onTick: () => this.#owners.tick(),
    });
    this.#owners = new Owners({
      connection,
      counters: () => this.#storage?.engineCounters ?? new EngineCounters(),
      names,
      table,
      letters: new Letters({ connection, names, limits, incarnation: self.incarnation }),
      presence: this.#presence,
      self,
      refresh: () => this.#refresh(),
      runtime,
      logger,
      limits,
    });
  }

  get neighbours(): Neighbours {
    return this.#owners;
  }

  /** For Netlog.open, which closes it, and the connection with it. @throws EngineStartError. */
  async openStorage(): Promise<Storage> {
    const { copies, runtime, logger } = this.#options;
    this.#presence.begin();
    try {
      this.#storage = await JetStreamStorage.open({
        api: this.#api,
        names: this.#names,
        copies,
        owner: this.#self,
        isAlive: (incarnation) => this.#presence.findOut(incarnation),
        onFailed: (topic) => void this.#owners.failed(topic),
        runtime,
        logger,
        limits: this.limits,
      });
      return this.#storage;
    } catch (error) {
      this.#presence.end();
      await this.#api.connection.close();
      throw explainRefusal(error, copies) ?? error;
    }
  }

  /** Takes up the topics that no server has; they are served when it resolves. @throws EngineStartError. */
  async begin(topics: ServedTopics): Promise<void> {
    const { engineSilenceMs } = this.limits;
    if (!(await this.#presence.hearsItself(engineSilenceMs))) {
      throw new EngineStartError(
        `no heartbeat of this server came back from NATS: its user may lack permissions on ${this.#names.prefix}.>`,
      );
    }
    try {
      await this.#owners.begin(topics);
    } catch (error) {
      throw explainRefusal(error, this.#options.copies) ?? error;
    }
  }

  /** Takes no more topics: the Netlog is about to close, which gives away those that it has. */
  leave(): void {
    this.#owners.stop();
  }

  /** When the Netlog is closed. */
  end(): void {
    this.#owners.end();
    this.#presence.end();
  }

  async #refresh(): Promise<readonly string[]> {
    const names = await this.#storage!.refresh();
    await this.#storage!.clean();
    return names;
  }
}
