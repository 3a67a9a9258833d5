/**
 * Publishes events without holding up who publishes them: a buffer in memory, and one drainer that stores event after
 * event, in order, for as long as the log is away.
 */
import type { NetlogClient } from "../client.ts";
import { invalidArgument, isNetlogClientError } from "../errors.ts";
import { type ClientRuntime, platformRuntime, randomUuid } from "../runtime.ts";
import type { Topic } from "../topic.ts";
import type { Durability, TopicSettingsChange } from "../wire.ts";
import { isForGood, isTooLargeForProxy, waitAfter } from "./back-off.ts";
import { BoundedQueue } from "./bounded-queue.ts";
import { type AnyEvents, type EventEncoder, jsonEvents, type NewEvent } from "./event.ts";
import { publishCreating } from "./publish-creating.ts";
import { type EventWarningCode, type OnWarning, Warnings } from "./warnings.ts";

export interface EventPublisherOptions<New = NewEvent> {
  /** How an event becomes a message: as JSON with type, id, time and data by default. */
  readonly format?: EventEncoder<New> | undefined;
  /** Events that wait at most, beside the one on its way; 10,000 by default. */
  readonly bufferSize?: number | undefined;
  /** Bytes of these events at most; 64 MiB by default. One event may always wait. */
  readonly bufferBytes?: number | undefined;
  /** The settings with which a missing topic is created. */
  readonly settings?: TopicSettingsChange | undefined;
  readonly durability?: Durability | undefined;
  /** Gets what is lost, and why, at most one warning of a kind in 10 s. Without it `console.warn` prints them. */
  readonly onWarning?: OnWarning | undefined;
  /** For tests. */
  readonly runtime?: ClientRuntime | undefined;
  readonly randomId?: (() => string) | undefined;
}

export interface EventPublisherStats {
  /** Stored. */
  readonly published: number;
  /** Given up: the buffer was full, the log refused them, they were no events, or it was closed. */
  readonly dropped: number;
  /** Sent again after a failure. */
  readonly retried: number;
  /** Not stored when the time to close was over. */
  readonly lostOnClose: number;
  /** Waiting, or on their way. */
  readonly queued: number;
}

interface EncodedEvent {
  readonly id: string;
  readonly payload: Uint8Array;
}

const DEFAULT_BUFFER_SIZE = 10_000;
const DEFAULT_BUFFER_BYTES = 64 * 1024 * 1024;
/** With the waits between them some three minutes, in which a proxy may be set up for larger ones. */
const TOO_LARGE_TRIES = 11;
const DEFAULT_CLOSE_MS = 5000;

/**
 * Publishes to one topic, which is created when it is missing.
 *
 * @example
 * import { EventPublisher } from "netlog/client/events";
 *
 * const events = new EventPublisher(netlog, "orders");
 * events.publish({ type: "order.paid", data: { order: 7 } });
 * const { published } = await events.close();
 * console.log(published); // 1
 */
export class EventPublisher<Events extends object = AnyEvents, New = NewEvent<Events>> {
  readonly #topic: Topic;
  readonly #options: EventPublisherOptions<New>;
  readonly #format: EventEncoder<New>;
  readonly #runtime: ClientRuntime;
  readonly #warnings: Warnings;
  readonly #waiting: BoundedQueue<EncodedEvent>;
  /** Aborted when the time to close is over: what happens later counts for nothing. */
  readonly #tooLate = new AbortController();
  #draining: Promise<void> | undefined;
  #closing: Promise<EventPublisherStats> | undefined;
  #isOnItsWay = false;
  /** How many tries in a row have failed for the event on its way. */
  #failures = 0;
  #published = 0;
  #dropped = 0;
  #retried = 0;
  #lostOnClose = 0;
  /** Ends the wait of the drainer. */
  #wake = (): void => {};

  /**
   * Sends nothing: a server that is away is no error.
   *
   * @throws NetlogClientError invalid_topic_name, for an empty one too; invalid_argument for a buffer of no size.
   */
  constructor(client: NetlogClient, topic: string, options: EventPublisherOptions<New> = {}) {
    const { bufferSize = DEFAULT_BUFFER_SIZE, bufferBytes = DEFAULT_BUFFER_BYTES } = options;
    const { runtime = platformRuntime, onWarning } = options;
    for (const [name, value] of Object.entries({ bufferSize, bufferBytes })) {
      if (Number.isSafeInteger(value) && value >= 1) continue;
      throw invalidArgument(`${name} is ${value}; it takes a whole number from 1 on`);
    }
    this.#topic = client.topic(topic);
    this.#options = options;
    // Without a format, New is the NewEvent of this program's own types, which are its word alone.
    this.#format = options.format ?? (jsonEvents as EventEncoder<unknown>);
    this.#runtime = runtime;
    this.#warnings = new Warnings(runtime, onWarning);
    this.#waiting = new BoundedQueue(bufferSize, bufferBytes);
  }

  /**
   * Takes an event, stamped with an id and the time, and returns at once. Never throws: what cannot be stored is
   * counted, and `onWarning` gets it. The event is written before it returns, and may be changed after.
   *
   * @example
   * const events = new EventPublisher(netlog, "orders");
   * events.publish({ type: "order.paid", data: { order: 7 } });
   * await events.close();
   * const message = await netlog.topic("orders").read("last");
   * console.log(message.json<NewEvent>().type); // order.paid
   */
  publish(event: New): void {
    if (this.#closing !== undefined) {
      this.#drop("closed", "an event was published after close, and dropped");
      return;
    }
    const { randomId = randomUuid } = this.#options;
    const id = randomId();
    let payload: Uint8Array;
    try {
      payload = this.#format.encode(event, id, this.#runtime.now());
    } catch (error) {
      this.#drop("invalid", "an event cannot be written, and was dropped", error);
      return;
    }
    for (let dropped = this.#waiting.push({ id, payload }); dropped > 0; dropped--) {
      this.#drop("overflow", `the buffer of events for ${this.#topic.name} is full; the oldest was dropped`);
    }
    this.#draining ??= this.#drain();
  }

  /**
   * What became of the events so far.
   *
   * @example
   * const events = new EventPublisher(netlog, "orders");
   * events.publish({ type: "order.paid" });
   * console.log(events.stats().queued); // 1
   * await events.close();
   * console.log(events.stats().queued, events.stats().published); // 0 1
   */
  stats(): EventPublisherStats {
    return {
      published: this.#published,
      dropped: this.#dropped,
      retried: this.#retried,
      lostOnClose: this.#lostOnClose,
      queued: this.#queued,
    };
  }

  /**
   * Takes no more events and stores those that wait, for at most `timeoutMs`, 5,000 by default: tries at once where the
   * log was away. What is not stored by then is lost and counted, and `onWarning` gets it. Never rejects; called again it
   * gives the same.
   *
   * @example
   * const events = new EventPublisher(netlog, "orders");
   * for (let order = 0; order < 10; order++) events.publish({ type: "order.paid", data: { order } });
   * const { published, lostOnClose } = await events.close({ timeoutMs: 2000 });
   * console.log(published, lostOnClose); // 10 0
   */
  close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<EventPublisherStats> {
    this.#closing ??= this.#close(options.timeoutMs ?? DEFAULT_CLOSE_MS);
    return this.#closing;
  }

  get #queued(): number {
    return this.#waiting.length + (this.#isOnItsWay ? 1 : 0);
  }

  async #close(timeoutMs: number): Promise<EventPublisherStats> {
    const timer = this.#runtime.setTimer(timeoutMs, () => {
      this.#tooLate.abort();
      this.#wake();
    });
    this.#failures = 0;
    this.#wake();
    await Promise.race([this.#draining, aborted(this.#tooLate.signal)]);
    timer.cancel();
    const left = this.#queued;
    if (left > 0) {
      this.#lostOnClose = left;
      this.#isOnItsWay = false;
      while (this.#waiting.length > 0) this.#waiting.shift();
      this.#warnings.tell("lost_on_close", `${left} events for ${this.#topic.name} were not stored in time`);
    }
    return this.stats();
  }

  /** Begins with the oldest at once, in the same turn. Never rejects. */
  async #drain(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#isOnItsWay = true;
      await this.#store(next);
      if (this.#isTooLate) return;
      this.#isOnItsWay = false;
    }
    this.#draining = undefined;
  }

  /** Until it is stored, refused for good, or too late. */
  async #store(event: EncodedEvent): Promise<void> {
    this.#failures = 0;
    let tooLarge = 0;
    for (;;) {
      const failure = await this.#send(event);
      if (this.#isTooLate) return;
      if (failure === undefined) {
        this.#published++;
        return;
      }
      const { error } = failure;
      // A topic that is created and deleted again is none that refuses.
      if (isForGood(error) && !isNetlogClientError(error, "topic_not_found")) {
        this.#drop("refused", `${this.#topic.name} refuses an event, which was dropped`, error);
        return;
      }
      // The events behind it would be lost when the buffer is full.
      if (isTooLargeForProxy(error) && ++tooLarge === TOO_LARGE_TRIES) {
        this.#drop(
          "refused",
          `a proxy refuses an event for ${this.#topic.name} as too large; it was dropped`,
          error,
        );
        return;
      }
      this.#failures++;
      this.#warnings.tell("away", `${this.#topic.name} takes no events; they wait`, error);
      await this.#wait(waitAfter(this.#failures, error));
      if (this.#isTooLate) return;
      this.#retried++;
    }
  }

  /** Once, and again in a topic that was missing. By its id the log knows an event whose answer was lost. */
  async #send({ id, payload }: EncodedEvent): Promise<{ readonly error: unknown } | undefined> {
    const { durability, settings } = this.#options;
    const once = { durability, idempotencyKey: id, retry: "never", signal: this.#tooLate.signal } as const;
    try {
      await publishCreating(this.#topic, payload, once, settings);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** Ends early when it is closed. */
  async #wait(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#runtime.setTimer(delayMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  get #isTooLate(): boolean {
    return this.#tooLate.signal.aborted;
  }

  #drop(code: EventWarningCode, message: string, error?: unknown): void {
    this.#dropped++;
    this.#warnings.tell(code, message, error);
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
