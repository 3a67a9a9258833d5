/** A copy out of a topic. */
import type { Offset, Topic } from "../../../lib/client/index.ts";
import type { ToldMessage } from "../output/message-json.ts";
import { CopyError } from "./copy-error.ts";
import type { Source } from "./source.ts";

interface TopicSourceOptions {
  /** Where it begins, as it was said; `null`: with the first message that is kept. */
  readonly from: Offset | null;
  readonly follow: boolean;
  readonly signal: AbortSignal;
  readonly onRetry: (error: unknown, delayMs: number) => void;
  /** Reports messages that are left out, because they are damaged or dropped; `undefined`: they end the copy. */
  readonly onMissing: ((text: string) => void) | undefined;
}

export async function openTopicSource(topic: Topic, options: TopicSourceOptions): Promise<Source> {
  const { from } = options;
  const isNumber = typeof from === "number";
  const first = isNumber ? from : await topic.offsetOf(from ?? "first");
  const info = await topic.info();
  const end = info.latest_offset + 1;
  // While the topic begins at 0, it has always begun there.
  const isFirstFixed = isNumber || (from === null && first === 0);
  return new TopicSource(topic, options, { first, end, isFirstFixed, isClosed: info.closed === true });
}

interface Extent {
  readonly first: number;
  readonly end: number;
  readonly isFirstFixed: boolean;
  readonly isClosed: boolean;
}

class TopicSource implements Source {
  readonly first: number;
  readonly isFirstFixed: boolean;
  isClosed: boolean;
  readonly unit = "messages";
  readonly #topic: Topic;
  readonly #options: TopicSourceOptions;
  readonly #end: number;
  #next: number;

  constructor(topic: Topic, options: TopicSourceOptions, { first, end, isFirstFixed, isClosed }: Extent) {
    this.#topic = topic;
    this.#options = options;
    this.#end = end;
    this.#next = first;
    this.first = first;
    this.isFirstFixed = isFirstFixed;
    this.isClosed = isClosed;
  }

  get done(): number {
    return this.#next - this.first;
  }

  get total(): number | undefined {
    return this.#options.follow ? undefined : Math.max(0, this.#end - this.first);
  }

  async *read(place: number): AsyncGenerator<readonly ToldMessage[], void, undefined> {
    const { follow, signal, onRetry, onMissing } = this.#options;
    this.#next = place;
    // The copy itself refuses a target that holds more than the topic.
    if (place > this.#end || (place === this.#end && !follow)) return;
    const batches = this.#topic.streamBatches({
      from: place,
      follow,
      signal,
      onRetry,
      onSkipped: ({ count, next }) =>
        this.#miss(`${count} messages before offset ${next} were dropped meanwhile`),
      ...(onMissing === undefined
        ? {}
        : { onDamage: ({ offset }) => this.#miss(`what is damaged at offset ${offset} is left out`) }),
    });
    for await (const batch of batches) {
      const messages = follow ? batch : batch.filter(({ offset }) => offset < this.#end);
      if (messages.length > 0) {
        this.#next = messages.at(-1)!.offset + 1;
        yield messages;
      }
      if (messages.length < batch.length) return;
    }
    // A stream that follows ends by itself at the end of a closed topic alone.
    if (follow && !signal.aborted) this.isClosed = true;
  }

  #miss(text: string): void {
    const { onMissing } = this.#options;
    if (onMissing === undefined) throw new CopyError(`${text}; the copy would not be one`);
    onMissing(text);
  }
}
