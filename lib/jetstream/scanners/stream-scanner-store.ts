/**
 * The persistent scanners of one topic, a file of its stream each (kept-files.ts). Making and removing one is durable when
 * it resolves; positions are kept as position-records.ts does, and what is acknowledged as work-records.ts does.
 */
import { NetlogError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { isSafeName } from "../../base/names.ts";
import type { Runtime } from "../../base/runtime.ts";
import { encodeLeaseFile, type LeaseState } from "../../scanner/lease-file.ts";
import {
  type LeaseSettings,
  lowerTable,
  newLeaseState,
  readLeaseSettings,
} from "../../scanner/lease-state.ts";
import type { PendingTable } from "../../scanner/pending-table.ts";
import type { ScannerState } from "../../scanner/scanner-file.ts";
import type { ScannerSettings, WorkSettings } from "../../scanner/scanner-settings.ts";
import type { ScannerStore, StoredPosition, StoredScanner, StoredWork } from "../../scanner/scanner-store.ts";
import type { Limits } from "../nats/limits.ts";
import type { KeptFile, KeptFiles, KeptStore } from "./kept-files.ts";
import { decodePosition, encodePosition, PositionRecords } from "./position-records.ts";
import { decodeJournal, type JournalEnd, WorkRecords } from "./work-records.ts";

export interface StreamScannerStoreOptions {
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly store: KeptStore;
  /** The subject of a scanner's file begins with this; its id comes behind, with `=` for each `.`. */
  readonly subjectPrefix: string;
}

export class StreamScannerStore implements ScannerStore {
  readonly #options: StreamScannerStoreOptions;
  readonly #positions = new Map<string, PositionRecords>();
  readonly #journals = new Map<string, WorkRecords>();
  /** Ids whose file is damaged: they are no scanners until they are deleted. */
  readonly #failed = new Set<string>();

  constructor(options: StreamScannerStoreOptions) {
    this.#options = options;
  }

  get failedCount(): number {
    return this.#failed.size;
  }

  isFailed(id: string): boolean {
    return this.#failed.has(id);
  }

  /**
   * Takes the scanners out of what the stream has. What speaks of messages at or behind `logEndOffset` is taken out of them,
   * before anything can be published.
   *
   * @throws as KeptStore.put does.
   */
  async load(files: KeptFiles, logEndOffset: number): Promise<StoredScanner[]> {
    const { subjectPrefix, logger, limits } = this.#options;
    const scanners: StoredScanner[] = [];
    for (const subject of files.subjects.filter((each) => each.startsWith(subjectPrefix))) {
      const id = subject.slice(subjectPrefix.length).replaceAll("=", ".");
      if (!isSafeName(id, limits.scannerNameLength)) {
        logger.warn({ subject }, "left alone: this is no scanner's");
        continue;
      }
      const file = files.file(subject);
      const scanner = file && (await this.#loadOne(id, file, logEndOffset));
      if (scanner !== undefined) scanners.push(scanner);
      else this.#fail(id, subject);
    }
    return scanners;
  }

  async create(
    id: string,
    from: number,
    { expireMs, keys }: ScannerSettings,
    next: number = from,
  ): Promise<StoredPosition> {
    const state = { sequence: 0, from, next, expireMs, keys };
    await this.#options.store.put(this.#subjectOf(id), [encodePosition(state)]);
    return this.#keepPosition(id, state, 0);
  }

  async createWork(
    id: string,
    from: number,
    work: WorkSettings,
    { expireMs, keys }: ScannerSettings,
    table?: PendingTable,
  ): Promise<StoredWork> {
    const state = newLeaseState(from, work, { expireMs, keys }, table);
    const end = await this.#putWork(id, state);
    return this.#keepWork(id, state, { work, expireMs, keys }, end);
  }

  async delete(id: string): Promise<void> {
    this.#positions.get(id)?.forget();
    try {
      await this.#options.store.remove(this.#subjectOf(id));
    } catch (error) {
      const reason = "NATS did not confirm that the scanner is gone; after a restart it may be there again";
      throw new NetlogError("sync_failed", { reason, cause: error });
    }
    this.#positions.delete(id);
    this.#journals.delete(id);
    this.#failed.delete(id);
  }

  async sync(): Promise<void> {
    const positions = Array.from(this.#positions.values(), (position) => position.flush());
    const journals = Array.from(this.#journals.values(), (journal) => journal.commit());
    await Promise.all([...positions, ...journals]);
  }

  forgetAll(): void {
    for (const position of this.#positions.values()) position.forget();
  }

  #subjectOf(id: string): string {
    return this.#options.subjectPrefix + id.replaceAll(".", "=");
  }

  #fail(id: string, subject: string): void {
    this.#failed.add(id);
    this.#options.logger.error(
      { subject },
      "what is kept of this scanner is damaged: it cannot be used until it is deleted",
    );
  }

  /** `undefined`: it is damaged. */
  async #loadOne(id: string, file: KeptFile, logEndOffset: number): Promise<StoredScanner | undefined> {
    const position = decodePosition(file);
    if (position === undefined) return await this.#loadWork(id, file, logEndOffset);
    if (position.next <= logEndOffset) return this.#keepPosition(id, position, file.more.length);
    const lowered = { ...position, next: logEndOffset };
    await this.#options.store.put(this.#subjectOf(id), [encodePosition(lowered)]);
    return this.#keepPosition(id, lowered, 0);
  }

  async #loadWork(id: string, file: KeptFile, logEndOffset: number): Promise<StoredWork | undefined> {
    const journal = decodeJournal(file);
    const settings = journal && readLeaseSettings(journal);
    if (journal === undefined || settings === undefined) return undefined;
    const isLowered = lowerTable(journal.table, logEndOffset);
    const end = isLowered ? await this.#putWork(id, journal) : journal;
    return this.#keepWork(id, journal, settings, end);
  }

  async #putWork(id: string, state: LeaseState): Promise<JournalEnd> {
    const bytes = encodeLeaseFile(state);
    await this.#options.store.put(this.#subjectOf(id), [bytes]);
    return { sequence: 1, endPosition: bytes.length };
  }

  #keepPosition(id: string, state: ScannerState, addedCount: number): StoredPosition {
    const { from, next, expireMs, keys } = state;
    const options = { ...this.#options, subject: this.#subjectOf(id) };
    const store = new PositionRecords(options, state, addedCount);
    this.#positions.set(id, store);
    return { kind: "position", id, from, next, expireMs, keys, store };
  }

  #keepWork(id: string, state: LeaseState, kept: LeaseSettings, end: JournalEnd): StoredWork {
    const { work: settings, expireMs, keys } = kept;
    const { from, table } = state;
    const journal = new WorkRecords({ ...this.#options, subject: this.#subjectOf(id), state }, end);
    this.#journals.set(id, journal);
    return { kind: "work", id, from, expireMs, keys, settings, table, journal };
  }
}
