/**
 * The position of a persistent scanner without acknowledgements, in its file of a stream (kept-files.ts): first the bytes
 * of a scanner's file, with the keys that it reads by, then a slot of that file for each position (lib/scanner/scanner-file.ts).
 * Positions of a short time share a record, and at worst a scanner repeats those messages.
 */
import type { Logger } from "../../base/logger.ts";
import type { Runtime, Timer } from "../../base/runtime.ts";
import type { PositionStore } from "../../scanner/plain-position.ts";
import {
  decodeScannerFile,
  encodeScannerFile,
  encodeSlot,
  keysChecksum,
  type ScannerState,
} from "../../scanner/scanner-file.ts";
import type { JetstreamCaps } from "../nats/limits.ts";
import type { KeptFile, KeptStore } from "./kept-files.ts";

export interface PositionRecordsOptions {
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: JetstreamCaps;
  readonly store: KeptStore;
  readonly subject: string;
}

/** The whole file. Its number is always the first, so that each position takes the place of the one before. */
export function encodePosition(state: Omit<ScannerState, "sequence">): Buffer {
  return encodeScannerFile({ ...state, sequence: 0 });
}

/** `undefined`: it is damaged. */
export function decodePosition({ whole, more }: KeptFile): ScannerState | undefined {
  const newest = more.at(-1);
  if (newest === undefined) return decodeScannerFile(whole);
  const bytes = Buffer.from(whole);
  if (newest.length > bytes.length) return undefined;
  bytes.set(newest);
  return decodeScannerFile(bytes);
}

export class PositionRecords implements PositionStore {
  readonly #options: PositionRecordsOptions;
  readonly #keysCrc: number | undefined;
  #state: ScannerState;
  /** Positions since the file was replaced. */
  #addedCount: number;
  #isChanged = false;
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #isForgotten = false;
  /** The log has said that the position is not kept. */
  #isTroubleTold = false;

  /** `state` is kept, with so many positions behind the whole file. */
  constructor(options: PositionRecordsOptions, state: ScannerState, addedCount: number) {
    this.#options = options;
    this.#state = state;
    this.#keysCrc = keysChecksum(state);
    this.#addedCount = addedCount;
  }

  save(next: number): void {
    this.#state = { ...this.#state, next };
    this.#isChanged = true;
    const { runtime, limits } = this.#options;
    this.#timer ??= runtime.setTimer(limits.enginePositionMs, () => {
      this.#timer = undefined;
      void this.settle();
    });
  }

  async move(next: number): Promise<void> {
    this.#state = { ...this.#state, next };
    this.#isChanged = true;
    await this.flush();
  }

  async settle(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      const { logger, subject } = this.#options;
      if (this.#isForgotten || this.#isTroubleTold) return;
      this.#isTroubleTold = true;
      logger.warn({ err: error, subject }, "the position of a scanner was not kept; it may repeat messages");
    }
  }

  /** Resolves when the position is kept. @throws as KeptStore.put does; it is tried again with the next position. */
  async flush(): Promise<void> {
    while (this.#isChanged && !this.#isForgotten) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
      await this.#writing;
    }
    await this.#writing;
  }

  /** Writes nothing any more: the scanner is gone, or the topic. */
  forget(): void {
    this.#isForgotten = true;
    this.#timer?.cancel();
  }

  async #write(): Promise<void> {
    const { store, subject, limits } = this.#options;
    this.#isChanged = false;
    try {
      if (this.#addedCount < limits.enginePositions) {
        this.#addedCount += 1;
        await store.add(subject, encodeSlot(this.#state, this.#keysCrc));
      } else {
        await store.put(subject, [encodePosition(this.#state)]);
        this.#addedCount = 0;
      }
      this.#isTroubleTold = false;
    } catch (error) {
      this.#isChanged = true;
      throw error;
    }
  }
}
