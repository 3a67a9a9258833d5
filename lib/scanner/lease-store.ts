/** The files of a topic's scanners with acknowledgements: read at opening, begun, and kept by a journal each. */
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import type { Disk } from "../disk/disk.ts";
import type { Durability, LogShared } from "../log/index.ts";
import { decodeLeaseFile, encodeLeaseFile, type LeaseState } from "./lease-file.ts";
import { type JournalPlace, LeaseJournal } from "./lease-journal.ts";
import { type LeaseSettings, lowerTable, readLeaseSettings } from "./lease-state.ts";
import type { Limits } from "./limits.ts";
import type { StoredWork } from "./scanner-store.ts";

export interface LeaseStoreOptions {
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly logs: LogShared;
  readonly durability: () => Durability;
}

export class LeaseStore {
  readonly #options: LeaseStoreOptions;
  readonly #journals = new Map<string, LeaseJournal>();

  constructor(options: LeaseStoreOptions) {
    this.#options = options;
  }

  /** A new one, once the bytes are its file. */
  prepare(
    id: string,
    path: string,
    state: LeaseState,
    settings: LeaseSettings,
  ): { readonly bytes: Buffer; readonly stored: StoredWork } {
    const bytes = encodeLeaseFile(state);
    const place = { sequence: 1, endPosition: bytes.length, syncedBytes: bytes.length };
    return { bytes, stored: this.#keep(id, path, state, settings, place) };
  }

  /**
   * `undefined` when the file is damaged. What is torn, and what speaks of messages at or behind `logEndOffset`, is
   * taken out of it, durably: there will be others of those offsets. What may be in the page cache alone is written
   * anew: a sync that failed before a crash leaves pages that count as clean and are not on the disk, and that a later
   * sync would confirm.
   *
   * @throws what the disk throws.
   */
  async load(id: string, path: string, logEndOffset: number): Promise<StoredWork | undefined> {
    const { disk, limits } = this.#options;
    const sizeBytes = (await disk.stat(path))?.sizeBytes ?? 0;
    const file = sizeBytes > limits.leaseFileBytes ? undefined : decodeLeaseFile(await disk.readFile(path));
    const settings = file && readLeaseSettings(file);
    if (file === undefined || settings === undefined) return undefined;
    const isLowered = lowerTable(file.table, logEndOffset);
    const isSynced = file.endPosition === sizeBytes && file.syncedBytes === sizeBytes;
    if (!isLowered && isSynced) return this.#keep(id, path, file, settings, file);
    const bytes = encodeLeaseFile(file);
    await replaceFile(disk, path, bytes);
    const place = { sequence: 1, endPosition: bytes.length, syncedBytes: bytes.length };
    return this.#keep(id, path, file, settings, place);
  }

  /** Resolves when all that was done so far is on the disk. @throws sync_failed, storage_full, topic_unavailable. */
  async sync(): Promise<void> {
    await Promise.all(Array.from(this.#journals.values(), (journal) => journal.commit("synced")));
  }

  forget(id: string): void {
    this.#journals.delete(id);
  }

  #keep(id: string, path: string, state: LeaseState, read: LeaseSettings, place: JournalPlace): StoredWork {
    const { work: settings, expireMs, keys } = read;
    const { from, table } = state;
    const journal = new LeaseJournal({ ...this.#options, path, state }, place);
    this.#journals.set(id, journal);
    return { kind: "work", id, from, expireMs, keys, settings, table, journal };
  }
}
