/** One way through a topic, from an offset on: over one answer, and another one behind the last message when it breaks. */
import type { OpenReply } from "./connection.ts";
import { isNetlogClientError, type NetlogClientError } from "./errors.ts";
import { keysToReadBy } from "./fields.ts";
import type { Message } from "./message.ts";
import { type Line, parseLine, readLines } from "./ndjson.ts";
import { backOffMs, isTransient } from "./retry.ts";
import { sleep } from "./runtime.ts";
import type { PatienceOptions, Session } from "./session.ts";
import { type Offset, spellOffset } from "./spelling.ts";
import { cutLines, linesOf } from "./text-lines.ts";

/** Messages that are not there any more. */
export interface Gap {
  readonly count: number;
  /** Reading goes on here. */
  readonly next: number;
}

export interface FollowOptions extends PatienceOptions {
  /** `first` by default. */
  readonly from?: Offset | undefined;
  /** Only messages with this key, or with one of these; at most 64. */
  readonly key?: string | readonly string[] | undefined;
  /** False: ends at what is the end now. */
  readonly follow?: boolean | undefined;
  /** Called when the server begins to send: at first, and again after each break. */
  readonly onOpen?: (() => void) | undefined;
  /** Told when retention dropped messages before they were read. */
  readonly onSkipped?: ((gap: Gap) => void) | undefined;
  /** Reports damage, behind which reading then goes on; without this the loop ends with the error. */
  readonly onDamage?: ((error: NetlogClientError) => void) | undefined;
  /** The longest silence in ms; 45,000 by default, three of the server's heartbeats. */
  readonly silenceMs?: number | undefined;
}

const DEFAULT_SILENCE_MS = 45_000;

export class Reading {
  readonly #topicName: string;
  readonly #session: Session;
  readonly #options: FollowOptions;
  #next: number;
  #hasOpened = false;
  /** The topic is closed, and this is its end. */
  #isClosed = false;
  /** Breaks without a message in between. */
  #failures = 0;

  /** Begins at `next`, which is what `from` of the options means. */
  constructor(topicName: string, session: Session, options: FollowOptions, next: number) {
    this.#topicName = topicName;
    this.#session = session;
    this.#options = options;
    this.#next = next;
  }

  /** Messages that arrived together are given together; never none. */
  async *batches(): AsyncGenerator<Message[], void, undefined> {
    for (;;) {
      let failure: unknown;
      try {
        yield* this.#read(await this.#openMessages());
        if (this.#isClosed || this.#options.follow === false) return;
      } catch (error) {
        failure = error;
        if (this.#stepOver(error)) continue;
        if (!this.#hasOpened || !isTransient(error) || this.#options.signal?.aborted === true) throw error;
        // Changed on its way twice: it will be a third time.
        if (isNetlogClientError(error, "checksum_mismatch") && this.#failures > 0) throw error;
      }
      await this.#pause(failure);
    }
  }

  /**
   * Payloads of `count` messages at most, as lines of text. What is there is read as the server's own lines, which cost
   * next to nothing. Such lines have no heartbeat and no word for gaps and damage, so the rest is read as messages.
   */
  async *lines(count: number): AsyncGenerator<Uint8Array, void, undefined> {
    let left = count;
    const { key, follow } = this.#options;
    // Lines tell no offsets, and those of a key have gaps between.
    if (key === undefined) {
      try {
        const { pieces } = await this.#open("lines", false);
        for await (const lines of cutLines(pieces, left)) {
          this.#next += lines.count;
          left -= lines.count;
          yield lines.bytes;
        }
        if (follow === false) return;
      } catch (error) {
        // A payload that is no line, a gap, damage, a lost connection: asking for messages tells.
        if (!isNetlogClientError(error)) throw error;
      }
    }
    if (left === 0) return;
    for await (const batch of this.batches()) {
      const messages = batch.slice(0, left);
      left -= messages.length;
      yield linesOf(messages);
      if (left === 0) return;
    }
  }

  async #openMessages(): Promise<OpenReply> {
    const { signal, follow = true } = this.#options;
    return await this.#session.repeat("always", signal, () => this.#open("ndjson", follow));
  }

  async #open(format: "ndjson" | "lines", follows: boolean): Promise<OpenReply> {
    const { signal, silenceMs = DEFAULT_SILENCE_MS } = this.#options;
    const key = keysToReadBy(this.#options.key);
    const query = { from: spellOffset(this.#next), key, follow: follows ? undefined : 0, format };
    const path = [this.#topicName, "stream"];
    const reply = await this.#session.connection.open({ method: "GET", path, query, signal }, silenceMs);
    this.#hasOpened = true;
    this.#options.onOpen?.();
    return reply;
  }

  async *#read({ pieces }: OpenReply): AsyncGenerator<Message[], void, undefined> {
    for await (const texts of readLines(pieces)) yield* this.#take(texts);
  }

  /** What stands before a gap or a line that cannot be used is given first. */
  *#take(texts: readonly string[]): Generator<Message[], void, undefined> {
    let messages: Message[] = [];
    for (const text of texts) {
      let line: Line;
      try {
        line = parseLine(text);
      } catch (error) {
        if (messages.length > 0) yield messages;
        throw error;
      }
      this.#failures = 0;
      if (line.kind === "closed") {
        this.#isClosed = true;
        break;
      }
      if (line.kind === "message") {
        this.#next = line.message.offset + 1;
        messages.push(line.message);
        continue;
      }
      if (messages.length > 0) yield messages;
      messages = [];
      this.#next = line.next;
      this.#options.onSkipped?.({ count: line.count, next: line.next });
    }
    if (messages.length > 0) yield messages;
  }

  /** True where reading goes on behind what is not there: dropped by retention meanwhile, or damaged. */
  #stepOver(error: unknown): boolean {
    const { from = "first", onSkipped, onDamage } = this.#options;
    const mayBeGone = this.#hasOpened || typeof from !== "number";
    if (isNetlogClientError(error, "offset_not_found") && error.firstOffset !== undefined && mayBeGone) {
      onSkipped?.({ count: error.firstOffset - this.#next, next: error.firstOffset });
      this.#next = error.firstOffset;
      return true;
    }
    if (isNetlogClientError(error, "checksum_error") && error.nextOffset !== undefined && onDamage) {
      onDamage(error);
      this.#next = error.nextOffset;
      return true;
    }
    return false;
  }

  async #pause(failure: unknown): Promise<void> {
    const { connection, policy } = this.#session;
    this.#failures++;
    const delayMs = backOffMs(policy, this.#failures, failure, () => connection.runtime.random());
    if (failure !== undefined) policy.onRetry?.(failure, delayMs);
    await sleep(connection.runtime, delayMs, this.#options.signal);
  }
}
