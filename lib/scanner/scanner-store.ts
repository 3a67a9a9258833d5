/** Where the persistent scanners of one topic are kept, and what is kept of each. Files: file-scanner-store.ts. */
import type { Durability } from "../log/log.ts";
import type { PendingTable, RecordKind } from "./pending-table.ts";
import type { PositionStore } from "./plain-position.ts";
import type { ScannerSettings, WorkSettings } from "./scanner-settings.ts";

export type StoredScanner = StoredPosition | StoredWork;

interface Stored {
  readonly id: string;
  readonly from: number;
  readonly expireMs: number | undefined;
  readonly keys: readonly string[] | undefined;
}

export interface StoredPosition extends Stored {
  readonly kind: "position";
  readonly next: number;
  readonly store: PositionStore;
}

/** A scanner with acknowledgements. */
export interface StoredWork extends Stored {
  readonly kind: "work";
  readonly settings: WorkSettings;
  readonly table: PendingTable;
  readonly journal: WorkJournal;
}

/** What was done to one message, or to the position. */
export interface LeaseRecord {
  readonly kind: RecordKind;
  readonly offset: number;
}

/**
 * What a request asks for, and what is done only when it is kept: a request that is refused changes nothing. The journal
 * calls one of both, once and before it writes anything else; neither where the scanner ends.
 */
export interface WorkChange {
  readonly records: readonly LeaseRecord[];
  /** Applies the records to the table. They are written; a sync may still fail. */
  readonly kept: () => void;
  readonly refused: () => void;
}

/** Keeps what happens to the messages of a scanner with acknowledgements. */
export interface WorkJournal {
  /** Takes note of what was done; what is noted in one turn is written at its end. At worst a restart forgets it. */
  add(kind: RecordKind, offset: number): void;
  /**
   * Resolves when a change, and all that was added before it, is as durable as a message of the topic.
   *
   * @throws storage_full, topic_unavailable: it was refused; sync_failed: nobody knows what a restart will find.
   */
  keep(change: WorkChange): Promise<void>;
  /** Resolves when all that was added is as durable as asked for. @throws storage_full, sync_failed, topic_unavailable. */
  commit(durability?: Durability): Promise<void>;
  /** Writes what was added, and lets go. */
  close(): Promise<void>;
  /** Lets go of a scanner that is being deleted. */
  abandon(): Promise<void>;
}

export interface ScannerStore {
  /** For how many scanners `isFailed` is true. */
  readonly failedCount: number;
  /** True for a scanner whose state is damaged; what is left of it is kept until it is deleted. */
  isFailed(id: string): boolean;
  /**
   * A scanner that has settled what comes before `next`, by default nothing; durable when it resolves.
   *
   * @throws storage_full, topic_unavailable: there is then no such scanner; sync_failed: after a restart it may be there.
   */
  create(id: string, from: number, settings: ScannerSettings, next?: number): Promise<StoredPosition>;
  /** One with acknowledgements, and the `table` of what it gave, by default nothing. @throws what create throws. */
  createWork(
    id: string,
    from: number,
    work: WorkSettings,
    settings: ScannerSettings,
    table?: PendingTable,
  ): Promise<StoredWork>;
  /** Forgets a scanner, also a failed one; durable when it resolves. @throws sync_failed: after a restart it may be there. */
  delete(id: string): Promise<void>;
  /** Resolves when all that was kept so far is on the disk. @throws sync_failed, topic_unavailable. */
  sync(): Promise<void>;
  /** Lets go of all scanners: the topic is about to be removed. */
  forgetAll(): void;
}
