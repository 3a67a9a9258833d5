/**
 * Sends messages into a stream in order, a few in flight at a time, each for the place behind the one before. Where an
 * answer does not come, or is a refusal, it sends nothing new: it resolves what became of the messages in flight, the
 * oldest first, by sending the same bytes for the same place again.
 */
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import type { EngineCounters } from "./engine-counters.ts";
import type { JetStreamApi } from "./jetstream-api.ts";
import type { JetstreamCaps } from "./limits.ts";
import { type Outcome, type Outgoing, sendOnce } from "./outgoing.ts";

/**
 * Why the publisher sends nothing any more. `fenced`: another writer took the stream over; `unresolved`: for too long nobody
 * knew what became of a message; `data_lost`: the stream ends before what was acknowledged; `deleted`: it is gone.
 */
export type PublisherEnd = "fenced" | "unresolved" | "data_lost" | "deleted";

/** Why messages were not stored: NATS has no room, or could not be reached. */
export type Refusal = "no_room" | "unreachable";

export interface PublisherOwner<Message extends Outgoing> {
  /** Stored by a majority; in order. */
  stored(message: Message): void;
  /** None of them is stored, nor will be; the publisher goes on behind the message that was stored last. */
  refused(reason: Refusal, messages: readonly Message[]): void;
  /** The publisher has ended. Those that may be stored come first. */
  ended(reason: PublisherEnd, messages: readonly Message[]): void;
  /** It can send, where it could not. */
  ready(): void;
}

export interface PublisherOptions<Message extends Outgoing> {
  readonly api: JetStreamApi;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: JetstreamCaps;
  readonly counters: EngineCounters;
  readonly stream: string;
  /** Of the newest message, which is the writer's claim. */
  readonly lastSequence: number;
  readonly owner: PublisherOwner<Message>;
}

/** After so many tries the publisher looks whether the stream is there. */
const TRIES_PER_LOOK = 4;

interface Flight<Message> {
  readonly message: Message;
  /** How the newest sending came out; never rejects. */
  outcome: Promise<Outcome>;
  sentAtMs: number;
}

export class OrderedPublisher<Message extends Outgoing> {
  readonly #options: PublisherOptions<Message>;
  readonly #flights: Flight<Message>[] = [];
  #storedSequence: number;
  #isResolving = false;
  #isEnded = false;
  readonly #idle: (() => void)[] = [];
  readonly #endWatch: () => void;

  constructor(options: PublisherOptions<Message>) {
    this.#options = options;
    this.#storedSequence = options.lastSequence;
    this.#endWatch = options.api.connection.onBack(() => this.#reportReady());
  }

  /** The sequence of the newest message that is known to be stored. */
  get storedSequence(): number {
    return this.#storedSequence;
  }

  /** The sequence of the message that is sent next. */
  get nextSequence(): number {
    return this.#storedSequence + this.#flights.length + 1;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get inFlight(): number {
    return this.#flights.length;
  }

  /** A message that is sent now goes out at once. */
  get canSend(): boolean {
    const { api, limits } = this.#options;
    const isFree = !this.#isEnded && !this.#isResolving && this.#flights.length < limits.engineInFlight;
    return isFree && api.connection.isConnected;
  }

  /** `message` has `nextSequence`, and the publisher can send. */
  send(message: Message): void {
    const flight = { message, outcome: Promise.resolve<Outcome>("unknown"), sentAtMs: 0 };
    this.#flights.push(flight);
    this.#sendNow(flight);
  }

  /** Resolves when nothing is in flight, or the publisher has ended. */
  async idle(): Promise<void> {
    if (this.#flights.length > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Sends and resolves nothing any more; what is in flight is nobody's business. */
  stop(): void {
    this.#isEnded = true;
    this.#flights.length = 0;
    this.#endWatch();
    this.#reportIdle();
  }

  #sendNow(flight: Flight<Message>): void {
    const { api, runtime, stream, limits } = this.#options;
    flight.sentAtMs = runtime.elapsedMs();
    flight.outcome = sendOnce(api, stream, flight.message, limits.engineAckMs);
    void flight.outcome.then((outcome) => this.#cameOut(flight, outcome));
  }

  #cameOut(flight: Flight<Message>, outcome: Outcome): void {
    if (outcome === "stored") this.#storedUpTo(flight);
    else if (this.#flights.includes(flight) && !this.#isResolving) void this.#resolve();
  }

  /** An ack confirms all before it, for each message names the one that it follows. */
  #storedUpTo(flight: Flight<Message>): void {
    const count = this.#flights.indexOf(flight) + 1;
    if (count === 0) return;
    const { counters, owner, runtime } = this.#options;
    const couldSend = this.canSend;
    counters.ackMs.add(runtime.elapsedMs() - flight.sentAtMs);
    for (const { message } of this.#flights.splice(0, count)) {
      this.#storedSequence = message.sequence;
      counters.acks += 1;
      owner.stored(message);
    }
    if (this.#flights.length === 0) this.#reportIdle();
    if (!couldSend) this.#reportReady();
  }

  /** Until all that is in flight has an outcome. Never rejects. */
  async #resolve(): Promise<void> {
    const { runtime, limits, counters, logger, stream } = this.#options;
    logger.warn({ stream, inFlight: this.#flights.length }, "an append to NATS has no known outcome yet");
    this.#isResolving = true;
    for (let head = this.#flights[0]; head !== undefined; head = this.#flights[0]) {
      const giveUpAtMs = runtime.elapsedMs() + limits.engineResolveMs;
      await this.#resolveHead(head, giveUpAtMs);
      counters.resolvedOutcomes += 1;
    }
    this.#isResolving = false;
    this.#reportReady();
  }

  /** When it resolves, the flight is none any more. */
  async #resolveHead(head: Flight<Message>, giveUpAtMs: number): Promise<void> {
    const { runtime, counters, limits } = this.#options;
    for (let tries = 1; ; tries++) {
      const outcome = await head.outcome;
      if (this.#flights[0] !== head) return;
      if (outcome === "fenced") return this.#end("fenced");
      const isRefused = !head.message.mayBeStored;
      if (outcome === "no_room" && isRefused) return this.#refuse("no_room");
      const leftMs = giveUpAtMs - runtime.elapsedMs();
      if (leftMs <= 0) {
        if (outcome === "behind") return this.#end("data_lost");
        return isRefused ? this.#refuse("unreachable") : this.#end("unresolved");
      }
      counters.unknownOutcomes += 1;
      const sentForMs = runtime.elapsedMs() - head.sentAtMs;
      await this.#pause(Math.min(leftMs, Math.max(0, limits.engineRetryMs - sentForMs)), leftMs);
      if (tries % TRIES_PER_LOOK === 0 && (await this.#isStreamGone())) return this.#end("deleted");
      if (this.#flights[0] === head) this.#sendNow(head);
    }
  }

  /** Until it may be worth to try again: for `delayMs`, or without a connection until it is back. */
  #pause(delayMs: number, leftMs: number): Promise<void> {
    const { api, runtime } = this.#options;
    const { connection } = api;
    return new Promise((resolve) => {
      const timer = runtime.setTimer(connection.isConnected ? delayMs : leftMs, goOn);
      const endBack = connection.onBack(goOn);
      function goOn(): void {
        timer.cancel();
        endBack();
        resolve();
      }
    });
  }

  async #isStreamGone(): Promise<boolean> {
    const { api, stream, limits } = this.#options;
    try {
      return (await api.streamInfo(stream, limits.engineAckMs)) === undefined;
    } catch {
      return false;
    }
  }

  /** The oldest message in flight is not stored, so those behind it cannot be. */
  async #refuse(reason: Refusal): Promise<void> {
    const refused = this.#flights.map(({ message }) => message);
    await Promise.all(this.#flights.map(({ outcome }) => outcome));
    if (this.#isEnded) return;
    this.#flights.length = 0;
    this.#reportIdle();
    this.#options.owner.refused(reason, refused);
  }

  #end(reason: PublisherEnd): void {
    if (this.#isEnded) return;
    const messages = this.#flights.map(({ message }) => message);
    this.stop();
    this.#options.owner.ended(reason, messages);
  }

  #reportReady(): void {
    if (this.canSend) this.#options.owner.ready();
  }

  #reportIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
