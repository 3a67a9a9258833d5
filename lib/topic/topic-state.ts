/**
 * A topic's memory of its appends, kept in step with the log over any crash. The memory takes in what is written; what is
 * kept of it never speaks of more than was synced, and an opening replays what the log has behind that. A topic that
 * never remembers anything has no memory and keeps nothing.
 *
 * It is kept before the first append that it remembers, after so many more (`stateCheckpointAppends`), when the log has
 * written its index, at each roll, at a clean stop, and before retention drops frames that it does not have.
 */
import { durationMs, parseDuration } from "../base/duration.ts";
import { NetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Log, LogFollower } from "../log/log.ts";
import type { Limits } from "./limits.ts";
import type { ProducerStamp } from "./producer-table.ts";
import type { Remembered } from "./remembered.ts";
import type { TopicSettings } from "./setting-table.ts";
import { restore, type Snapshot, snapshotOf } from "./state-codec.ts";
import { type AppendTerms, remembers, StateGuard } from "./state-guard.ts";
import { endsWithClosing, replay, stateFields } from "./state-replay.ts";
import { StateWriter } from "./state-writer.ts";
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
  readonly #writer: StateWriter;
  /** `undefined` until there is something to remember. */
  #memory: TopicMemory | undefined;
  readonly memoryNow = (): TopicMemory | undefined => this.#memory;
  /** The memory has, or without one would have, all that the log says. False only where the state is lost. */
  #isKnown: boolean;
  /**
   * Something is kept. It must be before the first append that is remembered: retention may drop that append's frame, and
   * a topic without a state has nothing to remember.
   */
  #isKept: boolean;
  /** Makes it known and kept. */
  #making: Promise<void> | undefined;
  /** The log ended here when it was opened. */
  readonly #openedAt: number;
  /** Appends that the memory took in since a snapshot was taken. */
  #notedCount = 0;
  /** A snapshot is to be taken when the next sync begins. */
  #isDue = false;
  /** Taken when a sync began that is not over. */
  #taken: Snapshot | undefined;
  #isOver = false;
  /** The setting `idempotency_window`, as it was read last: each publish with a key asks for it. */
  #window = { text: "", ms: 0 };

  private constructor(options: TopicStateOptions) {
    const { log, store } = options;
    this.#options = options;
    this.#writer = new StateWriter(options);
    this.#openedAt = log.logEndOffset;
    this.#isKnown = !store.isLost;
    this.#isKept = store.found !== undefined;
  }

  /** Before anything is appended. @throws topic_unavailable. */
  static async open(options: TopicStateOptions): Promise<TopicState> {
    const state = new TopicState(options);
    options.log.follow(state);
    await state.#open();
    return state;
  }

  /** What retention may drop: below, everything that is remembered is kept elsewhere. */
  get droppableBelow(): number {
    const { store } = this.#options;
    return this.#isKept || store.isLost ? store.keptThrough : Infinity;
  }

  /** Whether `terms` can be judged now; if not, `ready` is to be awaited. */
  isReadyFor(terms: AppendTerms): boolean {
    return !remembers(terms) || this.#isReady;
  }

  /**
   * Resolves when all terms can be judged, or the log takes no appends any more.
   *
   * @throws topic_unavailable: that takes too long; storage_full; what reading the log throws.
   */
  async ready(): Promise<void> {
    const { runtime, limits } = this.#options;
    if (this.#isReady) return;
    const making = this.#make();
    // It waits for one write, as an append does; reading all messages again takes longer than that.
    if (this.#isKnown) return await making;
    await new Promise<void>((resolve, reject) => {
      const timer = runtime.setTimer(limits.stateWaitMs, () => reject(stillMaking()));
      const settle = (finish: () => void) => () => {
        timer.cancel();
        finish();
      };
      making.then(settle(resolve), (error: unknown) => settle(() => reject(error))());
    });
  }

  /** The guard that holds an append of `count` messages to its terms, once the append is ready. */
  guard(terms: AppendTerms, count: number): StateGuard {
    const memory = remembers(terms) ? (this.#memory ?? this.#newMemory()) : undefined;
    return new StateGuard(memory, terms, count, this.#forgetKeysBeforeMs, this.#noted);
  }

  /**
   * The topic is closed from now on, by the next append of `producer`, if any; durable when it resolves. The log is synced,
   * and nothing is appended meanwhile. The second copy says it, too, before that is answered, as far as the disk lets it:
   * then either copy may be lost. @throws also as ProducerTable.requireNext does.
   */
  async keepClosed(producer?: ProducerStamp): Promise<void> {
    const { log, runtime } = this.#options;
    const end = { offset: log.syncedEndOffset, timestampMs: runtime.now() };
    await this.#writer.inTurn(async (replace) => {
      const memory = this.#memory ?? this.#newMemory();
      await replace(memory.whenClosed(producer, end, () => this.#snapshot(memory, end.offset, true)));
      memory.noteClosed(producer, end);
      this.#isKept = true;
      this.#take(memory);
    });
    this.#write();
    await this.#writer.settle();
  }

  /** For retention: keeps what it has not, as far as that is possible, in both copies. */
  async catchUp(): Promise<void> {
    const { log, store } = this.#options;
    if (!this.#isKept && !store.isLost) return;
    await this.#make();
    const { segments } = await log.describe();
    const activeStart = segments.at(-1)!.baseOffset;
    for (let copies = 0; copies < 2 && store.keptThrough < activeStart && !this.#isOver; copies++) {
      this.#isDue = true;
      await log.sync();
      if (this.#isDue && log.syncedEndOffset === log.logEndOffset) this.#write();
      await this.#writer.settle();
    }
  }

  /** When the log is closed: keeps all. */
  async close(): Promise<void> {
    const hasFailed = this.#isOver;
    await this.#end();
    if (hasFailed || !this.#isReady || this.#memory === undefined) return;
    const { syncedEndOffset, logEndOffset } = this.#options.log;
    if (syncedEndOffset !== logEndOffset) return;
    if (this.#writer.writtenThrough >= logEndOffset && this.#notedCount === 0) return;
    this.#writer.write(this.#snapshot(this.#memory, logEndOffset));
    await this.#writer.settle();
  }

  /** When the topic is deleted: nothing is written any more. */
  async abandon(): Promise<void> {
    this.#writer.drop();
    await this.#end();
  }

  /** For the log: no guard stands before such an entry, so nothing would take it into the memory. */
  refusalOf(entry: Buffer): string | undefined {
    if (stateFields(entry) === undefined) return undefined;
    return "a key, a producer or another field that the topic would have to remember; frames of other logs bring none";
  }

  /** For the log. */
  syncBegins(): void {
    if (!this.#isDue || !this.#isReady || this.#writer.isBusy) return;
    this.#taken = this.#snapshot(this.#memory!, this.#options.log.logEndOffset);
  }

  /** For the log. */
  syncEnded(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    const { log } = this.#options;
    if (taken === undefined || this.#isOver || taken.through > log.syncedEndOffset) return;
    this.#writer.write(taken);
    log.writeIndex();
  }

  /** For the log. */
  rolled(): void {
    this.#write();
  }

  /** For the log. */
  checkpointed(): void {
    this.#isDue = true;
  }

  /** For the log. */
  failed(): void {
    this.#isOver = true;
    this.#taken = undefined;
  }

  get #isReady(): boolean {
    return this.#isKnown && this.#isKept;
  }

  readonly #forgetKeysBeforeMs = (): number => {
    const { runtime, settings } = this.#options;
    const { idempotency_window: text } = settings;
    if (text !== this.#window.text) this.#window = { text, ms: durationMs(parseDuration(text)) };
    return runtime.now() - this.#window.ms;
  };

  readonly #noted = (): void => {
    this.#notedCount += 1;
    if (this.#notedCount % this.#options.limits.stateCheckpointAppends !== 0) return;
    this.#isDue = true;
    // A topic that syncs seldom would have as much to replay as is appended meanwhile.
    this.#options.log.sync().catch(() => {});
  };

  async #open(): Promise<void> {
    const { log, logger, store, topicName } = this.#options;
    if (store.isLost) {
      logger.error({ topic: topicName }, "the topic's state is lost, and made again from its messages");
    }
    const memory = await this.#restore();
    if (memory !== undefined && this.#isKnown) {
      const { writtenThrough } = this.#writer;
      this.#notedCount = await replay(memory, writtenThrough, this.#openedAt, this.#replayOptions());
      this.#isDue = this.#notedCount >= this.#options.limits.stateCheckpointAppends;
    }
    if (memory !== undefined) this.#take(memory);
    if (this.#isKnown) return;
    const hasOwn = log.logEndOffset > store.startsAt;
    if (!log.isClosing && hasOwn && (await endsWithClosing(log))) log.wasClosedForGood();
    this.#make().catch(() => {});
  }

  #newMemory(): TopicMemory {
    const { limits, remembered } = this.#options;
    return new TopicMemory(limits, remembered);
  }

  /** It is the topic's memory from now on. */
  #take(memory: TopicMemory): void {
    const { log, remembered } = this.#options;
    if (memory.isClosed && !log.isClosing) log.wasClosedForGood();
    if (this.#memory === memory) return;
    if (this.#memory !== undefined) remembered.leave(this.#memory);
    this.#memory = memory;
    remembered.join(memory);
  }

  /** What the newest state that was kept has. @throws topic_unavailable: it is of a later version; what the disk throws. */
  async #restore(): Promise<TopicMemory | undefined> {
    const kept = this.#options.store.found;
    if (kept === undefined) return undefined;
    const memory = this.#newMemory();
    const forgetBeforeMs = this.#forgetKeysBeforeMs();
    this.#isKnown = (await kept.read((bytes) => restore(memory, bytes, forgetBeforeMs))).isKnown;
    this.#writer.writtenThrough = kept.through;
    return memory;
  }

  #make(): Promise<void> {
    if (this.#isReady) return Promise.resolve();
    this.#making ??= this.#makeReady().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  /** Until it is ready, no append that is remembered is written. */
  async #makeReady(): Promise<void> {
    const { log } = this.#options;
    const made = this.#isKnown ? undefined : await this.#makeMemory();
    await this.#writer.inTurn(async (replace) => {
      if (this.#isOver) return;
      if (made !== undefined) {
        made.isClosed ||= this.#memory?.isClosed === true;
        this.#isKnown = true;
        this.#take(made);
      }
      const memory = this.#memory ?? this.#newMemory();
      await replace(this.#snapshot(memory, log.syncedEndOffset));
      this.#isKept = true;
      this.#take(memory);
    });
  }

  /** From all messages that are there. */
  async #makeMemory(): Promise<TopicMemory> {
    const { logger, store, topicName } = this.#options;
    logger.info({ topic: topicName }, "making the topic's state from its messages");
    const memory = this.#newMemory();
    await replay(memory, store.startsAt, this.#openedAt, this.#replayOptions());
    logger.info({ topic: topicName, remembered: memory.size }, "the topic's state is made");
    return memory;
  }

  #replayOptions(): Parameters<typeof replay>[3] {
    const { log, runtime, logger } = this.#options;
    return { log, runtime, logger, forgetKeysBeforeMs: this.#forgetKeysBeforeMs() };
  }

  /** The memory has taken in everything below `through`, and nothing beyond. */
  #snapshot(memory: TopicMemory, through: number, isClosed: boolean = memory.isClosed): Snapshot {
    this.#isDue = false;
    this.#notedCount = 0;
    this.#taken = undefined;
    return snapshotOf(memory, through, this.#isKnown, isClosed);
  }

  /** Keeps the memory in the background. All that was written is synced. */
  #write(): void {
    if (this.#isOver || !this.#isKept) return;
    this.#writer.write(this.#snapshot(this.#memory!, this.#options.log.logEndOffset));
  }

  async #end(): Promise<void> {
    this.#isOver = true;
    await this.#making?.catch(() => {});
    await this.#writer.settle();
    if (this.#memory !== undefined) this.#options.remembered.leave(this.#memory);
  }
}

function stillMaking(): NetlogError {
  return new NetlogError("topic_unavailable", {
    reason: "the topic's keys and producers are being read from its messages; try again in some seconds",
  });
}
