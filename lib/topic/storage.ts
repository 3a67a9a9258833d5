/**
 * What topics are stored in, as the engine sees it: which topics there are, and of each its log, its settings and its
 * scanners. Files are the implementation (lib/storage/); nothing above this interface knows of them.
 */
import type { Counters } from "../base/counters.ts";
import { NetlogError } from "../base/errors.ts";
import type { Frame } from "../log/frame.ts";
import type { Log } from "../log/log.ts";
import type { ScannerStore, StoredScanner } from "../scanner/scanner-store.ts";
import type { TopicSettings } from "./setting-table.ts";

export interface Storage {
  /** The topics that were there when the storage was opened, those included that cannot be opened. */
  readonly topicNames: readonly string[];
  /** What the logs do, and the topics with them. */
  readonly counters: Counters;
  readonly openFileCount: number;

  /**
   * Opens a topic. Where its settings are lost, `defaults` stand in for them, and it has a `trouble`.
   *
   * @throws topic_unavailable, with the reason: it cannot be served; topic_not_found: another server has deleted it.
   */
  open(name: string, defaults: TopicSettings): Promise<StoredTopic>;

  /**
   * Makes a topic, with what `begin` writes or without messages, and opens it; durable when it resolves. A crash leaves it
   * whole or not at all.
   *
   * @throws topic_exists: something of this name is there; storage_full, topic_unavailable: nothing is left;
   *   sync_failed: it is not there, but may be after a restart, whole; what `begin` throws: nothing is left.
   */
  create(name: string, settings: TopicSettings, begin?: BeginTopic): Promise<StoredTopic>;

  /**
   * Makes a topic that begins with the messages of another one, and then has what `begin` writes, and opens it; durable when
   * it resolves. A crash leaves it whole or not at all. The source changes by nothing, and is there until it resolves.
   *
   * @throws as `create` does; what reading the source throws.
   */
  fork(name: string, fork: NewFork, begin?: BeginTopic): Promise<StoredTopic>;

  /** True of the name of a topic that was removed while it had forks. It is given to no other topic before they are gone. */
  isTombstone(name: string): boolean;
  /** How many such names there are. */
  readonly tombstoneCount: number;

  /**
   * Removes a topic whose log was deleted, or that cannot be opened; durable when it resolves. While it has forks, its name
   * stays as a tombstone; with the last one it goes.
   *
   * @throws topic_unavailable: it is still there; sync_failed: it is gone, but may be there after a restart, whole.
   */
  remove(name: string): Promise<void>;

  /** Why nothing can be stored now, in words for the operator; `undefined` when all is well. */
  trouble(): Promise<string | undefined>;

  /** Finishes what goes on in the background, and gives everything back. All logs are closed before. */
  close(): Promise<void>;
}

/** Removes a topic that was just made, and cannot be opened. @throws sync_failed: it may be there after a restart, whole. */
export async function removeUnopened(storage: Pick<Storage, "remove">, name: string): Promise<void> {
  try {
    await storage.remove(name);
  } catch (error) {
    const reason = "the topic was made and could not be opened; it may be there after a restart";
    throw new NetlogError("sync_failed", { reason, cause: error });
  }
}

/** Writes to a topic that has no name yet, and closes its log. All that it wrote is on the disk when it resolves. */
export type BeginTopic = (stored: StoredTopic) => Promise<void>;

/** Where a fork leaves its source: it has all messages below `offset`, and the first `bytes` bytes of the next one. */
export interface ForkPlace {
  readonly offset: number;
  readonly bytes: number;
}

/** The topic that a fork was made of, and the place. The topic may be gone by now, or another one of its name. */
export interface ForkSource extends ForkPlace {
  readonly topic: string;
  readonly id: string;
}

/** Where the fork's own messages begin. */
export function forkEndOffset({ offset, bytes }: ForkPlace): number {
  return bytes > 0 ? offset + 1 : offset;
}

/** What a topic has to do with others. */
export interface Lineage {
  readonly source: ForkSource | undefined;
  /** Names of its forks, sorted. */
  readonly forks: readonly string[];
}

/** A fork that is to be made. */
export interface NewFork {
  readonly source: ForkSource;
  readonly settings: TopicSettings;
  /** The source's, on the disk as far as the place. */
  readonly log: Log;
  /** The entry of those messages of a frame that lie before the place. */
  readonly cut: (frame: Frame) => Promise<Buffer>;
}

export interface StoredTopic {
  /** Random: a topic of the same name that was made before or after this one has another. */
  readonly id: string;
  readonly log: Log;
  /** Those in force: one object. The topic writes changes into it, and the storage looks at it. */
  readonly settings: TopicSettings;
  /** Where the settings are lost: what is wrong, and what mends it. */
  readonly trouble: string | undefined;
  readonly scannerStore: ScannerStore;
  readonly stateStore: StateStore;
  /** As it is now: forks come and go. */
  readonly lineage: () => Lineage;
  /** The scanners that were there when the topic was opened. */
  readonly scanners: readonly StoredScanner[];

  /**
   * Keeps other settings; durable when it resolves. One call at a time.
   *
   * @throws storage_full, topic_unavailable: the old ones are kept; sync_failed: after a restart it may be either.
   */
  replaceSettings(settings: TopicSettings): Promise<void>;

  /** Gives back what is held beside the log, which is closed. Nothing is kept any more. Never rejects. */
  close?(): Promise<void>;
}

/** A topic's memory of its appends, as it was when everything below `through` had been taken in. */
export interface KeptState {
  readonly through: number;
  /** Lets `use` read its bytes, which are sound; what they hold is the topic's business. @throws what the disk throws. */
  read<Result>(use: (bytes: StateBytes) => Promise<Result>): Promise<Result>;
}

/** The bytes of a kept state. They are read in pieces: to have all of them in memory would cost more than to read them. */
export interface StateBytes {
  readonly sizeBytes: number;
  /** At least the `length` bytes at `position`, or all that are left; usually more. A view, until the next call. */
  at(position: number, length: number): Promise<Buffer>;
}

export interface StateToKeep {
  readonly through: number;
  /** Its bytes, in pieces that are small enough to be written in one go. Others have their turn between two of them. */
  readonly pieces: () => Iterable<Buffer>;
}

/** Keeps a topic's state in two copies. Topics that remember nothing have none. */
export interface StateStore {
  /** The newest that was there at the opening, is sound, and fits the log. */
  readonly found: KeptState | undefined;
  /** There was something, and none of it can be used. */
  readonly isLost: boolean;
  /** Nothing is remembered of messages below this: they are those of the topic that this one was forked from. */
  readonly startsAt: number;
  /** Both copies go through this at least, and are sound; 0 where there is none, or one that nobody has verified. */
  readonly keptThrough: number;

  /**
   * Puts `state` in the place of the older copy; durable when it resolves. The log is synced through the state's end. One
   * call at a time.
   *
   * @throws storage_full, topic_unavailable: what was there is kept; sync_failed: after a restart it may be either.
   */
  replace(state: StateToKeep): Promise<void>;
}
