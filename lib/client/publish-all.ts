/** Any number of messages, in batches one after the other, while they come. */
import {
  BATCH_BYTES,
  BATCH_MESSAGES,
  type BatchCompression,
  MESSAGE_HEADER_BYTES,
} from "./batch-encoding.ts";
import { invalidArgument } from "./errors.ts";
import { type Payload, payloadBytes, payloadsOf, requireMany } from "./payload.ts";
import type { RetryOption } from "./retry.ts";
import type { CallOptions } from "./session.ts";
import type { Durability } from "./wire.ts";

export interface PublishAllOptions extends CallOptions, RetryOption {
  readonly durability?: Durability | undefined;
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
  /** Of payloads. */
  readonly bytes: number;
  /** Of the first and the last message. Where others publish too there are theirs between. */
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

interface Sender {
  publish(payload: Payload, options: PublishAllOptions): Promise<{ readonly offset: number }>;
  publishBatch(
    payloads: readonly Payload[],
    options: PublishAllOptions,
  ): Promise<{ readonly offset: number; readonly count: number }>;
}

const DEFAULT_BATCH_BYTES = 1024 * 1024;

export async function publishAll(
  sender: Sender,
  payloads: Iterable<Payload> | AsyncIterable<Payload | readonly Payload[]>,
  options: PublishAllOptions,
): Promise<PublishedAll> {
  const { batchBytes = DEFAULT_BATCH_BYTES, batchMessages = BATCH_MESSAGES, fill = false } = options;
  const { signal, onProgress } = options;
  requireWithin("batchBytes", batchBytes, BATCH_BYTES);
  requireWithin("batchMessages", batchMessages, BATCH_MESSAGES);
  requireMany(payloads, "publishAll", [Symbol.iterator, Symbol.asyncIterator]);
  const queue = new Queue(batchBytes, batchMessages, fill, signal);
  void queue.fill(payloads);
  let progress: PublishAllProgress | undefined;
  try {
    for (let batch = await queue.take(); batch !== undefined; batch = await queue.take()) {
      const offset = await send(sender, batch, options);
      progress = {
        count: (progress?.count ?? 0) + batch.length,
        bytes: batch.reduce((sum, { length }) => sum + length, progress?.bytes ?? 0),
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
  sender: Sender,
  batch: readonly Uint8Array[],
  options: PublishAllOptions,
): Promise<number> {
  const [first] = batch;
  const isAlone = batch.length === 1 && first!.length + MESSAGE_HEADER_BYTES > BATCH_BYTES;
  const { offset } = isAlone
    ? await sender.publish(first!, options)
    : await sender.publishBatch(batch, options);
  return offset;
}

/** Between the source of payloads and the sender: holds about a batch, and then lets the source wait. */
class Queue {
  readonly #maxBytes: number;
  readonly #maxMessages: number;
  /** What is there is taken only when it is full, or all. */
  readonly #fills: boolean;
  readonly #signal: AbortSignal | undefined;
  #payloads: Uint8Array[] = [];
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

  /** Never rejects: the taker gets what the payloads throw. What need not be waited for fills a batch at once. */
  async fill(payloads: Iterable<Payload> | AsyncIterable<Payload | readonly Payload[]>): Promise<void> {
    try {
      if (Symbol.asyncIterator in payloads) {
        for await (const given of payloads) if (!(await this.#addAll(payloadsOf(given)))) return;
      } else if (!(await this.#addAll(payloads))) return;
      this.#finish({});
    } catch (error) {
      this.#finish({ error });
    }
  }

  /** All there is; `undefined` at the end. Rejects when filling failed, once what came before was taken. */
  async take(): Promise<Uint8Array[] | undefined> {
    for (;;) {
      this.#signal?.throwIfAborted();
      if (this.#payloads.length > 0 && (!this.#fills || this.#isFull || this.#end !== undefined)) {
        const taken = this.#payloads;
        this.#payloads = [];
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
  async #addAll(payloads: Iterable<Payload>): Promise<boolean> {
    for (const payload of payloads) {
      const bytes = payloadBytes(payload);
      if (this.#isClosed) return false;
      if (this.#hasRoom(bytes.length)) this.#push(bytes);
      else if (!(await this.#add(bytes))) return false;
    }
    return true;
  }

  /** As soon as there is room; false when nobody takes any more. */
  async #add(bytes: Uint8Array): Promise<boolean> {
    while (!this.#isClosed && !this.#hasRoom(bytes.length)) {
      this.#isFull = true;
      this.#wake();
      await this.#change();
    }
    if (this.#isClosed) return false;
    this.#push(bytes);
    return true;
  }

  #push(bytes: Uint8Array): void {
    this.#payloads.push(bytes);
    this.#bytes += MESSAGE_HEADER_BYTES + bytes.length;
    this.#wake();
  }

  readonly #abort = (): void => this.#wake();

  #hasRoom(bytes: number): boolean {
    if (this.#payloads.length === 0) return true;
    if (this.#payloads.length >= this.#maxMessages) return false;
    return this.#bytes + MESSAGE_HEADER_BYTES + bytes <= this.#maxBytes;
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

function requireWithin(name: string, value: number, max: number): void {
  if (value >= 1 && value <= max) return;
  throw invalidArgument(`${name} is ${value}; it takes 1 to ${max}`);
}
