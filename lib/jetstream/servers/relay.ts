/** Relays small requests between the servers of one NATS: to the owners of topics, and from the other servers to this one. */
import type { Logger } from "../../base/logger.ts";
import type { Runtime } from "../../base/runtime.ts";
import type { Relay, Relayed, RelayOutcome, TakeRelayed } from "../../topic/neighbours.ts";
import type { EngineConnection, Received } from "../nats/connection.ts";
import { bufferOf } from "../nats/jetstream-api.ts";
import type { JetstreamCaps } from "../nats/limits.ts";
import type { EngineNames } from "../nats/names.ts";
import type { Self } from "./presence.ts";
import { type RelayCounts, RelayLane } from "./relay-lane.ts";
import {
  bytesInMessage,
  decodeRequests,
  encodeAnswers,
  MESSAGE_BYTES,
  NOT_THERE,
  NOTHING,
  RELAY_VERSION,
  type RelayedAnswer,
} from "./relay-messages.ts";

export interface RelayOptions {
  readonly connection: Pick<
    EngineConnection,
    | "publish"
    | "subscribe"
    | "subscribeUntil"
    | "newInbox"
    | "onLost"
    | "onBack"
    | "isConnected"
    | "maxPayloadBytes"
  >;
  readonly names: EngineNames;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: JetstreamCaps;
  readonly self: Self;
  /** A request to this server found nobody. */
  readonly suspect: (incarnation: string) => void;
}

/** So many answers are kept for others while there is no connection. */
const KEPT_ANSWERS = 10_000;

export class EngineRelay implements Relay {
  readonly #options: RelayOptions;
  readonly #lanes = new Map<string, RelayLane>();
  /** The lanes by the URLs of the servers that they lead to. */
  #byUrl: ReadonlyMap<string, RelayLane> = new Map();
  /** Answers of this turn, by the subject that they go to. */
  readonly #answers = new Map<string, RelayedAnswer[]>();
  #answerCount = 0;
  /** Requests without an answer, by the message in which others sent them. */
  readonly #taken = new Map<string, number>();
  readonly counts: RelayCounts = { relayedRequests: 0, relayMessages: 0 };
  #isFlushDue = false;
  readonly #endWatches: readonly (() => void)[];

  constructor(options: RelayOptions) {
    this.#options = options;
    const { connection } = options;
    this.#endWatches = [
      connection.onLost(() => {
        for (const lane of this.#lanes.values()) lane.break();
      }),
      connection.onBack(() => this.#flush()),
    ];
  }

  bytesOf(texts: readonly string[], bodyBytes: number): number | undefined {
    const sizeBytes = bytesInMessage(texts, bodyBytes);
    return sizeBytes <= this.#messageBytes - MESSAGE_BYTES ? sizeBytes : undefined;
  }

  get #messageBytes(): number {
    const { connection, limits } = this.#options;
    return Math.min(limits.engineMessageBytes, connection.maxPayloadBytes);
  }

  reaches(url: string): boolean {
    return this.#options.connection.isConnected && this.#byUrl.has(url);
  }

  send(url: string, request: Relayed): Promise<RelayOutcome> {
    return this.#byUrl.get(url)?.send(request) ?? Promise.resolve("not_taken");
  }

  /** These servers live, and no others do. */
  serversChanged(living: readonly Self[]): void {
    const { connection, runtime, limits, names, suspect } = this.#options;
    const byUrl = new Map<string, RelayLane>();
    for (const { incarnation, url, relayVersion } of living) {
      if (url === undefined || relayVersion !== RELAY_VERSION) continue;
      const lane =
        this.#lanes.get(incarnation) ??
        new RelayLane({
          connection,
          runtime,
          limits,
          subject: names.relaySubject(incarnation),
          messageBytes: this.#messageBytes,
          onNobody: () => suspect(incarnation),
          counts: this.counts,
        });
      this.#lanes.set(incarnation, lane);
      // A second server that was started there by mistake serves nothing, and one that follows a dead one has its turn soon.
      if (!byUrl.has(url)) byUrl.set(url, lane);
    }
    this.#byUrl = byUrl;
    const left = new Set(living.map(({ incarnation }) => incarnation));
    for (const [incarnation, lane] of this.#lanes) {
      if (left.has(incarnation)) continue;
      this.#lanes.delete(incarnation);
      lane.end();
    }
  }

  receive(take: TakeRelayed): () => Promise<void> {
    const { connection, names, self } = this.#options;
    return connection.subscribeUntil(names.relaySubject(self.incarnation), (message) =>
      this.#take(message, take),
    );
  }

  end(): void {
    for (const end of this.#endWatches) end();
    this.serversChanged([]);
  }

  #take({ data, reply = "" }: Received, take: TakeRelayed): void {
    const relayed = decodeRequests(bufferOf(data));
    // The last token names the message, for NATS to say that nobody is there.
    const inbox = reply.slice(0, reply.lastIndexOf("."));
    if (relayed === undefined || inbox === "") {
      this.#options.logger.error(
        { sizeBytes: data.length },
        "another server relays requests in a way unknown here",
      );
      return;
    }
    const { message, requests } = relayed;
    const subject = `${inbox}.a`;
    const key = `${inbox} ${message}`;
    if (requests.length === 0) {
      // Behind all answers to it that were given before.
      if (!this.#taken.has(key)) this.#answer(subject, { message, index: NOT_THERE, answer: NOTHING });
      return;
    }
    this.#taken.set(key, requests.length);
    for (const [index, request] of requests.entries()) {
      take(request, (answer = NOTHING) => {
        const leftCount = (this.#taken.get(key) ?? 0) - 1;
        if (leftCount > 0) this.#taken.set(key, leftCount);
        else this.#taken.delete(key);
        this.#answer(subject, { message, index, answer });
      });
    }
  }

  #answer(subject: string, answer: RelayedAnswer): void {
    const answers = this.#answers.get(subject);
    if (answers === undefined) this.#answers.set(subject, [answer]);
    else answers.push(answer);
    this.#answerCount += 1;
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#options.runtime.endOfTurn(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushDue = false;
    // Those that wait for answers find out by themselves that none come.
    const isKept = !this.#options.connection.isConnected && this.#answerCount < KEPT_ANSWERS;
    if (isKept) return;
    for (const [subject, answers] of this.#answers) this.#send(subject, answers);
    this.#answers.clear();
    this.#answerCount = 0;
  }

  #send(subject: string, answers: readonly RelayedAnswer[]): void {
    const maxBytes = this.#messageBytes - MESSAGE_BYTES;
    let some: RelayedAnswer[] = [];
    let sizeBytes = 0;
    for (const given of answers) {
      const { texts, body } = given.answer;
      const answerBytes = bytesInMessage(texts, body.length);
      if (some.length > 0 && sizeBytes + answerBytes > maxBytes) {
        this.#publish(subject, some);
        some = [];
        sizeBytes = 0;
      }
      // What is too large for a message is no answer: nobody learns the outcome.
      some.push(answerBytes <= maxBytes ? given : { ...given, answer: NOTHING });
      sizeBytes += answerBytes;
    }
    this.#publish(subject, some);
  }

  #publish(subject: string, answers: readonly RelayedAnswer[]): void {
    try {
      this.#options.connection.publish(subject, encodeAnswers(answers));
    } catch {
      // There is no connection, and too many answers to keep.
    }
  }
}
