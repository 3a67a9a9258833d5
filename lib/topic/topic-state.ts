/**
 * A topic's memory of its appends, kept in step with the log over any crash. The memory takes in what is written; what is
 * kept of it never speaks of more than was synced, and an opening replays what the log has behind that. A topic that
 * never remembers anything has no memory and keeps nothing.
 *
 * It is kept after the first append that it remembers, after so many more (`stateCheckpointAppends`), at each roll, at a
 * clean stop, and before retention drops frames that it does not have.
 */
import { durationMs, parseDuration } from "../base/duration.ts";
import { NetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import { WorkMeter } from "../base/work-meter.ts";
import type { Log, LogFollower } from "../log/log.ts";
import type { Limits } from "./limits.ts";
import type { Remembered } from "./remembered.ts";
import type { TopicSettings } from "./setting-table.ts";
import { restore, type Snapshot, snapshotOf } from "./state-codec.ts";
import { type AppendTerms, StateGuard } from "./state-guard.ts";
import { endsWithClosing, replay, stateFields } from "./state-replay.ts";
import type { StateStore } from "./storage.ts";
import { TopicMemory } from "./topic-memory.ts";

export interface TopicStateOptions {
  readonly topicName: string;
  readonly log: Log;
  readonly store: StateStore;
  /** Those in force, whenever they are looked at. */
  readonly settings: TopicSettings;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly remembered: Remembered;
}

export class TopicState implements LogFollower {
  readonly #options: TopicStateOptions;
  /** `undefined` until there is something to remember. */
  #memory: TopicMemory | undefined;
  /** The memory has, or without one would have, all that the log says. */
  #isKnown = false;
  /**
   * Something is kept. It must be before the first append that is remembered: retention may drop that append's frame, and
   * without a state nobody would know that there was one.
   */
  #isKept = false;
  /** Making the memory from all that is kept. */
  #making: Promise<void> | undefined;
  /** The log ended here when it was opened. */
  readonly #openedAt: number;
  #syncedEndOffset: number;
  /** Appends that the memory took in since it was taken down. */
  #notedCount = 0;
  #isDue = false;
  /** Taken when a sync began that is not over. */
  #taken: NumberedSnapshot | undefined;
  /** What is being written, and what comes then. */
  #writing: Promise<void> | undefined;
  #next: NumberedSnapshot | undefined;
  /** Writes, each one after the other. */
  #replacing: Promise<void> = Promise.resolve();
  /** Snapshots are numbered as they are taken; of those that were written, the last one's number and end. */
  #snapshotCount = 0;
  #writtenNumber = 0;
  #writtenThrough = 0;
  #isOver = false;

  private constructor(options: TopicStateOptions) {
    this.#options = options;
    this.#openedAt = options.log.logEndOffset;
    this.#syncedEndOffset = this.#openedAt;
  }

  /** Before anything is appended. @throws topic_unavailable. */
  static async open(options: TopicStateOptions): Promise<TopicState> {
    const state = new TopicState(options);
    const { log, store } = options;
    log.follow(state);
    if (!state.#restore() && store.isLost) {
      options.logger.error(
        { topic: options.topicName },
        "the topic's state is lost, and made again from its messages",
      );
    }
    const memory = state.#memory;
    if (memory !== undefined && state.#isKnown) {
      await replay(memory, state.#writtenThrough, state.#openedAt, state.#replayOptions());
    } else if (memory?.isClosed !== true && (await endsWithClosing(log))) {
      state.#remember().isClosed = true;
    }
    if (state.#memory !== undefined) state.#begin(state.#memory);
    if (log.logEndOffset === 0) state.#isKnown = true;
    state.#isKept = store.found.length > 0;
    if (store.isLost) state.#make().catch(() => {});
    return state;
  }

  /** What retention may drop: below, everything that is remembered is kept elsewhere. */
  get droppableBelow(): number {
    return this.#memory === undefined ? Infinity : this.#options.store.keptThrough;
  }

  /** Whether `terms` can be judged now; if not, `ready` is to be awaited. */
  isReadyFor({ idempotency, producer, streamSequence }: AppendTerms): boolean {
    if (idempotency === undefined && producer === undefined && streamSequence === undefined) return true;
    return this.#isKnown && this.#isKept;
  }

  /**
   * Resolves when all terms can be judged.
   *
   * @throws topic_unavailable: that takes too long; storage_full; what reading the log throws.
   */
  async ready(): Promise<void> {
    const { runtime, limits } = this.#options;
    const making = this.#make();
    if (this.#isKnown && this.#isKept) return;
    await new Promise<void>((resolve, reject) => {
      const timer = runtime.setTimer(limits.stateWaitMs, () => reject(stillMaking()));
      const settle = (finish: () => void) => () => {
        timer.cancel();
        finish();
      };
      making.then(settle(resolve), (error: unknown) => settle(() => reject(error))());
    });
  }

  /** Of an append of `count` messages, when it is ready for the terms. */
  guard(terms: AppendTerms, count: number): StateGuard {
    const { idempotency, producer, streamSequence, closes } = terms;
    const remembers =
      idempotency !== undefined || producer !== undefined || streamSequence !== undefined || closes === true;
    if (remembers) this.#remember();
    const memoryNow = () => (remembers ? this.#memory : undefined);
    return new StateGuard(memoryNow, terms, count, this.#forgetKeysBeforeMs, this.#noted);
  }

  /** The topic is closed from now on; durable when it resolves. The log is synced, and nothing is appended meanwhile. */
  async keepClosed(): Promise<void> {
    const snapshot = this.#snapshot(this.#remember(), undefined, true);
    await this.#inTurn(async () => {
      await this.#replace(snapshot);
      this.#memory!.isClosed = true;
    });
    // The other copy says it, too.
    this.#write(this.#snapshot(this.#memory!));
  }

  /** For retention: keeps what it has not, as far as that is possible, in both copies. */
  async catchUp(): Promise<void> {
    if (this.#memory === undefined) return;
    await this.#make();
    const { log, store } = this.#options;
    const { segments } = await log.describe();
    const activeStart = segments.at(-1)!.baseOffset;
    for (let copies = 0; copies < 2 && store.keptThrough < activeStart && !this.#isOver; copies++) {
      this.#isDue = true;
      await log.sync();
      if (this.#isDue && this.#syncedEndOffset === log.logEndOffset)
        this.#write(this.#snapshot(this.#memory));
      await this.#writing;
    }
  }

  /** When the log is closed: keeps all. */
  async close(): Promise<void> {
    const hasFailed = this.#isOver;
    this.#isOver = true;
    await this.#writing;
    await this.#replacing;
    const memory = this.#memory;
    const end = this.#options.log.logEndOffset;
    if (memory === undefined) return;
    this.#options.remembered.leave(memory);
    if (hasFailed || !this.#isKnown || this.#syncedEndOffset !== end) return;
    if (this.#writtenThrough >= end && this.#notedCount === 0) return;
    this.#write(this.#snapshot(memory), true);
    await this.#writing;
  }

  /** When the topic is deleted: nothing is written any more. */
  async abandon(): Promise<void> {
    this.#isOver = true;
    this.#next = undefined;
    if (this.#memory !== undefined) this.#options.remembered.leave(this.#memory);
    await this.#writing;
    await this.#replacing;
  }

  /** For the log: no guard stands before such an entry, so nothing would take it into the memory. */
  refusalOf(entry: Buffer): string | undefined {
    if (stateFields(entry) === undefined) return undefined;
    return "a key, a producer or another field that the topic would have to remember; frames of other logs bring none";
  }

  /** For the log. */
  syncBegins(): void {
    const memory = this.#memory;
    if (!this.#isDue || memory === undefined || !this.#isKnown || this.#writing !== undefined) return;
    this.#taken = this.#snapshot(memory);
  }

  /** For the log. */
  syncEnded(syncedEndOffset: number): void {
    this.#syncedEndOffset = syncedEndOffset;
    const taken = this.#taken;
    this.#taken = undefined;
    if (taken !== undefined && taken.through <= syncedEndOffset) this.#write(taken);
  }

  /** For the log. */
  rolled(endOffset: number): void {
    this.#syncedEndOffset = endOffset;
    if (this.#memory !== undefined && this.#isKnown) this.#write(this.#snapshot(this.#memory));
  }

  /** For the log. */
  failed(): void {
    this.#isOver = true;
    this.#taken = undefined;
  }

  readonly #forgetKeysBeforeMs = (): number => {
    const { settings, runtime } = this.#options;
    return runtime.now() - durationMs(parseDuration(settings.idempotency_window));
  };

  readonly #noted = (): void => {
    this.#notedCount += 1;
    if (this.#notedCount >= this.#options.limits.stateCheckpointAppends) this.#isDue = true;
  };

  #remember(): TopicMemory {
    if (this.#memory === undefined) {
      this.#memory = new TopicMemory(this.#options.limits, this.#options.remembered);
      this.#begin(this.#memory);
    }
    return this.#memory;
  }

  #begin(memory: TopicMemory): void {
    const { log, remembered } = this.#options;
    remembered.join(memory);
    if (memory.isClosed && !log.isClosing) log.wasClosedForGood();
  }

  /** Takes the newest state that was kept; false when there is none. */
  #restore(): boolean {
    const { limits, remembered, store } = this.#options;
    for (const { through, bytes } of store.found) {
      const memory = new TopicMemory(limits, remembered);
      const restored = restore(memory, bytes);
      if (restored === undefined) continue;
      this.#memory = memory;
      this.#isKnown = restored.isKnown;
      this.#writtenThrough = through;
      return true;
    }
    return false;
  }

  /** Makes it known and kept. */
  #make(): Promise<void> {
    if (this.#isKnown && this.#isKept) return Promise.resolve();
    this.#making ??= this.#makeMemory().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  /** From all that is kept: while it is not known, no append that is remembered is written, but the end of the topic. */
  async #makeMemory(): Promise<void> {
    const { log, logger, topicName, limits, remembered } = this.#options;
    if (!this.#isKnown) {
      logger.info({ topic: topicName }, "making the topic's state from its messages");
      const memory = new TopicMemory(limits, remembered);
      await replay(memory, 0, this.#openedAt, this.#replayOptions());
      memory.isClosed ||= this.#memory?.isClosed === true;
      if (this.#memory !== undefined) remembered.leave(this.#memory);
      this.#memory = memory;
      this.#isKnown = true;
      this.#begin(memory);
      logger.info({ topic: topicName, remembered: memory.size }, "the topic's state is made");
    }
    const memory = this.#remember();
    // An end that came meanwhile is on the disk, too.
    if (memory.isClosed) await log.sync();
    // Taken in its turn: the topic may be closed meanwhile.
    await this.#inTurn(() => this.#replace(this.#snapshot(memory, this.#openedAt)));
  }

  #replayOptions(): Parameters<typeof replay>[3] {
    const { log, runtime, logger } = this.#options;
    return { log, runtime, logger, forgetKeysBeforeMs: this.#forgetKeysBeforeMs() };
  }

  /** The memory has taken in everything below `through`, and nothing beyond. */
  #snapshot(
    memory: TopicMemory,
    through: number = this.#options.log.logEndOffset,
    isClosed: boolean = memory.isClosed,
  ): NumberedSnapshot {
    this.#isDue = false;
    this.#notedCount = 0;
    this.#snapshotCount += 1;
    return { ...snapshotOf(memory, through, this.#isKnown, isClosed), number: this.#snapshotCount };
  }

  /** Writes what is on the disk through its end; of several that wait, the newest. */
  #write(snapshot: NumberedSnapshot, isLast = false): void {
    if (this.#isOver && !isLast) return;
    this.#next = snapshot;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    for (let next = this.#next; next !== undefined; next = this.#next) {
      const snapshot = next;
      this.#next = undefined;
      try {
        await this.#inTurn(() => this.#replace(snapshot));
      } catch (error) {
        const { logger, topicName } = this.#options;
        logger.warn({ err: error, topic: topicName }, "the topic's state could not be written");
      }
    }
  }

  /** Writes go one after the other. */
  #inTurn(write: () => Promise<void>): Promise<void> {
    const written = this.#replacing.then(write);
    this.#replacing = written.catch(() => {});
    return written;
  }

  /** Durable when it resolves; a snapshot that was taken later and is written already takes its place. */
  async #replace({ through, pieces, number }: NumberedSnapshot): Promise<void> {
    if (number < this.#writtenNumber) return;
    const bytes: Buffer[] = [];
    const meter = new WorkMeter();
    for (const piece of pieces()) {
      bytes.push(piece);
      if (meter.isDue(piece.length)) await this.#options.runtime.pause();
    }
    await this.#options.store.replace({ through, pieces: bytes });
    this.#writtenNumber = number;
    this.#writtenThrough = through;
    this.#isKept = true;
  }
}

interface NumberedSnapshot extends Snapshot {
  readonly number: number;
}

function stillMaking(): NetlogError {
  return new NetlogError("topic_unavailable", {
    reason: "the topic's keys and producers are being read from its messages; try again in some seconds",
  });
}
