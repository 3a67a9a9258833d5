/** The scanners of one topic, by id: made, found, deleted, and dropped when nobody has used them for long. */
import { type ErrorCode, NetlogError } from "./errors.ts";
import type { Log } from "./log/log.ts";
import type { MessageReader } from "./message-reader.ts";
import { OneByOne } from "./one-by-one.ts";
import { requireReadable } from "./readable.ts";
import { type PositionStore, Scanner, type ScannerInfo } from "./scanner.ts";
import type { ScannerStore } from "./scanner-store.ts";
import type { TopicShared } from "./topic-shared.ts";

export interface TopicScannersOptions {
  readonly shared: TopicShared;
  readonly topicName: string;
  readonly log: Log;
  readonly reader: MessageReader;
  readonly store: ScannerStore;
}

interface NewScanner {
  readonly id: string;
  readonly from: number;
  readonly next: number;
  readonly store?: PositionStore;
}

export class TopicScanners {
  readonly #options: TopicScannersOptions;
  readonly #scanners = new Map<string, Scanner>();
  /** Files being made and removed, by id. */
  readonly #changes = new OneByOne();
  #refusesWaits = false;
  #endedAs: ErrorCode | undefined;

  constructor(options: TopicScannersOptions) {
    this.#options = options;
  }

  /** Those that cannot be used because of a damaged file count as well. */
  get count(): number {
    return this.#scanners.size + this.#options.store.failedCount;
  }

  infos(): ScannerInfo[] {
    return Array.from(this.#scanners.values(), (scanner) => scanner.info());
  }

  /** Takes up those that are on the disk. @throws what the disk throws. */
  async load(): Promise<void> {
    const { store, log } = this.#options;
    for (const scanner of await store.load(log.logEndOffset)) this.#add(scanner);
  }

  /**
   * A new scanner that begins with the message `from`. One to persist is on the disk when it resolves.
   *
   * @throws invalid_offset (negative), offset_not_found (beyond the next message, or dropped: with firstOffset),
   *   storage_full, topic_unavailable.
   */
  async create(from: number, persist: boolean): Promise<Scanner> {
    this.#throwIfEnded();
    const { shared, store, log } = this.#options;
    requireReadable(log, from);
    const id = shared.runtime.randomId();
    if (!persist) return this.#add({ id, from, next: from });
    const scanner = await this.#changes.run(id, () => store.create(id, from));
    this.#throwIfEnded();
    return this.#add(scanner);
  }

  /** @throws scanner_not_found; topic_unavailable when its file is damaged. */
  require(id: string): Scanner {
    const scanner = this.#scanners.get(id);
    if (scanner !== undefined) return scanner;
    if (this.#options.store.isFailed(id)) {
      const reason = "the file of this scanner is damaged; delete it and create another one";
      throw new NetlogError("topic_unavailable", { reason });
    }
    throw new NetlogError("scanner_not_found");
  }

  /** Ends its scans with scanner_not_found. @throws scanner_not_found, topic_unavailable. */
  async delete(id: string): Promise<void> {
    this.#throwIfEnded();
    const { store } = this.#options;
    const scanner = this.#scanners.get(id);
    const isFailed = store.isFailed(id);
    if (scanner === undefined && !isFailed) throw new NetlogError("scanner_not_found");
    this.#scanners.delete(id);
    scanner?.end("scanner_not_found");
    if (isFailed || scanner?.isPersistent === true) await this.#changes.run(id, () => store.delete(id));
  }

  /** Drops those that are not persistent and were not used for too long; `passedMs` since the last call. */
  dropIdle(passedMs: number): void {
    const { shared, topicName } = this.#options;
    for (const scanner of this.#scanners.values()) {
      if (scanner.addIdleMs(passedMs) < shared.limits.scannerIdleMs || scanner.isPersistent) continue;
      this.#scanners.delete(scanner.id);
      scanner.end("scanner_not_found");
      shared.logger.info({ topic: topicName, scanner: scanner.id }, "dropped a scanner that nobody uses");
    }
  }

  /** Ends scans that wait with shutting_down, and lets none wait from now on. */
  refuseWaits(): void {
    this.#refusesWaits = true;
    for (const scanner of this.#scanners.values()) scanner.refuseWaits();
  }

  /** Ends all scans, those to come as well. When it resolves nothing touches the scanners' files any more. */
  async end(code: ErrorCode): Promise<void> {
    this.#endedAs = code;
    for (const scanner of this.#scanners.values()) scanner.end(code);
    await this.#changes.ended();
  }

  #add(created: NewScanner): Scanner {
    const { shared, log, reader } = this.#options;
    const { runtime, limits } = shared;
    const scanner = new Scanner({ ...created, log, cursor: reader.openCursor(), runtime, limits });
    if (this.#refusesWaits) scanner.refuseWaits();
    this.#scanners.set(scanner.id, scanner);
    return scanner;
  }

  #throwIfEnded(): void {
    if (this.#endedAs !== undefined) throw new NetlogError(this.#endedAs);
  }
}
