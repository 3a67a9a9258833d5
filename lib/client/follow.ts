/** Reading without end: NDJSON over one answer, opened again behind the last message when it breaks off. */
import type { OpenReply } from "./connection.ts";
import { isNetlogClientError, type NetlogClientError } from "./errors.ts";
import type { Message } from "./message.ts";
import { type Line, readLines } from "./ndjson.ts";
import { backOffMs, isTransient } from "./retry.ts";
import { sleep } from "./runtime.ts";
import { type CallOptions, type PatienceOptions, patientSession, type Session } from "./session.ts";
import { type Offset, spellOffset } from "./spelling.ts";

/** Messages that are not there any more. */
export interface Gap {
  readonly count: number;
  /** Reading goes on here. */
  readonly next: number;
}

export interface FollowOptions extends PatienceOptions {
  /** `first` by default. */
  readonly from?: Offset | undefined;
  /** False: ends at what is the end now. */
  readonly follow?: boolean | undefined;
  /** Told when retention dropped messages before they were read. */
  readonly onSkipped?: ((gap: Gap) => void) | undefined;
  /** Told of damage, behind which reading then goes on; without this the loop ends with the error. */
  readonly onDamage?: ((error: NetlogClientError) => void) | undefined;
  /** The longest silence in ms; 45,000 by default, three of the server's heartbeats. */
  readonly silenceMs?: number | undefined;
}

interface Followed {
  readonly name: string;
  offsetOf(offset: Offset, options: CallOptions): Promise<number>;
}

const DEFAULT_SILENCE_MS = 45_000;

export async function* follow(
  topic: Followed,
  session: Session,
  options: FollowOptions,
): AsyncGenerator<Message, void, undefined> {
  const { signal } = options;
  try {
    const { from = "first" } = options;
    // What `end` or `1h` means is settled once: after a break it would be another place.
    const next = typeof from === "number" ? from : await topic.offsetOf(from, { signal });
    const reading = new Reading(topic.name, patientSession(session, options), options, next);
    for await (const message of reading.messages()) {
      yield message;
      if (signal?.aborted === true) return;
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}

class Reading {
  readonly #topicName: string;
  readonly #session: Session;
  readonly #options: FollowOptions;
  #next: number;
  #hasOpened = false;
  /** Breaks without a message in between. */
  #failures = 0;

  constructor(topicName: string, session: Session, options: FollowOptions, next: number) {
    this.#topicName = topicName;
    this.#session = session;
    this.#options = options;
    this.#next = next;
  }

  async *messages(): AsyncGenerator<Message, void, undefined> {
    for (;;) {
      let failure: unknown;
      try {
        yield* this.#read(await this.#open());
        if (this.#options.follow === false) return;
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

  async #open(): Promise<OpenReply> {
    const { signal, follow: follows = true, silenceMs = DEFAULT_SILENCE_MS } = this.#options;
    const query = { from: spellOffset(this.#next), follow: follows ? undefined : 0, format: "ndjson" };
    const path = [this.#topicName, "stream"];
    const { connection } = this.#session;
    const reply = await this.#session.repeat("always", signal, () =>
      connection.open({ method: "GET", path, query, signal }, silenceMs),
    );
    this.#hasOpened = true;
    return reply;
  }

  async *#read({ pieces }: OpenReply): AsyncGenerator<Message, void, undefined> {
    for await (const line of readLines(pieces)) {
      this.#failures = 0;
      const message = this.#take(line);
      if (message !== undefined) yield message;
    }
  }

  #take(line: Line): Message | undefined {
    if (line.kind === "message") {
      this.#next = line.message.offset + 1;
      return line.message;
    }
    this.#next = line.next;
    this.#options.onSkipped?.({ count: line.count, next: line.next });
    return undefined;
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
