/**
 * Reads the events of a topic for one service: in order, each handled before the next one, the place saved behind it,
 * so that the service finds its place again. Every event arrives at least once.
 */
import type { NetlogClient } from "../client.ts";
import { invalidArgument, isNetlogClientError } from "../errors.ts";
import type { MessageBatch } from "../read-batch.ts";
import { type ClientRuntime, platformRuntime, sleep } from "../runtime.ts";
import type { Offset } from "../spelling.ts";
import type { Topic } from "../topic.ts";
import { waitAfter } from "./back-off.ts";
import { type CursorStore, ServerCursor } from "./cursor-store.ts";
import { type AnyEvents, type EventDecoder, jsonEvents, type StoredEvent } from "./event.ts";
import {
  EventHandling,
  type EventSubscriberStats,
  type Handler,
  type Handlers,
  type OnGiveUp,
} from "./handling.ts";
import { isHopeless, Patience } from "./patience.ts";
import { type OnWarning, Warnings } from "./warnings.ts";

export interface EventSubscriberOptions<
  Events = AnyEvents,
  Stored = StoredEvent<Events>,
  Field extends string = "type",
> {
  readonly topic: string;
  /** The name of the service, and of the scanner in which the server keeps its place. */
  readonly name: string;
  /** How a message becomes an event: from JSON with type, id, time and data by default. */
  readonly format?: EventDecoder<Stored, Field> | undefined;
  /** One for each type, or one for all. */
  readonly handlers: NoInfer<Handlers<Stored, Field> | Handler<Stored>>;
  /** Where the very first run begins: `end` by default. */
  readonly from?: Offset | undefined;
  /** Where the place is kept: on the server by default. */
  readonly store?: CursorStore | undefined;
  /** `skip` by default. */
  readonly onGiveUp?: OnGiveUp | undefined;
  /** Gets what goes wrong, at most one warning of a kind in 10 s. Without it `console.warn` prints them. */
  readonly onWarning?: OnWarning | undefined;
  /** For tests. */
  readonly runtime?: ClientRuntime | undefined;
}

const READ_MESSAGES = 100;
const READ_WAIT_MS = 30_000;

/**
 * Handles the events of one topic, under a name that finds its place again. One runs at a time under a name.
 *
 * @example
 * import { EventPublisher, EventSubscriber } from "netlog/client/events";
 *
 * type Orders = { "order.paid": { order: number } };
 * const stop = new AbortController();
 * const subscriber = new EventSubscriber<Orders>(netlog, {
 *   topic: "orders",
 *   name: "billing",
 *   from: "first",
 *   handlers: {
 *     "order.paid": async ({ data }) => {
 *       console.log(data.order); // 7
 *       stop.abort();
 *     },
 *   },
 * });
 * const events = new EventPublisher<Orders>(netlog, "orders");
 * events.publish({ type: "order.paid", data: { order: 7 } });
 * await subscriber.run({ signal: stop.signal });
 * await events.close();
 */
export class EventSubscriber<
  Events extends object = AnyEvents,
  Stored = StoredEvent<Events>,
  Field extends string = "type",
> {
  readonly #topic: Topic;
  readonly #options: EventSubscriberOptions<Events, Stored, Field>;
  readonly #runtime: ClientRuntime;
  readonly #warnings: Warnings;
  readonly #patience: Patience;
  readonly #handling: EventHandling;
  readonly #store: CursorStore;
  #isRunning = false;

  /**
   * Sends nothing: a server that is away is no error.
   *
   * @throws NetlogClientError invalid_topic_name, for an empty one too; invalid_argument for an empty name.
   */
  constructor(client: NetlogClient, options: EventSubscriberOptions<NoInfer<Events>, Stored, Field>) {
    const { topic, name, onGiveUp = "skip", runtime = platformRuntime, onWarning } = options;
    this.#topic = client.topic(topic);
    if (typeof name !== "string" || name === "") throw invalidArgument("the name of a subscriber is empty");
    this.#options = options;
    this.#runtime = runtime;
    this.#warnings = new Warnings(runtime, onWarning);
    this.#patience = new Patience(name, runtime, this.#warnings);
    this.#handling = new EventHandling({
      name,
      topicName: topic,
      // Types are the caller's word: what calls the handlers takes whatever comes.
      format: (options.format ?? jsonEvents) as EventDecoder<unknown, string>,
      handlers: options.handlers as Readonly<Record<string, Handler<unknown>>> | Handler<unknown>,
      onGiveUp: typeof onGiveUp === "object" ? { park: client.topic(onGiveUp.park) } : onGiveUp,
      runtime,
      warnings: this.#warnings,
      patience: this.#patience,
    });
    this.#store = options.store ?? new ServerCursor(client, topic, name);
  }

  /**
   * What became of the events of this object's runs.
   *
   * @example
   * const subscriber = new EventSubscriber(netlog, { topic: "orders", name: "billing", handlers: {} });
   * console.log(subscriber.stats().handled); // 0
   */
  stats(): EventSubscriberStats {
    return this.#handling.stats;
  }

  /**
   * Handles events until the signal is aborted, or the topic is closed and read to its end. Resolves when the handler
   * that was called is done and the place is saved. An event whose handler failed by then, or waits for its second call,
   * comes again in the next run. Trouble with the log or the store is waited out, 1 s at first and 30 s at most, and
   * `onWarning` gets it.
   *
   * @throws what the handler rejected with, where `onGiveUp` is `stop`; what no waiting mends: NetlogClientError
   *   invalid_argument when it runs, offset_not_found for a place beyond the topic's end, bad_request for `from`,
   *   scanner_exists and invalid_argument for a scanner of that name that leases messages.
   *
   * @example
   * const stop = new AbortController();
   * const subscriber = new EventSubscriber(netlog, { topic: "orders", name: "billing", handlers: {} });
   * const running = subscriber.run({ signal: stop.signal });
   * stop.abort();
   * await running;
   */
  async run({
    signal = new AbortController().signal,
  }: {
    readonly signal?: AbortSignal;
  } = {}): Promise<void> {
    if (this.#isRunning) throw invalidArgument(`the subscriber ${this.#options.name} runs already`);
    this.#isRunning = true;
    try {
      let next = await this.#start(signal);
      while (next !== undefined && !signal.aborted) next = await this.#step(next, signal);
    } finally {
      this.#isRunning = false;
    }
  }

  /** Where to begin; `undefined` when it was aborted before that was known and kept. */
  async #start(signal: AbortSignal): Promise<number | undefined> {
    let first: number | undefined;
    return await this.#patience.until("finding its place", signal, async () => {
      const saved = await this.#store.load({ signal });
      if (saved !== undefined) return saved;
      // Settled once: if keeping it fails, what comes meanwhile must not be passed over.
      first ??= await this.#resolveStart(signal);
      await this.#store.save(first, { signal });
      return first;
    });
  }

  async #resolveStart(signal: AbortSignal): Promise<number> {
    const { from = "end" } = this.#options;
    try {
      return await this.#topic.offsetOf(from, { signal });
    } catch (error) {
      return await this.#goOn(error, signal);
    }
  }

  /**
   * Reads and handles what comes next; the place after that, `undefined` when it was aborted within, and at the end of a
   * closed topic.
   */
  async #step(next: number, signal: AbortSignal): Promise<number | undefined> {
    const batch = await this.#patience.until("reading", signal, () => this.#read(next, signal));
    if (batch === undefined) return undefined;
    let saved = next;
    for (const message of batch.messages) {
      const outcome = await this.#handling.handle(message, signal);
      if (outcome === "undone") return undefined;
      if (outcome === "unknown") continue;
      saved = message.offset + 1;
      await this.#save(saved, signal);
      if (signal.aborted) return undefined;
    }
    if (saved !== batch.nextOffset) await this.#save(batch.nextOffset, signal);
    return batch.isClosed ? undefined : batch.nextOffset;
  }

  async #read(from: number, signal: AbortSignal): Promise<MessageBatch> {
    try {
      const options = { from, max: READ_MESSAGES, waitMs: READ_WAIT_MS, retry: "never", signal } as const;
      return await this.#topic.readBatch(options);
    } catch (error) {
      const nextOffset = await this.#goOn(error, signal);
      this.#warnings.tell(
        "gap",
        `${this.#topic.name}: what was to be read is gone; going on at ${nextOffset}`,
        error,
      );
      return { messages: [], nextOffset, isClosed: false };
    }
  }

  /** The place to go on at when what was asked for is not there. @throws what was thrown, where there is none. */
  async #goOn(error: unknown, signal: AbortSignal): Promise<number> {
    if (isNetlogClientError(error, "topic_not_found")) {
      await this.#topic.createIfMissing({}, { signal });
      return 0;
    }
    const after = nextAfterGap(error);
    if (after === undefined) throw error;
    return after;
  }

  /**
   * What was handled is saved also when it is aborted: once more then, and it is given up. @throws what no waiting mends.
   */
  async #save(next: number, signal: AbortSignal): Promise<void> {
    for (let failures = 1; ; failures++) {
      try {
        await this.#store.save(next, {});
        return;
      } catch (error) {
        // The topic was deleted meanwhile: the next reading finds that out, and where to go on.
        if (isNetlogClientError(error, "topic_not_found", "offset_not_found")) return;
        if (isHopeless(error)) throw error;
        this.#warnings.tell("away", `${this.#options.name}: the place ${next} was not saved`, error);
        if (signal.aborted) return;
        await sleep(this.#runtime, waitAfter(failures, error), signal).catch(() => {});
      }
    }
  }
}

/** Where a reader goes on behind what retention dropped, or what is damaged. */
function nextAfterGap(error: unknown): number | undefined {
  if (isNetlogClientError(error, "offset_not_found")) return error.firstOffset;
  return isNetlogClientError(error, "checksum_error") ? error.nextOffset : undefined;
}
