/**
 * Topics on NATS JetStream, put together: the connection, what it is checked for, the storage, and who owns which topic.
 * A server opens an engine, opens a Netlog on its storage with its neighbours, and begins.
 */
import { type Logger, silentLogger } from "../../base/logger.ts";
import type { Runtime } from "../../base/runtime.ts";
import type { Neighbours } from "../../topic/neighbours.ts";
import type { CopyingStorage } from "../../topic/stored-copy.ts";
import { EngineCounters } from "../log/engine-counters.ts";
import { type ConnectionContext, EngineConnection } from "../nats/connection.ts";
import type { EngineAddress } from "../nats/engine-address.ts";
import { JetStreamApi } from "../nats/jetstream-api.ts";
import type { Limits } from "../nats/limits.ts";
import { EngineNames } from "../nats/names.ts";
import { OwnerTable } from "../owners/owner-table.ts";
import { Owners, type ServedTopics } from "../owners/owners.ts";
import { Letters } from "../servers/dead-letters.ts";
import { Presence, type Self } from "../servers/presence.ts";
import { EngineRelay } from "../servers/relay.ts";
import { RELAY_VERSION } from "../servers/relay-messages.ts";
import { JetStreamStorage } from "../storage/jetstream-storage.ts";
import { checkEngine, whileNatsStarts } from "./check-engine.ts";
import { limitsWithin } from "./message-limits.ts";
import { type Monitor, portMonitor, systemMonitor } from "./monitors.ts";
import { RoomWatch } from "./room-watch.ts";
import { EngineStartError, explainConnect, explainRefusal } from "./start-error.ts";
import { isWhole, SyncCheck } from "./sync-check.ts";

export interface EngineOptions {
  /** `nats://host:4222`, of one server of the cluster or more. */
  readonly servers: readonly string[];
  /** The text of a file of credentials. */
  readonly credentials?: string | undefined;
  /** The same of a user of the system account, who can ask all servers how they are: whether they sync, and their room. */
  readonly systemCredentials?: string | undefined;
  /** Begins the names of all streams and subjects. */
  readonly prefix?: string;
  readonly copies: number;
  /** The monitoring ports of all servers, which say the same; they are asked where there are no systemCredentials. */
  readonly monitors: readonly string[];
  /** See SyncCheckOptions. */
  readonly isUnsafe: boolean;
  /** Where the other servers reach this one. */
  readonly url: string | undefined;
  /** Where they reach its gRPC port, where it has one. */
  readonly grpcUrl?: string | undefined;
  readonly runtime: Runtime;
  readonly logger: Logger;
}

interface Parts {
  readonly api: JetStreamApi;
  readonly names: EngineNames;
  readonly self: Self;
  readonly sync: SyncCheck;
  readonly room: RoomWatch;
}

export class Engine<Given extends Limits = Limits> {
  /** Those given, lowered to what NATS takes. */
  readonly limits: Given;
  readonly #options: EngineOptions;
  readonly #api: JetStreamApi;
  readonly #names: EngineNames;
  readonly #self: Self;
  readonly #sync: SyncCheck;
  readonly #presence: Presence;
  readonly #owners: Owners;
  readonly #room: RoomWatch;
  readonly #relay: EngineRelay;
  #storage: JetStreamStorage | undefined;

  /** Connected, and checked. @throws EngineStartError. */
  static async open<Given extends Limits>(options: EngineOptions, limits: Given): Promise<Engine<Given>> {
    const { servers, credentials, runtime, logger, copies, isUnsafe } = options;
    const names = new EngineNames(options.prefix);
    const { url, grpcUrl } = options;
    const self = { incarnation: runtime.randomId(), url, grpcUrl, relayVersion: RELAY_VERSION };
    const clientName = `netlog ${options.url ?? self.incarnation}`;
    const address = { servers, credentials, clientName };
    const connection = await connectTo(address, { runtime, logger, limits });
    let monitor: Monitor | undefined;
    try {
      const api = new JetStreamApi(connection);
      const check = { api, names, copies, incarnation: self.incarnation };
      await whileNatsStarts(() => checkEngine(check), { runtime, logger, limits });
      const within = limitsWithin(limits, connection.maxPayloadBytes, logger);
      monitor = await monitorOf(options, clientName, limits);
      const syncing = { monitor, isUnsafe, runtime, logger, limits };
      const sync = await whileNatsStarts(() => SyncCheck.begin(syncing), { runtime, logger, limits });
      connection.onBack(() => void sync.askNow());
      const room = new RoomWatch({ monitor, runtime, logger, limits });
      return new Engine(options, within, { api, names, self, sync, room });
    } catch (error) {
      await monitor?.close();
      await connection.close();
      throw error;
    }
  }

  private constructor(options: EngineOptions, limits: Given, { api, names, self, sync, room }: Parts) {
    const { runtime, logger } = options;
    const { connection } = api;
    this.limits = limits;
    this.#options = options;
    this.#api = api;
    this.#names = names;
    this.#self = self;
    this.#sync = sync;
    this.#room = room;
    const table = new OwnerTable(api, names);
    this.#presence = new Presence({
      connection,
      names,
      runtime,
      logger,
      limits,
      self,
      onChange: () => {
        this.#relay.serversChanged(this.#presence.others);
        this.#owners.serversChanged();
      },
      onTick: () => this.#owners.tick(),
    });
    const suspect = (other: string): void => this.#presence.suspect(other);
    this.#relay = new EngineRelay({ connection, names, runtime, logger, limits, self, suspect });
    this.#owners = new Owners({
      connection,
      counters: () => this.#storage?.engineCounters ?? new EngineCounters(),
      isSynced: () => sync.isSynced,
      room,
      names,
      table,
      letters: new Letters({ connection, names, limits, incarnation: self.incarnation }),
      presence: this.#presence,
      relay: this.#relay,
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
  async openStorage(): Promise<CopyingStorage> {
    const { copies, runtime, logger } = this.#options;
    this.#presence.begin();
    await this.#room.begin();
    try {
      this.#storage = await JetStreamStorage.open({
        api: this.#api,
        names: this.#names,
        copies,
        owner: this.#self,
        isAlive: (incarnation) => this.#presence.findOut(incarnation),
        onFailed: (topic) => void this.#owners.failed(topic),
        trouble: () => (this.#presence.isHeard ? this.#sync.trouble : NOT_HEARD),
        runtime,
        logger,
        limits: this.limits,
        room: this.#room,
      });
      return this.#storage;
    } catch (error) {
      this.end();
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
    this.#room.end();
    this.#relay.end();
    void this.#sync.end();
  }

  async #refresh(): Promise<readonly string[]> {
    const names = await this.#storage!.refresh();
    await this.#storage!.clean();
    return names;
  }
}

const NOT_HEARD = "no heartbeat of this server comes back from NATS";

/** @throws EngineStartError. */
async function connectTo(
  address: EngineAddress,
  context: ConnectionContext,
  cure?: string,
): Promise<EngineConnection> {
  try {
    return await EngineConnection.connect(address, context);
  } catch (error) {
    throw explainConnect(error, address.servers, cure) ?? error;
  }
}

/** `undefined`: nobody tells how the servers of NATS are. @throws EngineStartError. */
async function monitorOf(
  { servers, systemCredentials, monitors, runtime }: EngineOptions,
  clientName: string,
  limits: Limits,
): Promise<Monitor | undefined> {
  if (systemCredentials === undefined) return monitors.length === 0 ? undefined : portMonitor(monitors);
  const address = { servers, credentials: systemCredentials, clientName: `${clientName}, monitoring` };
  // What becomes of this connection says nothing that the log lines of the other one do not.
  const context = { runtime, logger: silentLogger, limits };
  const connection = await connectTo(address, context, "look at the file of --engine-system-credentials");
  return systemMonitor(connection, isWhole);
}
