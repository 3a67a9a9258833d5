/**
 * Topics of another storage that are copied to NATS, and topics that move from NATS to another storage. A copy is a stream as a
 * topic's is; its description and its claims say what it is, so that no server serves it, or removes it.
 */
import { NetlogError } from "../../base/errors.ts";
import type { Runtime } from "../../base/runtime.ts";
import { DEFAULT_SETTINGS, type TopicSettings } from "../../topic/setting-table.ts";
import { logLimitsOf } from "../../topic/settings.ts";
import type { Lineage } from "../../topic/storage.ts";
import {
  copyOfAnother,
  type MovingTopic,
  type NewCopy,
  type StoredCopy,
  takeOnlyGivenSegments,
  type WholeCopy,
} from "../../topic/stored-copy.ts";
import { takeOver } from "../log/take-over.ts";
import type { JetStreamApi } from "../nats/jetstream-api.ts";
import type { JetstreamCaps } from "../nats/limits.ts";
import type { EngineNames } from "../nats/names.ts";
import { OwnerTable } from "../owners/owner-table.ts";
import type { TopicAdmin } from "../topics/topic-admin.ts";
import { newDescription } from "../topics/topic-description.ts";
import type { TopicStreams } from "../topics/topic-streams.ts";
import { type OpenStreams, openTopicStreams, type StreamParts } from "./open-topic-streams.ts";

export interface StreamCopiesOptions {
  readonly api: JetStreamApi;
  readonly names: EngineNames;
  readonly streams: TopicStreams;
  readonly admin: TopicAdmin;
  readonly parts: StreamParts;
  readonly isAlive: (incarnation: string) => Promise<boolean>;
  readonly runtime: Runtime;
  readonly limits: JetstreamCaps;
}

const NO_RELATIVES: Lineage = { source: undefined, forks: [] };

export class StreamCopies {
  readonly #options: StreamCopiesOptions;

  constructor(options: StreamCopiesOptions) {
    this.#options = options;
  }

  /** As CopyingStorage.openCopy. A topic of the same id that has moved away gives way to what it has become. */
  async open(name: string, { id, firstOffset }: NewCopy): Promise<StoredCopy> {
    const { admin, parts } = this.#options;
    const found = (await admin.find(name))?.description;
    const hasLeft = found?.unserved === "moved" && found.id === id;
    if (found === undefined || hasLeft) await this.#make(name, id);
    else if (found.unserved !== "copying") throw new NetlogError("topic_exists");
    else if (found.id !== id) throw copyOfAnother(name, found.id, id);
    let isTaken = false;
    const onFailed: StreamParts["onFailed"] = (_topic, failure) => {
      isTaken ||= failure === "fenced" || failure === "deleted";
    };
    const opening = { firstOffset, unserved: "copying" } as const;
    const own = { ...parts, onFailed };
    const streams = await openTopicStreams(own, name, DEFAULT_SETTINGS, () => NO_RELATIVES, opening);
    await takeOnlyGivenSegments(streams.log);
    return {
      stored: streams.stored,
      get isTaken() {
        return isTaken;
      },
      finish: (whole) => this.#finish(name, streams, whole),
      close: () => closeAll(streams),
    };
  }

  /** As CopyingStorage.discardCopy. */
  async discard(name: string): Promise<void> {
    const { admin, streams } = this.#options;
    const found = (await admin.find(name))?.description;
    if (found?.unserved === undefined) {
      throw new NetlogError("topic_not_found", { reason: `there is no unfinished copy of ${name}` });
    }
    await admin.remove(name, found.id);
    streams.forget(name);
  }

  /** As CopyingStorage.openToMove. */
  async openToMove(name: string, defaults: TopicSettings): Promise<MovingTopic> {
    const { admin, parts, streams: known } = this.#options;
    const onTaken = (await this.#isServed(name)) ? () => this.#wait() : () => Promise.resolve();
    const lineage = () => known.lineageOf(name);
    const opening = { unserved: "moved", onTaken } as const;
    const own = { ...parts, owner: { ...parts.owner, isMover: true }, onFailed: () => {} };
    const streams = await openTopicStreams(own, name, defaults, lineage, opening);
    const moveAway = async (): Promise<void> => {
      await streams.close();
      await streams.log.leaveAs("moved");
      await admin.describe(name, streams.stored.id, (topic) => ({ ...topic, unserved: "moved" }));
    };
    return { stored: streams.stored, moveAway, close: () => closeAll(streams) };
  }

  async #make(name: string, id: string): Promise<void> {
    const { admin, streams } = this.#options;
    // Also what an earlier removal has left of it.
    await admin.remove(name, id);
    const topic = { ...newDescription(name, id, DEFAULT_SETTINGS), unserved: "copying" } as const;
    await admin.create(topic);
    streams.note(topic);
  }

  /** The claim that says that it is a topic comes first: behind it nobody else has written to the copy. */
  async #finish(name: string, streams: OpenStreams, { settings, source }: WholeCopy): Promise<void> {
    const { admin, streams: known } = this.#options;
    const { id } = streams.stored;
    await streams.close();
    await streams.log.leaveAs(undefined);
    const whole = { settings, source, unserved: undefined };
    await admin.describe(name, id, (topic) => ({ ...topic, ...whole }));
    known.note({ ...newDescription(name, id, settings), source });
    // Servers take it up when they hear this; else they find it at their next look at all topics.
    await this.#announce(name).catch(() => {});
  }

  async #announce(name: string): Promise<void> {
    const { shared, owner } = this.#options.parts;
    const limits = logLimitsOf(DEFAULT_SETTINGS);
    await takeOver({ shared, topic: name, owner, limits }, null);
  }

  async #isServed(name: string): Promise<boolean> {
    const { api, names, isAlive } = this.#options;
    const owner = (await new OwnerTable(api, names).look(name).catch(() => undefined))?.owner;
    return owner !== undefined && (await isAlive(owner));
  }

  /** The former owner hears the claim, and keeps what its scanners have given; behind that its stream is taken, too. */
  #wait(): Promise<void> {
    const { runtime, limits } = this.#options;
    return new Promise((resolve) => void runtime.setTimer(limits.engineHandOverMs, resolve));
  }
}

async function closeAll(streams: OpenStreams): Promise<void> {
  await streams.close();
  await streams.log.close();
}
