/**
 * The messages that a scanner with acknowledgements has given out: who holds them, when they are due again, and when
 * they become dead letters. One timer watches over all leases. What happens goes to the table and the journal; what a
 * request asks for goes to the journal first, and happens once it is kept.
 */
import assert from "node:assert";
import { type ErrorCode, NetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime, Timer } from "../base/runtime.ts";
import type { Log } from "../log/log.ts";
import type { MessageCursor } from "../reading/message-reader.ts";
import { DeadLetters, type Fate, type LetterBox } from "./dead-letters.ts";
import { Leases } from "./leases.ts";
import type { Limits } from "./limits.ts";
import type { Pending, PendingTable, RecordKind } from "./pending-table.ts";
import { toMs, type WorkSettings } from "./scanner-settings.ts";
import type { LeaseRecord, WorkJournal } from "./scanner-store.ts";

export interface LeasedMessagesOptions {
  readonly topicName: string;
  readonly scannerId: string;
  readonly settings: WorkSettings;
  readonly table: PendingTable;
  readonly journal: WorkJournal;
  readonly log: Log;
  /** For dead letters. */
  readonly cursor: MessageCursor;
  readonly letterBox: LetterBox;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
}

export class LeasedMessages {
  readonly table: PendingTable;
  readonly leases: Leases;
  readonly journal: WorkJournal;
  readonly deadLetters: DeadLetters;
  readonly ackWaitMs: number;
  /** Dropped unseen, and not told yet. */
  skipped = 0;
  readonly #runtime: Runtime;
  readonly #maxDeliver: number;
  #serve: () => void = () => {};
  #timer: Timer | undefined;
  #timerMs = 0;
  /** The table is here, and the journal is to say so before it says anything else. */
  #passedTo: number | undefined;
  /** Seeks that are not kept yet. What is done meanwhile is not for the journal, which has them behind those seeks. */
  #seekCount = 0;
  #endedAs: ErrorCode | undefined;

  /** The table is as the journal tells it. */
  constructor(options: LeasedMessagesOptions) {
    const { runtime, table, journal, settings } = options;
    this.#runtime = runtime;
    this.table = table;
    this.journal = journal;
    this.leases = new Leases(runtime.randomId().replaceAll("-", ""));
    this.ackWaitMs = toMs(settings.ack_wait);
    this.#maxDeliver = settings.max_deliver;
    this.deadLetters = new DeadLetters({
      ...options,
      deadLetter: settings.dead_letter,
      makesTopic: settings.makes_dead_letter !== false,
      isDying: (pending) =>
        pending.state === "dying" && !pending.isHeld && table.pending.get(pending.offset) === pending,
      decide: (pending, fate, retryMs) => this.#decide(pending, fate, retryMs),
    });
  }

  get endedAs(): ErrorCode | undefined {
    return this.#endedAs;
  }

  throwIfEnded(): void {
    if (this.#endedAs !== undefined) throw new NetlogError(this.#endedAs);
  }

  /** Everything that is pending is due. Calls `serve` whenever there may be more to give. */
  start(serve: () => void): void {
    this.#serve = serve;
    const nowMs = this.#runtime.elapsedMs();
    for (const pending of this.table.pending.values()) {
      pending.sinceMs = nowMs;
      this.giveBack(pending);
    }
  }

  /** There may be more to give. */
  serve(): void {
    this.#serve();
  }

  isExhausted({ deliveries, isCondemned }: Pending): boolean {
    return isCondemned || (this.#maxDeliver > 0 && deliveries >= this.#maxDeliver);
  }

  /** Due for the next scan, or for the dead letter. */
  giveBack(pending: Pending): void {
    if (!this.isExhausted(pending)) {
      this.leases.makeDue(pending);
      return;
    }
    this.leases.kill(pending);
    this.deadLetters.add(pending);
  }

  remove(pending: Pending, kind: RecordKind): void {
    this.leases.leave(pending);
    this.record(kind, pending.offset);
  }

  /** It was done. */
  record(kind: RecordKind, offset: number): void {
    this.keepPassed();
    this.apply(kind, offset);
    this.#note(kind, offset);
  }

  /** The journal has it. */
  apply(kind: RecordKind, offset: number): void {
    assert(this.table.apply(kind, offset), `${kind} ${offset} contradicts the state of the scanner`);
  }

  /**
   * Keeps what was asked for, and does it then. `held` are the messages that it is about: if it is refused they are as
   * they were. Resolves, and throws, as WorkJournal.keep does; `kept` is called before that.
   */
  async keep(records: readonly LeaseRecord[], held: readonly Pending[], kept: () => void): Promise<void> {
    const changed = (): void => {
      this.arm();
      this.#serve();
    };
    for (const pending of held) this.leases.hold(pending);
    this.keepPassed();
    await this.journal.keep({
      records,
      kept: () => {
        kept();
        changed();
      },
      refused: () => {
        for (const pending of held) this.letGo(pending);
        changed();
      },
    });
  }

  /** As it was before it was held. */
  letGo(pending: Pending): void {
    if (pending.state === "dying") this.giveBack(pending);
    else this.leases.letGo(pending);
  }

  get isSeeking(): boolean {
    return this.#seekCount > 0;
  }

  /** Goes to `offset`, once that is kept; `moved` is called then. Throws as WorkJournal.keep does: nothing has moved. */
  async seek(offset: number, moved: () => void): Promise<void> {
    this.keepPassed();
    this.#seekCount += 1;
    await this.journal.keep({
      records: [{ kind: "seek", offset }],
      kept: () => {
        this.#seekCount -= 1;
        this.#passedTo = undefined;
        this.skipped = 0;
        this.apply("seek", offset);
        moved();
      },
      refused: () => {
        this.#seekCount -= 1;
      },
    });
  }

  /** Resolves when all that was asked for is kept or refused. */
  async changed(): Promise<void> {
    await this.journal.commit().catch(() => {});
  }

  /** Passes over new messages; the journal has it with `keepPassed`. */
  passOver(nextOffset: number): void {
    assert(this.table.apply("passTo", nextOffset), `passing over to ${nextOffset} goes back`);
    this.#passedTo = nextOffset;
  }

  keepPassed(): void {
    if (this.#passedTo !== undefined) this.#note("passTo", this.#passedTo);
    this.#passedTo = undefined;
  }

  #note(kind: RecordKind, offset: number): void {
    if (this.#seekCount === 0) this.journal.add(kind, offset);
  }

  /** Sets the timer for what is due next; to be called after each change that may bring that forward. */
  arm(): void {
    const { nextTimeMs } = this.leases;
    if (nextTimeMs === undefined || this.#endedAs !== undefined) return;
    if (this.#timer !== undefined && this.#timerMs <= nextTimeMs) return;
    this.#timer?.cancel();
    this.#timerMs = nextTimeMs;
    const delayMs = Math.max(0, Math.ceil(nextTimeMs - this.#runtime.elapsedMs()));
    this.#timer = this.#runtime.setTimer(delayMs, () => this.#expire());
  }

  async end(code: ErrorCode): Promise<void> {
    this.#endedAs ??= code;
    this.#timer?.cancel();
    const lettersEnded = this.deadLetters.end();
    if (this.#endedAs !== "shutting_down") {
      // A letter on its way may wait for the very change that ends this scanner.
      await this.journal.abandon();
      return;
    }
    await lettersEnded;
    await this.journal.close();
  }

  #decide(pending: Pending, fate: Fate, retryMs: number): void {
    if (this.#endedAs !== undefined && fate !== "buried") return;
    if (fate === "retry") {
      this.leases.delay(pending, "dying", this.#runtime.elapsedMs() + retryMs);
      this.arm();
      return;
    }
    if (fate === "gone") this.skipped += 1;
    this.remove(pending, fate === "buried" ? "bury" : fate === "gone" ? "skip" : "settle");
    this.#serve();
  }

  #expire(): void {
    this.#timer = undefined;
    for (const pending of this.leases.takeTimely(this.#runtime.elapsedMs())) this.giveBack(pending);
    this.arm();
    this.#serve();
  }
}
