/**
 * Reads the events of a topic for one service: in order, each handled before the next one, the place saved behind it,
 * so that the service finds its place again. Every event arrives at least once.
 */
import type { NetlogClient } from "../client.ts";
import { invalidArgument, isNetlogClientError } from "../errors.ts";
import type { Message } from "../message.ts";
import type { MessageBatch } from "../read-batch.ts";
import { type ClientRuntime, platformRuntime, sleep } from "../runtime.ts";
import type { Offset } from "../spelling.ts";
import type { Topic } from "../topic.ts";
import { waitAfter } from "./back-off.ts";
import { type CursorStore, ServerCursor } from "./cursor-store.ts";
import { type AnyEvents, decodeEvent, type EventType, type StoredEvent } from "./event.ts";
import { publishCreating } from "./publish-creating.ts";
import { type OnWarning, Warnings } from "./warnings.ts";

export interface HandlerContext {
  /** Aborted when the subscriber is to stop. What is handled to its end all the same counts as done. */
  readonly signal: AbortSignal;
}

/** Rejects when the event could not be handled. */
export type EventHandler<Events = AnyEvents, Types extends EventType<Events> = EventType<Events>> = (
  event: StoredEvent<Events, Types>,
  context: HandlerContext,
) => Promise<void> | void;

/** By type: events of other types are passed over. */
export type EventHandlers<Events = AnyEvents> =
  string extends EventType<Events>
    ? Readonly<Record<string, EventHandler<Events>>>
    : { readonly [Type in EventType<Events>]?: EventHandler<Events, Type> };

/**
 * What becomes of an event whose handler failed twice: passed over; or run rejects, and the event comes again; or its
 * message goes to another topic, which is created when it is missing, before it is passed over.
 */
export type OnGiveUp = "skip" | "stop" | { readonly park: string };

export interface EventSubscriberOptions<Events = AnyEvents> {
  readonly topic: string;
  /** Of the service, and of the scanner in which the server keeps its place. */
  readonly name: string;
  /** One for each type, or one for all. */
  readonly handlers: EventHandlers<Events> | EventHandler<Events>;
  /** Where the very first run begins: `end` by default. */
  readonly from?: Offset | undefined;
  /** Where the place is kept: on the server by default. */
  readonly store?: CursorStore | undefined;
  /** `skip` by default. */
  readonly onGiveUp?: OnGiveUp | undefined;
  /** Told what goes wrong; without it `console.warn` is. At most one of a kind in 10 s. */
  readonly onWarning?: OnWarning | undefined;
  /** For tests. */
  readonly runtime?: ClientRuntime | undefined;
}

export interface EventSubscriberStats {
  /** Events whose handler was content. */
  readonly handled: number;
  /** Handlers called a second time. */
  readonly retried: number;
  /** Given up, and passed over. */
  readonly skipped: number;
  /** Given up, and put into another topic. */
  readonly parked: number;
  /** Passed over unseen: of a type without handler, or no event. */
  readonly unknown: number;
}

const READ_MESSAGES = 100;
const READ_WAIT_MS = 30_000;
const SECOND_CALL_AFTER_MS = 500;
/** What asking again does not mend. */
const HOPELESS = [
  "bad_request",
  "invalid_offset",
  "offset_not_found",
  "scanner_exists",
  "invalid_argument",
] as const;

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
export class EventSubscriber<Events extends object = AnyEvents> {
  readonly #topic: Topic;
  readonly #park: Topic | undefined;
  readonly #options: EventSubscriberOptions<Events>;
  readonly #runtime: ClientRuntime;
  readonly #warnings: Warnings;
  readonly #store: CursorStore;
  #isRunning = false;
  #handled = 0;
  #retried = 0;
  #skipped = 0;
  #parked = 0;
  #unknown = 0;

  /**
   * Sends nothing: a server that is away is no error.
   *
   * @throws NetlogClientError invalid_topic_name, for an empty one too; invalid_argument for an empty name.
   */
  constructor(client: NetlogClient, options: EventSubscriberOptions<NoInfer<Events>>) {
    const { topic, name, onGiveUp, runtime = platformRuntime, onWarning } = options;
    if (typeof name !== "string" || name === "") throw invalidArgument("the name of a subscriber is empty");
    this.#topic = client.topic(topic);
    this.#park = typeof onGiveUp === "object" ? client.topic(onGiveUp.park) : undefined;
    this.#options = options;
    this.#runtime = runtime;
    this.#warnings = new Warnings(runtime, onWarning);
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
    return {
      handled: this.#handled,
      retried: this.#retried,
      skipped: this.#skipped,
      parked: this.#parked,
      unknown: this.#unknown,
    };
  }

  /**
   * Handles events until the signal is aborted, and resolves when the handler that was called is done and the place is
   * saved. An event whose handler failed by then, or waits for its second call, comes again in the next run. Trouble
   * with the log or the store is waited out, 1 s at first and 30 s at most, and told to `onWarning`.
   *
   * @throws what the handler rejected with, where `onGiveUp` is `stop`; NetlogClientError invalid_argument when it runs.
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
    return await this.#patiently("finding its place", signal, async () => {
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

  /** Reads and handles what comes next; the place after that, `undefined` when it was aborted within. */
  async #step(next: number, signal: AbortSignal): Promise<number | undefined> {
    const batch = await this.#patiently("reading", signal, () => this.#read(next, signal));
    if (batch === undefined) return undefined;
    let saved = next;
    for (const message of batch.messages) {
      const outcome = await this.#handle(message, signal);
      if (outcome === "undone") return undefined;
      if (outcome === "unknown") continue;
      saved = message.offset + 1;
      await this.#save(saved, signal);
      if (signal.aborted) return undefined;
    }
    if (saved !== batch.nextOffset) await this.#save(batch.nextOffset, signal);
    return batch.nextOffset;
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
      return { messages: [], nextOffset };
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

  /** `undone`: it was aborted before the event was handled or given up. */
  async #handle(message: Message, signal: AbortSignal): Promise<"done" | "unknown" | "undone"> {
    const event = decodeEvent(message);
    const handler = event === undefined ? undefined : this.#handlerOf(event.type);
    if (event === undefined || handler === undefined) {
      if (event === undefined)
        this.#warnings.tell("invalid", `${this.#topic.name}: message ${message.offset} is no event`);
      this.#unknown++;
      return "unknown";
    }
    const first = await this.#call(handler, event, signal);
    if (first === undefined) return "done";
    if (signal.aborted) return "undone";
    this.#warnings.tell("failed", `${this.#about(event)} failed; it is called once more`, first.error);
    await sleep(this.#runtime, SECOND_CALL_AFTER_MS, signal).catch(() => {});
    if (signal.aborted) return "undone";
    this.#retried++;
    const second = await this.#call(handler, event, signal);
    if (second === undefined) return "done";
    return signal.aborted ? "undone" : await this.#giveUp(event, message, second.error, signal);
  }

  async #call(
    handler: EventHandler,
    event: StoredEvent,
    signal: AbortSignal,
  ): Promise<{ readonly error: unknown } | undefined> {
    try {
      await handler(event, { signal });
      this.#handled++;
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  async #giveUp(
    event: StoredEvent,
    message: Message,
    error: unknown,
    signal: AbortSignal,
  ): Promise<"done" | "undone"> {
    if (this.#options.onGiveUp === "stop") throw error;
    if (this.#park === undefined) {
      this.#skipped++;
      this.#warnings.tell("failed", `${this.#about(event)} failed twice; the event is passed over`, error);
      return "done";
    }
    const park = this.#park;
    this.#warnings.tell(
      "failed",
      `${this.#about(event)} failed twice; the event goes to ${park.name}`,
      error,
    );
    const isParked = await this.#patiently(`parking in ${park.name}`, signal, async () => {
      await publishCreating(park, message.payload, { retry: "always", signal });
      return true;
    });
    if (isParked !== true) return "undone";
    this.#parked++;
    return "done";
  }

  /**
   * Until it succeeds; `undefined` when it is aborted before. @throws what no waiting mends: an offset that is none, or
   * beyond the end; a scanner of that name for something else.
   */
  async #patiently<T>(what: string, signal: AbortSignal, attempt: () => Promise<T>): Promise<T | undefined> {
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        return await attempt();
      } catch (error) {
        if (signal.aborted) break;
        if (isNetlogClientError(error, ...HOPELESS)) throw error;
        const { name } = this.#options;
        this.#warnings.tell("away", `${name}: ${what} failed, and is tried again`, error);
        await sleep(this.#runtime, waitAfter(failures, error), signal).catch(() => {});
      }
    }
    return undefined;
  }

  /** What was handled is saved also when it is aborted: once more then, and it is given up. */
  async #save(next: number, signal: AbortSignal): Promise<void> {
    for (let failures = 1; ; failures++) {
      try {
        await this.#store.save(next, {});
        return;
      } catch (error) {
        this.#warnings.tell("away", `${this.#options.name}: the place ${next} was not saved`, error);
        if (signal.aborted) return;
        await sleep(this.#runtime, waitAfter(failures, error), signal).catch(() => {});
      }
    }
  }

  #handlerOf(type: string): EventHandler | undefined {
    const handlers = this.#options.handlers as EventHandlers | EventHandler;
    if (typeof handlers === "function") return handlers;
    return Object.hasOwn(handlers, type) ? handlers[type] : undefined;
  }

  #about({ type, offset }: StoredEvent): string {
    return `${this.#options.name}: the handler of ${type}, message ${offset} of ${this.#topic.name},`;
  }
}

/** Where a reader goes on behind what retention dropped, or what is damaged. */
function nextAfterGap(error: unknown): number | undefined {
  if (isNetlogClientError(error, "offset_not_found")) return error.firstOffset;
  return isNetlogClientError(error, "checksum_error") ? error.nextOffset : undefined;
}
