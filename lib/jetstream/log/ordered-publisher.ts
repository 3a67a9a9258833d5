/**
 * Sends messages into a stream, each for the place behind the one before, one at a time. Where an answer does not come, or is
 * a refusal, it resolves what became of the message, by sending the same bytes for the same place again.
 *
 * Two in flight would not be safe. JetStream compares places, and not what lies there: when another server's claim takes the
 * place of the first, the second finds the place that it names taken, and is stored behind that claim. So the messages
 * of many appends share one instead, as files share a sync.
 */
import type { Logger } from "../../base/logger.ts";
import type { Runtime } from "../../base/runtime.ts";
import type { JetStreamApi } from "../nats/jetstream-api.ts";
import type { JetstreamCaps } from "../nats/limits.ts";
import type { EngineCounters } from "./engine-counters.ts";
import { type Outcome, type Outgoing, sendOnce } from "./outgoing.ts";

/**
 * Why the publisher sends nothing any more. `fenced`: another writer took the stream over; `unresolved`: for too long nobody
 * knew what became of a message; `data_lost`: the stream ends before what was acknowledged; `deleted`: it is gone.
 */
export type PublisherEnd = "fenced" | "unresolved" | "data_lost" | "deleted";

/** Why messages were not stored: NATS has no room, or could not be reached. */
export type Refusal = "no_room" | "unreachable";

export interface PublisherOwner<Message extends Outgoing> {
  /** Stored by a majority. */
  stored(message: Message): void;
  /** It is not stored, nor will be; the publisher goes on. */
  refused(reason: Refusal, message: Message): void;
  /** The publisher has ended. `message` was in flight: it is stored, or is not, as its `mayBeStored` and the reason say. */
  ended(reason: PublisherEnd, message: Message | undefined): void;
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
  /** How many copies the stream has. */
  readonly copies: number;
  /** The sequence of the newest message, which is the writer's claim. */
  readonly lastSequence: number;
  readonly owner: PublisherOwner<Message>;
}

/** After so many tries the publisher looks whether the stream is there. */
const TRIES_PER_LOOK = 4;

interface Flight<Message> {
  readonly message: Message;
  /** How often the connection had broken before the newest sending. */
  lossCount: number;
  /** How the newest sending came out; never rejects. */
  outcome: Promise<Outcome>;
  sentAtMs: number;
}

export class OrderedPublisher<Message extends Outgoing> {
  readonly #options: PublisherOptions<Message>;
  #flight: Flight<Message> | undefined;
  #storedSequence: number;
  #isEnded = false;
  /** The newest message that was stored. */
  #confirmed: Pick<Flight<Message>, "sentAtMs" | "lossCount"> | undefined;
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

  /** The sequence of the message that is sent next, when it can be. */
  get nextSequence(): number {
    return this.#storedSequence + 1;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** 0 or 1. */
  get inFlight(): number {
    return this.#flight === undefined ? 0 : 1;
  }

  /**
   * The stream was this writer's so lately that no other server can have taken it since: others take a server over that is
   * silent for `engineSilenceMs`, or that has no connection.
   */
  get isConfirmed(): boolean {
    const { api, runtime, limits } = this.#options;
    if (this.#confirmed === undefined || !api.connection.isConnected) return false;
    const { sentAtMs, lossCount } = this.#confirmed;
    return (
      lossCount === api.connection.lossCount && runtime.elapsedMs() - sentAtMs < limits.engineSilenceMs / 2
    );
  }

  /** A message that is sent now goes out at once. */
  get canSend(): boolean {
    return !this.#isEnded && this.#flight === undefined && this.#options.api.connection.isConnected;
  }

  /** `message` has `nextSequence`, and the publisher can send. */
  send(message: Message): void {
    const flight = { message, lossCount: 0, outcome: Promise.resolve<Outcome>("unknown"), sentAtMs: 0 };
    this.#flight = flight;
    this.#sendNow(flight);
    void flight.outcome.then((outcome) =>
      outcome === "stored" ? this.#stored(flight) : this.#resolve(flight),
    );
  }

  /** Resolves when nothing is in flight, or the publisher has ended. */
  async idle(): Promise<void> {
    if (this.#flight !== undefined) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Sends and resolves nothing any more; what is in flight is nobody's business. */
  stop(): void {
    this.#isEnded = true;
    this.#flight = undefined;
    this.#endWatch();
    this.#reportIdle();
  }

  #sendNow(flight: Flight<Message>): void {
    const { api, runtime, stream, limits } = this.#options;
    flight.sentAtMs = runtime.elapsedMs();
    flight.lossCount = api.connection.lossCount;
    flight.outcome = sendOnce(api, stream, flight.message, limits.engineAckMs);
  }

  #stored(flight: Flight<Message>): void {
    if (this.#flight !== flight) return;
    const { counters, owner, runtime } = this.#options;
    const { message } = flight;
    counters.ackMs.add(runtime.elapsedMs() - flight.sentAtMs);
    counters.acks += 1;
    this.#flight = undefined;
    this.#confirmed = flight;
    this.#storedSequence = message.sequence;
    owner.stored(message);
    this.#settled();
  }

  /** Until the message has an outcome. Never rejects. */
  async #resolve(flight: Flight<Message>): Promise<void> {
    const { runtime, limits, counters, logger, stream, copies } = this.#options;
    const giveUpAtMs = runtime.elapsedMs() + limits.engineResolveMs;
    for (let tries = 1; this.#flight === flight; tries++) {
      const outcome = await flight.outcome;
      if (this.#flight !== flight) return;
      // Each copy asks itself whether it has room. What the leader's refuses, another one may have stored.
      if (outcome === "no_room" && copies > 1) flight.message.mayBeStored = true;
      const isRefused = !flight.message.mayBeStored;
      if (outcome === "stored") counters.resolvedOutcomes += 1;
      if (outcome === "stored") return this.#stored(flight);
      if (outcome === "fenced") return this.#end("fenced");
      if (outcome === "no_room" && isRefused) return this.#refuse("no_room");
      const leftMs = giveUpAtMs - runtime.elapsedMs();
      if (leftMs <= 0) {
        if (outcome === "behind") return this.#end("data_lost");
        return isRefused ? this.#refuse("unreachable") : this.#end("unresolved");
      }
      counters.unknownOutcomes += 1;
      if (tries === 1) {
        const { refusal } = flight.message;
        logger.warn({ stream, outcome, err: refusal }, "an append to NATS has no known outcome yet");
      }
      const sentForMs = runtime.elapsedMs() - flight.sentAtMs;
      await this.#pause(Math.min(leftMs, Math.max(0, limits.engineRetryMs - sentForMs)), leftMs);
      if (tries % TRIES_PER_LOOK === 0 && (await this.#isStreamGone())) return this.#end("deleted");
      if (this.#flight === flight) this.#sendNow(flight);
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

  #refuse(reason: Refusal): void {
    const { message } = this.#flight!;
    this.#flight = undefined;
    this.#options.owner.refused(reason, message);
    this.#settled();
  }

  #settled(): void {
    if (this.#flight === undefined) this.#reportIdle();
    this.#reportReady();
  }

  #end(reason: PublisherEnd): void {
    if (this.#isEnded) return;
    const message = this.#flight?.message;
    this.stop();
    this.#options.owner.ended(reason, message);
  }

  #reportReady(): void {
    if (this.canSend) this.#options.owner.ready();
  }

  #reportIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
