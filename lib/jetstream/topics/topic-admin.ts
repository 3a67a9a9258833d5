/** Makes, describes and removes the streams of topics. Every change is durable when it resolves. */
import { NetlogError } from "../../base/errors.ts";
import { OneByOne } from "../../base/one-by-one.ts";
import type { Runtime } from "../../base/runtime.ts";
import { DEFAULT_SETTINGS, type TopicSettings } from "../../topic/setting-table.ts";
import { UNSERVED_REASONS } from "../log/claim.ts";
import { isJetStreamError } from "../nats/errors.ts";
import type { JetStreamApi } from "../nats/jetstream-api.ts";
import type { Limits } from "../nats/limits.ts";
import type { EngineNames } from "../nats/names.ts";
import { refusedByEngine } from "../nats/refusals.ts";
import type { StreamInfo } from "../nats/stream-config.ts";
import { settled } from "./settled.ts";
import {
  decodeDescription,
  decodeScannersDescription,
  encodeDescription,
  encodeScannersDescription,
  type TopicDescription,
  type TopicIdentity,
} from "./topic-description.ts";

export interface TopicAdminOptions {
  readonly api: JetStreamApi;
  readonly names: EngineNames;
  /** Each stream has so many. */
  readonly copies: number;
  readonly runtime: Runtime;
  readonly limits: Limits;
}

export interface DescribedStream {
  readonly info: StreamInfo;
  readonly description: TopicDescription;
}

export class TopicAdmin {
  readonly #options: TopicAdminOptions;
  /** Changes of descriptions: each is made of the one before. */
  readonly #changes = new OneByOne();

  constructor(options: TopicAdminOptions) {
    this.#options = options;
  }

  /**
   * Makes the stream of a topic's log.
   *
   * @throws topic_exists; storage_full, topic_unavailable: nothing was made; sync_failed: nobody knows.
   */
  async create(topic: TopicDescription): Promise<void> {
    const { api, names, copies } = this.#options;
    const { name } = topic;
    const stream = {
      name: names.logStream(name),
      subjects: [names.logSubject(name), names.ownerSubject(name)],
      copies,
      description: encodeDescription(topic),
    };
    try {
      await this.#settled("the topic's stream", () => api.createStream(stream));
    } catch (error) {
      if (isJetStreamError(error, "streamNameExists")) throw await this.#existing(name);
      throw refusedByEngine(error, "the topic's stream");
    }
  }

  /**
   * What NATS has of a topic. What the settings leave out is as in `defaults`.
   *
   * @throws topic_not_found: there is no such stream; topic_unavailable: it is another program's, or NATS does not answer.
   */
  async read(name: string, defaults: TopicSettings = DEFAULT_SETTINGS): Promise<DescribedStream> {
    const found = await this.find(name, defaults);
    if (found !== undefined) return found;
    throw new NetlogError("topic_not_found");
  }

  /** As `read`, but `undefined` where there is no such stream. */
  async find(name: string, defaults: TopicSettings = DEFAULT_SETTINGS): Promise<DescribedStream | undefined> {
    const { api, names, limits } = this.#options;
    const stream = names.logStream(name);
    const info = await this.#settled(`the stream ${stream}`, () => api.streamInfo(stream)).catch(
      (error: unknown) => {
        throw refusedByEngine(error, `the stream ${stream}`);
      },
    );
    if (info === undefined) return undefined;
    const description = decodeDescription(info.config.description ?? "", defaults, limits);
    if (description?.name === name) return { info, description };
    throw unavailable(`the stream ${stream} of NATS is another program's: its description is not of netlog`);
  }

  /** Describes a topic anew, if it still is the one of this id. @throws storage_full, topic_unavailable, sync_failed. */
  describe(
    name: string,
    id: string,
    change: (description: TopicDescription) => TopicDescription,
  ): Promise<void> {
    return this.#changes.run(name, () => this.#describe(name, id, change));
  }

  /** Makes the stream of a topic's scanners and state, where there is none. @throws as create does. */
  async createScanners(topic: TopicIdentity): Promise<void> {
    const { api, names, copies } = this.#options;
    const { name } = topic;
    const stream = {
      name: names.scannerStream(name),
      subjects: [names.scannerSubjects(name)],
      copies,
      description: encodeScannersDescription(topic),
    };
    await this.#settled("the stream of the topic's scanners", () => api.createStream(stream));
  }

  /** Whether there is a stream of the topic's scanners. One of a former topic of its name is removed. */
  async findScanners({ name, id }: TopicIdentity): Promise<boolean> {
    const { api, names } = this.#options;
    const stream = names.scannerStream(name);
    const info = await this.#settled(`the stream ${stream}`, () => api.streamInfo(stream));
    if (info === undefined) return false;
    const found = decodeScannersDescription(info.config.description ?? "");
    if (found === undefined) {
      throw unavailable(
        `the stream ${stream} of NATS is another program's: its description is not of netlog`,
      );
    }
    if (found.name === name && found.id === id) return true;
    // The former one may as well be this one.
    if (!(await this.isStill(name, (now) => now.id === id))) throw unavailable(MADE_AGAIN);
    await this.#delete(stream, found.id);
    return false;
  }

  /** Whether NATS has a topic of this name, and of it what `is` says. @throws topic_unavailable: NATS does not answer. */
  async isStill(name: string, is: (description: TopicDescription) => boolean): Promise<boolean> {
    const { api, names, limits } = this.#options;
    const stream = names.logStream(name);
    const info = await this.#settled(`the stream ${stream}`, () => api.streamInfo(stream)).catch(
      (error: unknown) => {
        throw refusedByEngine(error, `the stream ${stream}`);
      },
    );
    const description = decodeDescription(info?.config.description ?? "", DEFAULT_SETTINGS, limits);
    return description !== undefined && is(description);
  }

  /**
   * Removes all that NATS has of the topic of this id, its log's stream first; a topic that was made anew under the name
   * stays. `undefined`: whatever has the name, which says no id.
   *
   * @throws topic_unavailable, sync_failed.
   */
  async remove(name: string, id: string | undefined): Promise<void> {
    const { names } = this.#options;
    await this.#delete(names.logStream(name), id);
    await this.#delete(names.scannerStream(name), id);
  }

  /** Removes all messages of a topic, for a name that is kept. @throws topic_unavailable, sync_failed. */
  async empty({ name, id }: TopicIdentity): Promise<void> {
    const { api, names } = this.#options;
    await this.#delete(names.scannerStream(name), id);
    const stream = names.logStream(name);
    await this.#settled(`the messages of ${stream}`, () => api.purge(stream, {})).catch((error: unknown) => {
      throw refusedByEngine(error, `the messages of ${stream}`);
    });
  }

  async #describe(
    name: string,
    id: string,
    change: (description: TopicDescription) => TopicDescription,
  ): Promise<void> {
    const { api } = this.#options;
    // A change that is sent again is made of what is there by then: it may be another topic.
    const request = async (): Promise<void> => {
      const { info, description } = await this.read(name);
      if (description.id !== id) throw unavailable(MADE_AGAIN);
      await api.updateStream({ ...info.config, description: encodeDescription(change(description)) });
    };
    try {
      await this.#settled("the topic's description", request);
    } catch (error) {
      throw refusedByEngine(error, "the topic's description");
    }
  }

  /** A deletion may be sent again: by then another topic may have the name. */
  async #delete(stream: string, id: string | undefined): Promise<void> {
    const { api } = this.#options;
    const request = async (): Promise<void> => {
      if (id === undefined || (await this.#idOf(stream)) === id) await api.deleteStream(stream);
    };
    try {
      await this.#settled(`the stream ${stream}`, request);
    } catch (error) {
      throw refusedByEngine(error, `the stream ${stream}`);
    }
  }

  async #idOf(stream: string): Promise<string | undefined> {
    const info = await this.#options.api.streamInfo(stream);
    // Both kinds of streams say it in the same way.
    return decodeScannersDescription(info?.config.description ?? "")?.id;
  }

  /** A topic has the name, or what is left of one, or another program's stream. */
  async #existing(name: string): Promise<NetlogError> {
    try {
      const { unserved } = (await this.read(name)).description;
      if (unserved === undefined) return new NetlogError("topic_exists");
      return new NetlogError("topic_exists", { reason: UNSERVED_REASONS[unserved] });
    } catch (error) {
      return refusedByEngine(error, "the topic's stream");
    }
  }

  #settled<Answer>(what: string, request: () => Promise<Answer>): Promise<Answer> {
    const { runtime, limits } = this.#options;
    return settled({ runtime, limits, what }, request);
  }
}

const MADE_AGAIN = "the topic was deleted elsewhere, and made again";

function unavailable(reason: string): NetlogError {
  return new NetlogError("topic_unavailable", { reason });
}
