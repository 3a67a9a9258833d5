/** A copy into a topic, which takes nothing else meanwhile. */
import { isNetlogClientError, type PublishAllProgress, type Topic } from "../../../lib/client/index.ts";
import type { ToldMessage } from "../output/message-json.ts";
import { CopyError } from "./copy-error.ts";
import { type Held, NOTHING_HELD, type Target } from "./target.ts";

export class TopicTarget implements Target {
  readonly #topic: Topic;
  #next = 0;

  constructor(topic: Topic) {
    this.#topic = topic;
  }

  async held(): Promise<Held> {
    // What was sent before is in or out by now.
    await this.#topic.sync();
    const { first_offset: first, latest_offset: latest } = await this.#topic.info();
    this.#next = latest + 1;
    if (this.#next === 0) return NOTHING_HELD;
    if (latest < first) {
      throw new CopyError(
        `retention has dropped all of ${this.#topic.name}: nothing tells any more what it held`,
      );
    }
    const { payload } = await this.#topic.read(latest);
    return { count: this.#next, lastOffset: undefined, lastPayload: payload };
  }

  async take(
    batches: AsyncIterable<readonly ToldMessage[]>,
    onCopied: (count: number, bytes: number) => void,
  ): Promise<void> {
    let before = { count: 0, bytes: 0 };
    await this.#topic.publishAll(batches, {
      exactlyOnce: true,
      // What a copier that was killed had sent may be stored as late as this: then nothing of ours is.
      expectedOffset: this.#next,
      onProgress: (progress) => {
        this.#requireAlone(progress);
        onCopied(progress.count - before.count, progress.bytes - before.bytes);
        before = progress;
      },
    });
  }

  async seal(): Promise<boolean> {
    await this.#topic.close();
    return true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #requireAlone({ firstOffset, lastOffset, count }: PublishAllProgress): void {
    if (firstOffset === this.#next && lastOffset === this.#next + count - 1) return;
    const name = this.#topic.name;
    throw new CopyError(
      `others publish to ${name}, too: what is behind offset ${this.#next - 1} is mixed up`,
    );
  }
}

/** True where it is unknown what the target holds; a look at it shows that. */
export function isUncertain(error: unknown): boolean {
  return isNetlogClientError(
    error,
    "connection_lost",
    "timed_out",
    "sync_failed",
    "unexpected_answer",
    "offset_mismatch",
  );
}
