/**
 * Requests on their way to one other server. Those that wait while others are on their way go together as one message of core
 * NATS, which stores nothing and may lose it: so the other server is asked now and then whether it still has a message, and
 * each request has an outcome when it has not, is gone, the connection breaks, or too much time has passed.
 */
import type { Runtime, Timer } from "../../base/runtime.ts";
import type { Relayed, RelayOutcome } from "../../topic/neighbours.ts";
import type { EngineConnection, Received } from "../nats/connection.ts";
import { bufferOf } from "../nats/jetstream-api.ts";
import type { JetstreamCaps } from "../nats/limits.ts";
import { bytesInMessage, decodeAnswers, encodeRequests, MESSAGE_BYTES, NOT_THERE } from "./relay-messages.ts";

export interface LaneOptions {
  readonly connection: Pick<EngineConnection, "publish" | "subscribe" | "newInbox">;
  readonly runtime: Runtime;
  readonly limits: JetstreamCaps;
  /** Where the other server takes requests. */
  readonly subject: string;
  /** The most bytes of one message; no request has more. */
  readonly messageBytes: number;
  /** NATS says that nobody takes requests there. */
  readonly onNobody: () => void;
  readonly counts: RelayCounts;
}

/** Since the start. */
export interface RelayCounts {
  relayedRequests: number;
  relayMessages: number;
}

interface Waiting {
  readonly request: Relayed;
  readonly resolve: (outcome: RelayOutcome) => void;
}

interface Flight {
  /** Those without an outcome, by their index. */
  readonly open: Map<number, Waiting>;
  readonly endMs: number;
  timer: Timer | undefined;
}

const NO_RESPONDERS = 503;
const DIGITS = 36;
/** In place of the number, where a message only asks: that nobody is there says nothing of the message that it asks about. */
const QUESTION = "-";

export class RelayLane {
  readonly #options: LaneOptions;
  readonly #inbox: string;
  readonly #unsubscribe: () => void;
  #waiting: Waiting[] = [];
  /** By the number of the message. */
  readonly #flights = new Map<number, Flight>();
  #lastNumber = 0;
  #isFlushDue = false;

  constructor(options: LaneOptions) {
    const { connection } = options;
    this.#options = options;
    this.#inbox = connection.newInbox();
    this.#unsubscribe = connection.subscribe(`${this.#inbox}.*`, (message) => this.#hear(message));
  }

  send(request: Relayed): Promise<RelayOutcome> {
    return new Promise((resolve) => {
      this.#waiting.push({ request, resolve });
      this.#flushLater();
    });
  }

  /** What is on its way may be done, what was not sent is not: the connection is lost, or the other server is gone. */
  break(): void {
    for (const number of [...this.#flights.keys()]) this.#end(number, "unknown");
    for (const { resolve } of this.#waiting.splice(0)) resolve("not_taken");
  }

  end(): void {
    this.break();
    this.#unsubscribe();
  }

  #flushLater(): void {
    if (this.#isFlushDue || this.#waiting.length === 0) return;
    this.#isFlushDue = true;
    this.#options.runtime.endOfTurn(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isFlushDue = false;
    const { limits } = this.#options;
    while (this.#waiting.length > 0 && this.#flights.size < limits.engineRelayMessages) this.#sendSome();
  };

  #sendSome(): void {
    const { connection, subject, runtime, limits, messageBytes, counts } = this.#options;
    let sizeBytes = MESSAGE_BYTES;
    let count = 0;
    for (const { request } of this.#waiting) {
      sizeBytes += bytesInMessage(request.texts, request.body.length);
      if (count > 0 && sizeBytes > messageBytes) break;
      count += 1;
    }
    const sent = this.#waiting.splice(0, count);
    this.#lastNumber = (this.#lastNumber + 1) >>> 0;
    const number = this.#lastNumber;
    const bytes = encodeRequests(
      number,
      sent.map(({ request }) => request),
    );
    const endMs = runtime.elapsedMs() + limits.engineRelayMs;
    const flight = { open: new Map(sent.entries()), endMs, timer: undefined };
    this.#flights.set(number, flight);
    this.#watch(number, flight);
    counts.relayedRequests += count;
    counts.relayMessages += 1;
    try {
      connection.publish(subject, bytes, { reply: `${this.#inbox}.${number.toString(DIGITS)}` });
    } catch {
      this.#end(number, "not_taken");
    }
  }

  #watch(number: number, flight: Flight): void {
    const { connection, subject, runtime, limits } = this.#options;
    const leftMs = flight.endMs - runtime.elapsedMs();
    flight.timer = runtime.setTimer(Math.min(limits.engineRelayAskMs, leftMs), () => {
      if (runtime.elapsedMs() >= flight.endMs) {
        this.#end(number, "unknown");
        return;
      }
      try {
        connection.publish(subject, encodeRequests(number, []), { reply: `${this.#inbox}.${QUESTION}` });
      } catch {
        // The loss of the connection ends what is on its way.
      }
      this.#watch(number, flight);
    });
  }

  #hear({ subject, data, headers }: Received): void {
    if (data.length === 0 && headers?.code === NO_RESPONDERS) {
      this.#end(Number.parseInt(subject.slice(this.#inbox.length + 1), DIGITS), "not_taken");
      this.#options.onNobody();
      return;
    }
    for (const { message, index, answer } of decodeAnswers(bufferOf(data)) ?? []) {
      if (index === NOT_THERE) this.#end(message, "unknown");
      const flight = this.#flights.get(message);
      const waiting = flight?.open.get(index);
      if (flight === undefined || waiting === undefined) continue;
      flight.open.delete(index);
      waiting.resolve(answer.texts.length === 0 ? "unknown" : answer);
      if (flight.open.size === 0) this.#end(message, "unknown");
    }
  }

  /** All that is open of a message has this outcome, and the next message may go. */
  #end(number: number, outcome: RelayOutcome): void {
    const flight = this.#flights.get(number);
    if (flight === undefined) return;
    this.#flights.delete(number);
    flight.timer?.cancel();
    for (const { resolve } of flight.open.values()) resolve(outcome);
    this.#flushLater();
  }
}
