/** The scanners of one topic, by id: made, found, deleted, and dropped when nobody has used them for long. */
import { type ErrorCode, NetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { OneByOne } from "../base/one-by-one.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Log } from "../log/log.ts";
import type { MessageReader } from "../reading/message-reader.ts";
import { requireReadable } from "../reading/readable.ts";
import type { LetterBox } from "./dead-letters.ts";
import { LeasedPosition } from "./leased-position.ts";
import type { Limits } from "./limits.ts";
import { PlainPosition } from "./plain-position.ts";
import { Scanner } from "./scanner.ts";
import type { ScannerPosition } from "./scanner-position.ts";
import {
  conflictOf,
  resolveScannerSettings,
  type ScannerRequest,
  type ScannerSettings,
} from "./scanner-settings.ts";
import type { ScannerStore, StoredScanner } from "./scanner-store.ts";

export interface TopicScannersOptions {
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly letterBox: LetterBox;
  readonly topicName: string;
  readonly log: Log;
  readonly reader: MessageReader;
  readonly store: ScannerStore;
  /** Those that were there before. */
  readonly stored: readonly StoredScanner[];
}

export interface FoundScanner {
  readonly scanner: Scanner;
  /** It was not there before. */
  readonly isNew: boolean;
}

/** What tells one scanner from another. */
interface ScannerParts {
  readonly id: string;
  readonly from: number;
  readonly isPersistent: boolean;
  readonly settings: ScannerSettings;
  readonly position: ScannerPosition;
  readonly leased?: LeasedPosition;
}

export class TopicScanners {
  readonly #options: TopicScannersOptions;
  readonly #scanners = new Map<string, Scanner>();
  /** The same by id; `undefined` after each change. */
  #sorted: readonly Scanner[] | undefined;
  /** Scanners that are being made. */
  #creatingCount = 0;
  /** Files being made and removed, by id. */
  readonly #changes = new OneByOne();
  #refusesWaits = false;
  #endedAs: ErrorCode | undefined;

  constructor(options: TopicScannersOptions) {
    this.#options = options;
    for (const stored of options.stored) this.#addStored(stored);
  }

  /** Those that cannot be used because of a damaged file count as well. */
  get count(): number {
    return this.#scanners.size + this.#options.store.failedCount;
  }

  /** By id. A change of the scanners makes another array. */
  all(): readonly Scanner[] {
    this.#sorted ??= [...this.#scanners.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    return this.#sorted;
  }

  /**
   * The scanner of the name that is asked for, or a new one that begins with the message `from`. One to persist is on
   * the disk when it resolves.
   *
   * @throws scanner_exists, bad_request, invalid_offset (negative), offset_not_found (beyond the next message, or
   *   dropped: with firstOffset), too_many_requests (there are as many as may be), storage_full, topic_unavailable;
   *   sync_failed: it is not there, but may be after a restart.
   */
  async findOrCreate(request: ScannerRequest, from: number): Promise<FoundScanner> {
    this.#throwIfEnded();
    if (request.id === undefined) {
      const id = this.#options.runtime.randomId();
      return { scanner: await this.#create(id, request, from), isNew: true };
    }
    const { id } = request;
    return await this.#changes.run(id, async () => {
      this.#throwIfEnded();
      if (!this.#scanners.has(id) && !this.#options.store.isFailed(id)) {
        return { scanner: await this.#create(id, request, from), isNew: true };
      }
      const scanner = this.require(id);
      const conflict = conflictOf(request, scanner.isPersistent, scanner.settings);
      if (conflict === undefined) {
        scanner.use();
        return { scanner, isNew: false };
      }
      const reason = `${conflict} is not what the scanner of this id was created with; leave it out, or take another id`;
      throw new NetlogError("scanner_exists", { reason });
    });
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

  /** Ends its scans with scanner_not_found. @throws scanner_not_found; sync_failed: after a restart it may be there again. */
  async delete(id: string): Promise<void> {
    this.#throwIfEnded();
    const { store } = this.#options;
    const scanner = this.#scanners.get(id);
    const isFailed = store.isFailed(id);
    if (scanner === undefined && !isFailed) throw new NetlogError("scanner_not_found");
    if (scanner === undefined) await this.#changes.run(id, () => store.delete(id));
    else await this.#drop(scanner);
  }

  /** Drops those that were not used for too long; `passedMs` since the last call. */
  async dropIdle(passedMs: number): Promise<void> {
    const { logger, topicName } = this.#options;
    for (const scanner of [...this.#scanners.values()]) {
      const { expireMs } = scanner.settings;
      const idleMs = scanner.addIdleMs(passedMs);
      if (expireMs === undefined || idleMs < expireMs || !this.#scanners.has(scanner.id)) continue;
      logger.info({ topic: topicName, scanner: scanner.id }, "dropped a scanner that nobody uses");
      await this.#drop(scanner);
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
    await Promise.all(Array.from(this.#scanners.values(), (scanner) => scanner.end(code)));
    await this.#changes.ended();
  }

  async #create(id: string, request: ScannerRequest, from: number): Promise<Scanner> {
    const { limits, store, log } = this.#options;
    const isPersistent = request.persist === true || request.ack === "explicit";
    const settings = resolveScannerSettings(request, isPersistent, limits);
    requireReadable(log, from, { negative: "invalid_offset" });
    this.#requireRoom();
    if (!isPersistent) {
      const position = new PlainPosition(log, from, undefined);
      return this.#add({ id, from, isPersistent, settings, position });
    }
    const { work } = settings;
    this.#creatingCount += 1;
    let stored: StoredScanner;
    try {
      stored =
        work === undefined
          ? await store.create(id, from, settings)
          : await store.createWork(id, from, work, settings);
    } finally {
      this.#creatingCount -= 1;
    }
    this.#throwIfEnded();
    return this.#addStored(stored);
  }

  #addStored(stored: StoredScanner): Scanner {
    const { log, reader, topicName, runtime, logger, limits, letterBox } = this.#options;
    const { id, from, expireMs, keys } = stored;
    if (stored.kind === "position") {
      const position = new PlainPosition(log, stored.next, stored.store);
      return this.#add({
        id,
        from,
        isPersistent: true,
        settings: { work: undefined, expireMs, keys },
        position,
      });
    }
    const { settings: work, table, journal } = stored;
    const cursor = reader.openCursor();
    const surroundings = { log, cursor, letterBox, runtime, logger, limits };
    const names = { topicName, scannerId: id };
    const leased = new LeasedPosition({ ...names, settings: work, table, journal, ...surroundings });
    return this.#add({
      id,
      from,
      isPersistent: true,
      settings: { work, expireMs, keys },
      position: leased,
      leased,
    });
  }

  #add(parts: ScannerParts): Scanner {
    const { log, reader, runtime, limits } = this.#options;
    const scanner = new Scanner({ ...parts, log, cursor: reader.openCursor(), runtime, limits });
    if (this.#refusesWaits) scanner.refuseWaits();
    this.#scanners.set(scanner.id, scanner);
    this.#sorted = undefined;
    return scanner;
  }

  /** Its name is free once its file is gone. */
  async #drop(scanner: Scanner): Promise<void> {
    const { id } = scanner;
    this.#scanners.delete(id);
    this.#sorted = undefined;
    const ended = scanner.end("scanner_not_found");
    if (!scanner.isPersistent) return;
    await this.#changes.run(id, async () => {
      await ended;
      await this.#options.store.delete(id);
    });
  }

  #requireRoom(): void {
    const { scanners } = this.#options.limits;
    if (this.count + this.#creatingCount < scanners) return;
    const reason = `the topic has ${scanners} scanners, and no more are allowed (max_scanners)`;
    throw new NetlogError("too_many_requests", { reason });
  }

  #throwIfEnded(): void {
    if (this.#endedAs !== undefined) throw new NetlogError(this.#endedAs);
  }
}
