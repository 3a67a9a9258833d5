/**
 * Reads a stream in order through a consumer, many messages at a time. The consumer goes when it was not used for a while:
 * nobody says when a cursor is not needed any more.
 */
import type { Timer } from "../../base/runtime.ts";
import { JetStreamError, NoAnswer } from "../nats/errors.ts";
import type { StoredMessage } from "../nats/jetstream-api.ts";
import { PullConsumer } from "../nats/pull-consumer.ts";
import type { EngineShared } from "./stream-log-options.ts";

export class ReadAhead {
  readonly #shared: EngineShared;
  readonly #stream: string;
  #consumer: PullConsumer | undefined;
  /** What the consumer gives next. */
  #nextSequence = 0;
  #idle: Timer | undefined;

  constructor(shared: EngineShared, stream: string) {
    this.#shared = shared;
    this.#stream = stream;
  }

  /**
   * Messages from `sequence` on without a gap, of those before `endSequence`, which are stored. None where that did not
   * work, or there are too many consumers: then the caller reads them one by one. One call at a time.
   */
  async fetch(sequence: number, endSequence: number): Promise<StoredMessage[]> {
    const { limits, engineCounters } = this.#shared;
    this.#idle?.cancel();
    try {
      if (!(await this.#standAt(sequence))) return [];
      const fetched = await this.#consumer!.fetch({
        maxMessages: Math.min(limits.engineFetchMessages, endSequence - sequence),
        maxBytes: limits.engineFetchBytes,
        timeoutMs: limits.engineAckMs,
      });
      const messages = fetched.filter((message, index) => message.sequence === sequence + index);
      engineCounters.fetchedReads += messages.length;
      this.#nextSequence = sequence + messages.length;
      if (messages.length === 0 || messages.length < fetched.length) this.close();
      else this.#idle = this.#shared.runtime.setTimer(limits.engineConsumerMs / 2, () => this.close());
      return messages;
    } catch (error) {
      this.close();
      if (error instanceof JetStreamError || error instanceof NoAnswer) return [];
      throw error;
    }
  }

  close(): void {
    this.#idle?.cancel();
    const consumer = this.#consumer;
    if (consumer === undefined) return;
    this.#consumer = undefined;
    this.#shared.consumerCount -= 1;
    void consumer.delete();
  }

  /** False: there are too many consumers. */
  async #standAt(sequence: number): Promise<boolean> {
    const { api, limits } = this.#shared;
    if (this.#consumer !== undefined && this.#nextSequence === sequence) return true;
    this.close();
    if (this.#shared.consumerCount >= limits.engineConsumers) return false;
    this.#shared.consumerCount += 1;
    try {
      const facts = { stream: this.#stream, fromSequence: sequence };
      this.#consumer = await PullConsumer.create(api, limits, facts);
      this.#nextSequence = sequence;
      return true;
    } finally {
      if (this.#consumer === undefined) this.#shared.consumerCount -= 1;
    }
  }
}
