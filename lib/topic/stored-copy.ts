/**
 * A topic of another storage while it is copied to here. It has the source's id, and it is no topic before it is whole: it may
 * be left, and gone on with in another run, for as long as its source is served elsewhere.
 */
import { NetlogError } from "../base/errors.ts";
import type { Log } from "../log/log.ts";
import type { TopicSettings } from "./setting-table.ts";
import { DEFAULT_SETTINGS } from "./setting-table.ts";
import { logLimitsOf } from "./settings.ts";
import type { ForkSource, Storage, StoredTopic } from "./storage.ts";

/** A copy that was begun, and is not whole. */
export interface UnfinishedCopy {
  readonly name: string;
  /** The source's. */
  readonly id: string;
}

/** What a copy begins as. */
export interface NewCopy {
  /** The source's id. */
  readonly id: string;
  /** Its offsets begin here. */
  readonly firstOffset: number;
}

export interface WholeCopy {
  readonly settings: TopicSettings;
  readonly source: ForkSource | undefined;
}

export interface StoredCopy {
  /** As far as it has come; its log takes frames, and begins segments when it is asked to alone. */
  readonly stored: StoredTopic;
  /** Another process has taken the copy over, or discarded it: nothing can be written here any more. */
  readonly isTaken: boolean;
  /**
   * Makes it a topic, and closes it; durable when it resolves.
   *
   * @throws topic_unavailable, storage_full: it is a copy still, and closed; sync_failed: it may be either.
   */
  finish(whole: WholeCopy): Promise<void>;
  /** Leaves it as it is. Idempotent; after `finish` it does nothing. */
  close(): Promise<void>;
}

/** A topic that goes to another storage. */
export interface MovingTopic {
  readonly stored: StoredTopic;
  /**
   * From now on no server of this storage serves it, nor has one stored anything in it since it was opened here. Closes it.
   * Where nobody can serve it behind this process's back it changes nothing. @throws topic_unavailable, sync_failed.
   */
  moveAway(): Promise<void>;
  /** Leaves it to those who served it. Idempotent; after `moveAway` it does nothing. */
  close(): Promise<void>;
}

/** A storage whose topics can be copied from and to another one. */
export interface CopyingStorage extends Storage {
  /** As they were when the storage was opened. */
  readonly copies: readonly UnfinishedCopy[];
  /** Topics that have moved away from here, as they were then; what is left of them is kept. */
  readonly moved: readonly string[];
  /**
   * Begins a copy, or goes on with the one that is there, from which another process is cut off.
   *
   * @throws topic_exists: there is a topic of this name; resource_busy: the copy there is of another topic; storage_full,
   *   topic_unavailable, sync_failed.
   */
  openCopy(name: string, copy: NewCopy): Promise<StoredCopy>;
  /** Removes a copy that is not whole, or what is left of a topic that moved away. @throws topic_not_found: there is none. */
  discardCopy(name: string): Promise<void>;
  /** Opens a topic to copy it, also one that has moved away. Another server that has it is cut off. @throws as open does. */
  openToMove(name: string, defaults: TopicSettings): Promise<MovingTopic>;
}

/** Messages are older than segments may grow, and segments are those of the source. */
export async function takeOnlyGivenSegments(log: Log): Promise<void> {
  const largest = Number.MAX_SAFE_INTEGER;
  const limits = { segmentSizeBytes: largest, segmentAgeMs: largest, retentionSizeBytes: 0 };
  await log.setLimits({ ...logLimitsOf(DEFAULT_SETTINGS), ...limits, durability: "synced" });
}

export function copyOfAnother(name: string, found: string, wanted: string): NetlogError {
  return new NetlogError("resource_busy", {
    reason:
      `an unfinished copy of another topic ${name} is there (id ${found}, and this one has ${wanted}): ` +
      `it comes from another server, or ${name} was deleted and made again since; discard it with --discard, and copy again`,
  });
}
