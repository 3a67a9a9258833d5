/**
 * Messages of a stream in order, many for each request: an ephemeral consumer with one copy in the memory of NATS. It is
 * cheap to lose. A fetch that brings less than it should leaves it to the caller to make another one.
 *
 * Source: ADR-37 and server/consumer.go of nats-io/nats-server, for the statuses that end a fetch.
 */
import type { Received } from "./connection.ts";
import { isJetStreamError, NoAnswer } from "./errors.ts";
import { bufferOf, type JetStreamApi, type StoredMessage } from "./jetstream-api.ts";
import type { JetstreamCaps } from "./limits.ts";

const NS_PER_MS = 1_000_000;
/** When nothing came for so long behind the first message, nothing comes any more. */
const QUIET_MS = 250;
/** Status of an idle heartbeat or of flow control: it says nothing about the messages. */
const STATUS_IDLE = 100;

export interface ConsumerFacts {
  readonly stream: string;
  readonly fromSequence: number;
  /** All when absent. */
  readonly subject?: string;
}

export interface FetchBounds {
  readonly maxMessages: number;
  /** One message may be longer: then a fetch brings nothing. */
  readonly maxBytes: number;
  /** `engineRequestMs` when absent. */
  readonly timeoutMs?: number;
}

export class PullConsumer {
  readonly #api: JetStreamApi;
  readonly #limits: JetstreamCaps;
  readonly #stream: string;
  readonly #name: string;
  /** How many messages it has brought. */
  #broughtCount = 0;

  private constructor(api: JetStreamApi, limits: JetstreamCaps, stream: string, name: string) {
    this.#api = api;
    this.#limits = limits;
    this.#stream = stream;
    this.#name = name;
  }

  /** @throws JetStreamError, NoAnswer. */
  static async create(
    api: JetStreamApi,
    limits: JetstreamCaps,
    { stream, fromSequence, subject }: ConsumerFacts,
  ): Promise<PullConsumer> {
    const { name } = await api.call<{ name: string }>(`CONSUMER.CREATE.${stream}`, {
      stream_name: stream,
      config: {
        ack_policy: "none",
        deliver_policy: "by_start_sequence",
        opt_start_seq: Math.max(1, fromSequence),
        replay_policy: "instant",
        mem_storage: true,
        num_replicas: 1,
        inactive_threshold: limits.engineConsumerMs * NS_PER_MS,
        ...(subject === undefined ? {} : { filter_subject: subject }),
      },
    });
    return new PullConsumer(api, limits, stream, name);
  }

  /**
   * The next messages, in the stream's order, and none is left out. Resolves when all that may come have come, when there
   * are no more now behind the last one, or when NATS ends the request: because of `maxBytes`, or because the consumer is gone.
   * What comes too late for a fetch is lost for this consumer, which brings nothing from then on. One fetch at a time.
   *
   * @throws NoAnswer: the connection was lost, or nobody serves the consumer.
   */
  fetch({ maxMessages, maxBytes, timeoutMs }: FetchBounds): Promise<StoredMessage[]> {
    const { connection } = this.#api;
    const waitMs = timeoutMs ?? this.#limits.engineRequestMs;
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${this.#stream}.${this.#name}`;
    const messages: StoredMessage[] = [];
    return new Promise((resolve, reject) => {
      const inbox = connection.newInbox();
      const endLost = connection.onLost(() => finish(new NoAnswer("disconnected", subject)));
      const endInbox = connection.subscribe(inbox, (message) => {
        const place = placeOf(message);
        if (place !== undefined) {
          if (place.number !== this.#broughtCount + 1) return finish();
          this.#broughtCount += 1;
          const { subject: storedUnder, data } = message;
          messages.push({ sequence: place.sequence, subject: storedUnder, data: bufferOf(data) });
          if (messages.length === maxMessages || place.pendingCount === 0) finish();
        } else if (message.headers?.code === 503) finish(new NoAnswer("no_responders", subject));
        else if (message.headers?.code !== STATUS_IDLE) finish();
      });
      // NATS ends a request without a status where it has sent exactly `max_bytes` (2.9.10), or is gone.
      let seen = 0;
      let quietMs = 0;
      let timer = connection.timer(QUIET_MS, look);
      function look(): void {
        quietMs = messages.length === seen ? quietMs + QUIET_MS : 0;
        seen = messages.length;
        if (quietMs > waitMs + QUIET_MS) finish(new NoAnswer("timeout", subject));
        else if (quietMs > 0 && seen > 0) finish();
        else timer = connection.timer(QUIET_MS, look);
      }
      function finish(error?: NoAnswer): void {
        timer.cancel();
        endLost();
        endInbox();
        if (error === undefined) resolve(messages);
        else reject(error);
      }
      try {
        const request = { batch: maxMessages, max_bytes: maxBytes, expires: waitMs * NS_PER_MS };
        connection.publish(subject, JSON.stringify(request), { reply: inbox });
      } catch (error) {
        finish(error as NoAnswer);
      }
    });
  }

  /** NATS forgets an unused consumer by itself, too; so nothing is thrown. */
  async delete(): Promise<void> {
    try {
      await this.#api.call(`CONSUMER.DELETE.${this.#stream}.${this.#name}`, {});
    } catch (error) {
      if (!isJetStreamError(error) && !(error instanceof NoAnswer)) throw error;
    }
  }
}

interface Place {
  /** In the stream. */
  readonly sequence: number;
  /** Among those of the consumer, from 1. */
  readonly number: number;
  /** How many more there are. */
  readonly pendingCount: number;
}

/**
 * Out of the subject for a message's ack: `$JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer sequence>.
 * <time>.<pending>`, where two tokens for domain and account may stand before the stream. `undefined` for a status.
 */
function placeOf({ reply }: Received): Place | undefined {
  if (reply === undefined || !reply.startsWith("$JS.ACK.")) return undefined;
  const tokens = reply.split(".");
  const first = tokens.length >= 11 ? 7 : 5;
  const [sequence, number, , pendingCount] = tokens.slice(first).map(Number);
  return { sequence: sequence!, number: number!, pendingCount: pendingCount! };
}
