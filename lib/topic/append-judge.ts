/** What a topic's memory says of an append before it is published, and of a producer: for doors that tell more than publish does. */
import type { Log } from "../log/log.ts";
import type { Limits } from "./limits.ts";
import type { ProducerStamp } from "./producer-table.ts";
import type { AppendTerms } from "./state-guard.ts";
import { requireTerms } from "./terms-publisher.ts";
import type { TopicState } from "./topic-state.ts";

export class AppendJudge {
  readonly #state: TopicState;
  readonly #log: Log;

  readonly #limits: Limits;

  constructor(state: TopicState, log: Log, limits: Limits) {
    this.#state = state;
    this.#log = log;
    this.#limits = limits;
  }

  /** @throws bad_request: no topic takes such terms, whatever it remembers. */
  requireSound(terms: AppendTerms): void {
    requireTerms(terms, this.#limits);
  }

  /**
   * Whether an append on these terms takes its place among the others when it is published. Else the topic's state is to be
   * written or read first, and what is published meanwhile comes before it.
   */
  isReadyFor(terms: AppendTerms): boolean {
    return this.#state.isReadyFor(terms);
  }

  /** Resolves when it is ready for the terms. @throws bad_request; topic_unavailable: the memory is being made. */
  async whenReady(terms: AppendTerms): Promise<void> {
    this.requireSound(terms);
    if (!this.#state.isReadyFor(terms)) await this.#state.ready();
  }

  /**
   * Whether an append of one message on these terms is a duplicate.
   *
   * @throws what publish would throw on their account; as whenReady does.
   */
  async isDuplicate(terms: AppendTerms): Promise<boolean> {
    await this.whenReady(terms);
    const guard = this.#state.guard(terms, 1);
    if (guard.original() !== undefined) return true;
    guard.require(this.#log.logEndOffset);
    return false;
  }

  /** The topic is closed, and this is the number with which its producer closed it. */
  hasClosed(producer: ProducerStamp): boolean {
    const memory = this.#state.memoryNow();
    if (memory?.isClosed !== true || memory.producers.lastSeq(producer.id) !== producer.seq) return false;
    return memory.producers.find(producer)?.endOffset === this.#log.logEndOffset;
  }

  /** The last number of a producer, where it is remembered. */
  lastSeqOf(producerId: string): number | undefined {
    return this.#state.memoryNow()?.producers.lastSeq(producerId);
  }
}
