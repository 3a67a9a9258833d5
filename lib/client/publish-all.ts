/** Any number of messages, in batches one after the other, while they come. */
import {
  BATCH_BYTES,
  BATCH_MESSAGES,
  type BatchCompression,
  type PackedMessage,
  type Publishable,
  packedBytes,
  packMessage,
  payloadOf,
} from "./batch-encoding.ts";
import { invalidArgument } from "./errors.ts";
import { requireMany } from "./payload.ts";
import { type OnceOption, publishMany, publishOne, refuseOptions } from "./publish.ts";
import type { RetryOption } from "./retry.ts";
import type { CallOptions, Session } from "./session.ts";
import type { Durability } from "./wire.ts";

export interface PublishAllOptions extends CallOptions, RetryOption, OnceOption {
  readonly durability?: Durability | undefined;
  /**
   * The first message becomes the one of this offset, and each batch stands right behind the one before: where others
   * publish meanwhile it ends with `offset_mismatch`, and of the batch that met them nothing is stored.
   */
  readonly expectedOffset?: number | undefined;
  readonly compression?: BatchCompression | undefined;
  /** Bytes of a batch at most, 1 MiB by default and 8 MiB at most. */
  readonly batchBytes?: number | undefined;
  /** Messages of a batch at most, 65,536 by default. */
  readonly batchMessages?: number | undefined;
  /** True: a batch waits until it is full, or all have come. By default it goes as soon as the one before is stored. */
  readonly fill?: boolean | undefined;
  /** Told after each batch. */
  readonly onProgress?: ((progress: PublishAllProgress) => void) | undefined;
}

/** What is stored so far. */
export interface PublishAllProgress {
  readonly count: number;
  /** The bytes of payloads. */
  readonly bytes: number;
  /** The offset of the first message. Messages of other publishers may lie between it and the last one. */
  readonly firstOffset: number;
  readonly lastOffset: number;
}

/** All of it; offsets are `undefined` where there was no message. */
export interface PublishedAll {
  readonly count: number;
  readonly bytes: number;
  readonly firstOffset: number | undefined;
  readonly lastOffset: number | undefined;
}

type Many = Iterable<Publishable> | AsyncIterable<Publishable | readonly Publishable[]>;

const DEFAULT_BATCH_BYTES = 1024 * 1024;

export async function publishAll(
  session: Session,
  topicName: string,
  messages: Many,
  options: PublishAllOptions,
): Promise<PublishedAll> {
  const { batchBytes = DEFAULT_BATCH_BYTES, batchMessages = BATCH_MESSAGES, fill = false } = options;
  const { signal, onProgress } = options;
  requireWithin("batchBytes", batchBytes, BATCH_BYTES);
  requireWithin("batchMessages", batchMessages, BATCH_MESSAGES);
  requireMany(messages, "publishAll", [Symbol.iterator, Symbol.asyncIterator]);
  refuseOptions(options, "publishAll", ["idempotencyKey"], "exactlyOnce gives each batch a key");
  refuseOptions(options, "publishAll", ["key", "contentType", "headers"], "give it with each message");
  refuseOptions(options, "publishAll", ["close"], "close the topic behind it");
  const queue = new Queue(batchBytes, batchMessages, fill, signal);
  void queue.fill(messages);
  let { expectedOffset } = options;
  let progress: PublishAllProgress | undefined;
  try {
    for (let batch = await queue.take(); batch !== undefined; batch = await queue.take()) {
      const offset = await send(session, topicName, batch, { ...options, expectedOffset });
      if (expectedOffset !== undefined) expectedOffset += batch.length;
      progress = {
        count: (progress?.count ?? 0) + batch.length,
        bytes: batch.reduce((sum, message) => sum + payloadOf(message).length, progress?.bytes ?? 0),
        firstOffset: progress?.firstOffset ?? offset,
        lastOffset: offset + batch.length - 1,
      };
      onProgress?.(progress);
    }
  } finally {
    queue.close();
  }
  return progress ?? { count: 0, bytes: 0, firstOffset: undefined, lastOffset: undefined };
}

/** Offset of the first. A message that no batch can hold goes alone. */
async function send(
  session: Session,
  topicName: string,
  batch: readonly PackedMessage[],
  options: PublishAllOptions,
): Promise<number> {
  const first = batch[0]!;
  const isAlone = batch.length === 1 && packedBytes(first) > BATCH_BYTES;
  const { offset } = isAlone
    ? await publishOne(session, topicName, first, options)
    : await publishMany(session, topicName, batch, options);
  return offset;
}

/** Stands between the source of messages and the sender: holds about a batch, and then lets the source wait. */
class Queue {
  readonly #maxBytes: number;
  readonly #maxMessages: number;
  /** What is there is taken only when it is full, or all. */
  readonly #fills: boolean;
  readonly #signal: AbortSignal | undefined;
  #messages: PackedMessage[] = [];
  #bytes = 0;
  #isFull = false;
  #end: { readonly error?: unknown } | undefined;
  #isClosed = false;
  #wake = (): void => {};

  constructor(maxBytes: number, maxMessages: number, fills: boolean, signal: AbortSignal | undefined) {
    this.#maxBytes = maxBytes;
    this.#maxMessages = maxMessages;
    this.#fills = fills;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Never rejects: the taker gets what the source throws. What need not be waited for fills a batch at once. */
  async fill(messages: Many): Promise<void> {
    try {
      if (Symbol.asyncIterator in messages) {
        for await (const given of messages) {
          if (!(await this.#addAll(isSeveral(given) ? given : [given]))) return;
        }
      } else if (!(await this.#addAll(messages))) return;
      this.#finish({});
    } catch (error) {
      this.#finish({ error });
    }
  }

  /** All there is; `undefined` at the end. Rejects when filling failed, once what came before was taken. */
  async take(): Promise<PackedMessage[] | undefined> {
    for (;;) {
      this.#signal?.throwIfAborted();
      if (this.#messages.length > 0 && (!this.#fills || this.#isFull || this.#end !== undefined)) {
        const taken = this.#messages;
        this.#messages = [];
        this.#bytes = 0;
        this.#isFull = false;
        this.#wake();
        return taken;
      }
      if (this.#end !== undefined) {
        if ("error" in this.#end) throw this.#end.error;
        return undefined;
      }
      await this.#change();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#wake();
  }

  /** False when nobody takes any more. */
  async #addAll(messages: Iterable<Publishable>): Promise<boolean> {
    for (const given of messages) {
      const message = packMessage(given);
      if (this.#isClosed) return false;
      if (this.#hasRoom(message)) this.#push(message);
      else if (!(await this.#add(message))) return false;
    }
    return true;
  }

  /** As soon as there is room; false when nobody takes any more. */
  async #add(message: PackedMessage): Promise<boolean> {
    while (!this.#isClosed && !this.#hasRoom(message)) {
      this.#isFull = true;
      this.#wake();
      await this.#change();
    }
    if (this.#isClosed) return false;
    this.#push(message);
    return true;
  }

  #push(message: PackedMessage): void {
    this.#messages.push(message);
    this.#bytes += packedBytes(message);
    this.#wake();
  }

  readonly #abort = (): void => this.#wake();

  #hasRoom(message: PackedMessage): boolean {
    if (this.#messages.length === 0) return true;
    if (this.#messages.length >= this.#maxMessages) return false;
    return this.#bytes + packedBytes(message) <= this.#maxBytes;
  }

  #finish(end: { readonly error?: unknown }): void {
    this.#end = end;
    this.#wake();
  }

  /** One side waits at a time: there is something to take, or there is no room. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

function isSeveral(given: Publishable | readonly Publishable[]): given is readonly Publishable[] {
  return Array.isArray(given);
}

function requireWithin(name: string, value: number, max: number): void {
  if (value >= 1 && value <= max) return;
  throw invalidArgument(`${name} is ${value}; it takes 1 to ${max}`);
}
