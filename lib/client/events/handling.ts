/** What is done with each event: its handler is called, once more where that failed, and then the event is given up. */
import type { Message } from "../message.ts";
import { type ClientRuntime, randomUuid, sleep } from "../runtime.ts";
import type { Topic } from "../topic.ts";
import type { AnyEvents, EventDecoder, EventType, StoredEvent } from "./event.ts";
import type { Patience } from "./patience.ts";
import { publishCreating } from "./publish-creating.ts";
import type { Warnings } from "./warnings.ts";

export interface HandlerContext {
  /** Aborted when the subscriber is to stop. What is handled to its end all the same counts as done. */
  readonly signal: AbortSignal;
}

/** Rejects when the event could not be handled. */
export type Handler<Event> = (event: Event, context: HandlerContext) => Promise<void> | void;

/** By the type that `Field` has: events of other types are passed over. */
export type Handlers<Stored, Field extends string> = {
  readonly [Type in TypeOf<Stored, Field>]?: Handler<Extract<Stored, Readonly<Record<Field, Type>>>>;
};

type TypeOf<Stored, Field extends string> =
  Stored extends Readonly<Record<Field, infer Type extends string>> ? Type : never;

export type EventHandler<Events = AnyEvents, Types extends EventType<Events> = EventType<Events>> = Handler<
  StoredEvent<Events, Types>
>;

export type EventHandlers<Events = AnyEvents> = Handlers<StoredEvent<Events>, "type">;

/**
 * What becomes of an event whose handler failed twice: passed over; or run rejects, and the event comes again; or its
 * message goes to another topic, which is created when it is missing, before it is passed over.
 */
export type OnGiveUp = "skip" | "stop" | { readonly park: string };

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

interface HandlingOptions {
  /** The subscriber's name. */
  readonly name: string;
  readonly topicName: string;
  readonly format: EventDecoder<unknown, string>;
  readonly handlers: Readonly<Record<string, Handler<unknown>>> | Handler<unknown>;
  readonly onGiveUp: "skip" | "stop" | { readonly park: Topic };
  readonly runtime: ClientRuntime;
  readonly warnings: Warnings;
  readonly patience: Patience;
}

const SECOND_CALL_AFTER_MS = 500;

export class EventHandling {
  readonly #options: HandlingOptions;
  readonly #counts = { handled: 0, retried: 0, skipped: 0, parked: 0, unknown: 0 };

  constructor(options: HandlingOptions) {
    this.#options = options;
  }

  get stats(): EventSubscriberStats {
    return { ...this.#counts };
  }

  /**
   * `unknown`: it is no event, or none that is handled. `undone`: it was aborted before the event was handled or given
   * up. @throws what the handler rejected with, where that is to end the run.
   */
  async handle(message: Message, signal: AbortSignal): Promise<"done" | "unknown" | "undone"> {
    const { format, topicName, runtime, warnings } = this.#options;
    let event: unknown;
    try {
      event = format.decode(message);
    } catch (error) {
      warnings.tell("invalid", `${topicName}: message ${message.offset} is no event that is known`, error);
      this.#counts.unknown++;
      return "unknown";
    }
    const type = String((event as Readonly<Record<string, unknown>>)[format.typeField]);
    const handler = this.#handlerOf(type);
    if (handler === undefined) {
      this.#counts.unknown++;
      return "unknown";
    }
    const first = await this.#call(handler, event, signal);
    if (first === undefined) return "done";
    if (signal.aborted) return "undone";
    warnings.tell("failed", `${this.#about(type, message)} failed; it is called once more`, first.error);
    await sleep(runtime, SECOND_CALL_AFTER_MS, signal).catch(() => {});
    if (signal.aborted) return "undone";
    this.#counts.retried++;
    const second = await this.#call(handler, event, signal);
    if (second === undefined) return "done";
    return signal.aborted ? "undone" : await this.#giveUp(type, message, second.error, signal);
  }

  async #call(
    handler: Handler<unknown>,
    event: unknown,
    signal: AbortSignal,
  ): Promise<{ readonly error: unknown } | undefined> {
    try {
      await handler(event, { signal });
      this.#counts.handled++;
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  async #giveUp(
    type: string,
    message: Message,
    error: unknown,
    signal: AbortSignal,
  ): Promise<"done" | "undone"> {
    const { onGiveUp, warnings, patience } = this.#options;
    if (onGiveUp === "stop") throw error;
    if (onGiveUp === "skip") {
      this.#counts.skipped++;
      warnings.tell("skipped", `${this.#about(type, message)} failed twice; the event is passed over`, error);
      return "done";
    }
    const { park } = onGiveUp;
    warnings.tell(
      "parked",
      `${this.#about(type, message)} failed twice; the event goes to ${park.name}`,
      error,
    );
    const fields = { key: message.key, contentType: message.contentType, headers: message.headers };
    const idempotencyKey = randomUuid();
    const isParked = await patience.until(`parking in ${park.name}`, signal, async () => {
      await publishCreating(park, message.payload, { ...fields, idempotencyKey, signal });
      return true;
    });
    if (isParked !== true) return "undone";
    this.#counts.parked++;
    return "done";
  }

  #handlerOf(type: string): Handler<unknown> | undefined {
    const { handlers } = this.#options;
    if (typeof handlers === "function") return handlers;
    return Object.hasOwn(handlers, type) ? handlers[type] : undefined;
  }

  #about(type: string, { offset }: Message): string {
    const { name, topicName } = this.#options;
    return `${name}: the handler of ${type}, message ${offset} of ${topicName},`;
  }
}
