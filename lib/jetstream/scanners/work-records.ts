/**
 * What happens to the messages of a scanner with acknowledgements, in its file of a stream (kept-files.ts): the bytes of a
 * journal (lib/scanner/lease-file.ts), first its whole state, then a block for all records that came while the block before
 * was on its way. A change is done once its block is kept. After a block that was refused, or whose outcome is not known,
 * nothing more is added: the whole state is written anew, and until that is done nothing counts as kept.
 */
import type { NetlogError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Runtime, Timer } from "../../base/runtime.ts";
import {
  decodeLeaseFile,
  encodeLeases,
  encodeRecords,
  type LeaseFile,
  type LeaseState,
} from "../../scanner/lease-file.ts";
import type { RecordKind } from "../../scanner/pending-table.ts";
import type { LeaseRecord, WorkChange, WorkJournal } from "../../scanner/scanner-store.ts";
import type { Limits } from "../nats/limits.ts";
import type { KeptFile, KeptStore } from "./kept-files.ts";

/** More than a record takes in a block. */
const RECORD_BYTES = 16;

export interface WorkRecordsOptions {
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly store: KeptStore;
  readonly subject: string;
  readonly state: LeaseState;
}

/** How far the file is. */
export interface JournalEnd {
  readonly sequence: number;
  readonly endPosition: number;
}

interface Waiter {
  readonly change: WorkChange | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** `undefined`: it is damaged. */
export function decodeJournal({ whole, more }: KeptFile): LeaseFile | undefined {
  const bytes = Buffer.concat([whole, ...more]);
  const file = decodeLeaseFile(bytes);
  return file?.endPosition === bytes.length ? file : undefined;
}

export class WorkRecords implements WorkJournal {
  readonly #options: WorkRecordsOptions;
  #sequence: number;
  #position: number;
  /** Size of the state that the file begins with. */
  #stateBytes: number;
  #records: LeaseRecord[] = [];
  /** They wait for what was added before they came. */
  #waiters: Waiter[] = [];
  #isScheduled = false;
  /** Nobody knows what the file has. */
  #isStale = false;
  #writing: Promise<void> | undefined;
  #retry: Timer | undefined;
  #isClosed = false;

  /** All of the state is kept, and ends there. */
  constructor(options: WorkRecordsOptions, { sequence, endPosition }: JournalEnd) {
    this.#options = options;
    this.#sequence = sequence;
    this.#position = endPosition;
    this.#stateBytes = endPosition;
  }

  add(kind: RecordKind, offset: number): void {
    if (this.#isClosed) return;
    this.#records.push({ kind, offset });
    this.#schedule();
  }

  /** What is kept is in all copies: `written` and `synced` are the same here. */
  commit(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return this.#isKept ? Promise.resolve() : this.#wait(undefined);
  }

  keep(change: WorkChange): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    if (change.records.length === 0 && this.#isKept) {
      change.kept();
      return Promise.resolve();
    }
    for (const record of change.records) this.#records.push(record);
    return this.#wait(change);
  }

  async close(): Promise<void> {
    await this.commit().catch((error: unknown) => this.#report(error));
    await this.abandon();
  }

  async abandon(): Promise<void> {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#records = [];
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
    await this.#writing;
  }

  /** All that came so far. */
  get #isKept(): boolean {
    const isQuiet = this.#records.length === 0 && this.#waiters.length === 0;
    return isQuiet && !this.#isStale && this.#writing === undefined;
  }

  #wait(change: WorkChange | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ change, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#writing !== undefined) return;
    this.#isScheduled = true;
    this.#options.runtime.endOfTurn(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#isClosed || this.#writing !== undefined) return;
    // Without anybody who waits, a store that refuses is not tried again at once.
    if (this.#isStale && this.#waiters.length === 0) this.#retryLater();
    else if (this.#records.length > 0 || this.#waiters.length > 0) this.#start();
  }

  #start(): void {
    const waiters = this.#waiters.splice(0);
    const isLong = this.#position > Math.max(this.#options.limits.leaseJournalBytes, 4 * this.#stateBytes);
    // What is too much for one message is written with the whole state, which counts whole or not at all.
    const isMuch = this.#records.length * RECORD_BYTES > this.#options.limits.engineMessageBytes;
    const isWhole = this.#isStale || isLong || isMuch;
    this.#writing = (isWhole ? this.#replace(waiters) : this.#write())
      .then(
        () => {
          for (const { change, resolve } of waiters) {
            if (!this.#isClosed) change?.kept();
            resolve();
          }
        },
        (error: NetlogError) => this.#fail(error, waiters),
      )
      .finally(() => {
        this.#writing = undefined;
        if (this.#records.length > 0 || this.#waiters.length > 0) this.#flush();
      });
  }

  async #write(): Promise<void> {
    const { store, subject } = this.#options;
    const records = this.#records.splice(0);
    if (records.length === 0) return;
    // The block says that all before it is kept, and so it is.
    const block = encodeRecords(records, this.#sequence, this.#position);
    await store.add(subject, block);
    this.#sequence += 1;
    this.#position += block.length;
  }

  async #replace(waiters: readonly Waiter[]): Promise<void> {
    const { store, subject, state } = this.#options;
    this.#records = [];
    const asked = waiters.flatMap(({ change }) => change?.records ?? []);
    const blocks = encodeLeases(state, asked);
    await store.put(subject, blocks);
    if (this.#isStale) this.#options.logger.info({ subject }, "a scanner's state is kept again");
    this.#isStale = false;
    this.#sequence = blocks.length;
    this.#position = blocks.reduce((sum, { length }) => sum + length, 0);
    this.#stateBytes = blocks[0]!.length;
  }

  /** Records of what was done are in the state that is written next. */
  #fail(error: NetlogError, waiters: readonly Waiter[]): void {
    const isTold = this.#isStale;
    this.#isStale = true;
    this.#records = [];
    for (const { change, reject } of [...waiters, ...this.#waiters.splice(0)]) {
      change?.refused();
      reject(error);
    }
    if (this.#isClosed) return;
    if (!isTold) this.#report(error);
    this.#retryLater();
  }

  #retryLater(): void {
    const { runtime, limits } = this.#options;
    this.#retry ??= runtime.setTimer(limits.scannerSyncMs, () => {
      this.#retry = undefined;
      if (this.#isStale && !this.#isClosed && this.#writing === undefined) this.#start();
    });
  }

  #report(error: unknown): void {
    const { logger, subject } = this.#options;
    logger.error({ err: error, subject }, "a scanner's state was not kept");
  }
}
