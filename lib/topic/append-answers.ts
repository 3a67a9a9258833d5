/** Answers the calls that wait for an append, gives back what they took of the bytes in flight, and counts what went in. */
import type { ByteBudget } from "../base/byte-budget.ts";
import type { Counters, TopicCounters } from "../base/counters.ts";
import type { Appended, Durability, Original } from "../log/log.ts";
import type { Waiting } from "./publish-call.ts";
import type { WaitingEntry } from "./waiting-group.ts";

export interface AppendAnswersOptions {
  /** Bytes taken in and not answered, shared by all topics. */
  readonly inFlight: ByteBudget;
  readonly counters: Counters;
  readonly topicCounters: TopicCounters;
}

export class AppendAnswers {
  readonly #options: AppendAnswersOptions;

  constructor({ inFlight, counters, topicCounters }: AppendAnswersOptions) {
    this.#options = { inFlight, counters, topicCounters };
  }

  /** `appended[i]` is what the log says of `entries[i]`. */
  follow(entries: readonly WaitingEntry[], appended: readonly Promise<Appended>[]): void {
    for (const [index, outcome] of appended.entries()) {
      const { waiting, durability, count } = entries[index]!;
      outcome.then(
        ({ baseOffset, timestampMs, original }) => {
          if (original !== undefined) {
            this.#answerDuplicate(waiting[0]!, original, durability);
            return;
          }
          let sizeBytes = 0;
          for (let i = 0; i < waiting.length; i++) {
            this.#options.inFlight.giveBack(waiting[i]!.sizeBytes);
            sizeBytes += waiting[i]!.sizeBytes;
            waiting[i]!.resolve({ offset: baseOffset + i, timestampMs, durability });
          }
          this.#countIn(count, sizeBytes);
        },
        (error: unknown) => this.reject(waiting, error),
      );
    }
  }

  reject(waiting: readonly Waiting[], error: unknown): void {
    for (const { sizeBytes, reject } of waiting) {
      this.#options.inFlight.giveBack(sizeBytes);
      reject(error);
    }
  }

  #countIn(messageCount: number, sizeBytes: number): void {
    const { counters, topicCounters } = this.#options;
    counters.messagesIn += messageCount;
    counters.bytesIn += sizeBytes;
    topicCounters.messagesIn += messageCount;
    topicCounters.bytesIn += sizeBytes;
  }

  #answerDuplicate({ sizeBytes, resolve }: Waiting, original: Original, durability: Durability): void {
    const { baseOffset: offset = -1, timestampMs, count } = original;
    this.#options.inFlight.giveBack(sizeBytes);
    resolve({
      offset,
      timestampMs,
      durability,
      isDuplicate: true,
      ...(count === undefined ? {} : { count }),
    });
  }
}
