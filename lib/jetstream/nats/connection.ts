/**
 * The one connection of a server to NATS: requests with their answers, publishes, subscriptions, and what becomes of the
 * connection. All that waits for an answer fails when the connection breaks, so that its caller can look for the outcome
 * at once. The client of NATS is loaded when a connection is made, and not before.
 */
import type {
  Msg,
  MsgHdrs,
  NatsConnection,
  PermissionViolationError,
  Subscription,
} from "@nats-io/transport-node";
import type { Logger } from "../../base/logger.ts";
import type { Runtime, Timer } from "../../base/runtime.ts";
import { connectionOptions, type EngineAddress } from "./engine-address.ts";
import { NoAnswer, type NoAnswerKind } from "./errors.ts";
import type { JetstreamCaps } from "./limits.ts";

/** Subjects that the user may not use; so many are remembered. */
const MAX_DENIED = 1000;

export interface ConnectionContext {
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: JetstreamCaps;
}

/** A message of NATS; its bytes are the receiver's. */
export type Received = Pick<Msg, "subject" | "data" | "headers" | "reply">;

export interface RequestFacts {
  readonly headers?: readonly (readonly [string, string])[];
  /** `engineRequestMs` when absent. */
  readonly timeoutMs?: number;
}

interface Waiting {
  readonly subject: string;
  readonly timer: Timer;
  readonly resolve: (answer: Received) => void;
  readonly reject: (error: NoAnswer) => void;
}

export class EngineConnection {
  readonly #context: ConnectionContext;
  readonly #client: NatsConnection;
  readonly #newHeaders: () => MsgHdrs;
  readonly #inbox: string;
  readonly #waiting = new Map<string, Waiting>();
  readonly #lostListeners = new Set<() => void>();
  readonly #backListeners = new Set<() => void>();
  /** Permissions that the user lacks, logged since the connection began: NATS refuses each heartbeat anew. */
  readonly #denied = new Set<string>();
  #lastToken = 0;
  #lossCount = 0;
  #isConnected = true;
  #isClosed = false;

  private constructor(
    context: ConnectionContext,
    client: NatsConnection,
    inbox: string,
    newHeaders: () => MsgHdrs,
  ) {
    this.#context = context;
    this.#client = client;
    this.#newHeaders = newHeaders;
    this.#inbox = inbox;
    this.subscribe(`${inbox}.*`, (answer) => this.#answered(answer));
    void this.#watch();
  }

  /** @throws what the client of NATS throws when no server can be connected to. */
  static async connect(address: EngineAddress, context: ConnectionContext): Promise<EngineConnection> {
    const nats = await import("@nats-io/transport-node");
    const options = connectionOptions(address, context.limits, nats.credsAuthenticator);
    // A client that is refused by a cluster learns of its other servers meanwhile, and tries them all without end. This one
    // keeps to those that are named, and fails.
    await (await nats.connect({ ...options, ignoreClusterUpdates: true })).close();
    const client = await nats.connect(options);
    return new EngineConnection(context, client, nats.createInbox(), nats.headers);
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** How often it broke. */
  get lossCount(): number {
    return this.#lossCount;
  }

  /** Bytes that a message may have, its headers with it. */
  get maxPayloadBytes(): number {
    return this.#client.info?.max_payload ?? 0;
  }

  /** The version of the server that it is connected to now. */
  get serverVersion(): string {
    return this.#client.info?.version ?? "";
  }

  /** The server that it is connected to now is one of a cluster. */
  get isInCluster(): boolean {
    return this.#client.info?.cluster !== undefined;
  }

  get serverName(): string {
    return this.#client.info?.server_name ?? "";
  }

  /** Bytes and messages both ways, since the start. */
  get stats(): { inBytes: number; outBytes: number; inMsgs: number; outMsgs: number } {
    return this.#client.stats();
  }

  /** `payload` is read until the end of this turn. @throws NoAnswer: nothing is sent. */
  publish(
    subject: string,
    payload: Uint8Array | string,
    facts: RequestFacts & { reply?: string } = {},
  ): void {
    if (this.#isClosed) throw new NoAnswer("closed", subject);
    if (!this.#isConnected) throw new NoAnswer("not_connected", subject);
    const { reply } = facts;
    const headers = this.#headersOf(facts);
    this.#client.publish(subject, payload, {
      ...(reply === undefined ? {} : { reply }),
      ...(headers === undefined ? {} : { headers }),
    });
  }

  /** Resolves to the first answer. `payload` is read until the end of this turn. @throws NoAnswer. */
  request(subject: string, payload: Uint8Array | string, facts: RequestFacts = {}): Promise<Received> {
    const { runtime, limits } = this.#context;
    return new Promise((resolve, reject) => {
      const token = (++this.#lastToken).toString(36);
      try {
        this.publish(subject, payload, { ...facts, reply: `${this.#inbox}.${token}` });
      } catch (error) {
        reject(error);
        return;
      }
      const timer = runtime.setTimer(facts.timeoutMs ?? limits.engineRequestMs, () =>
        this.#fail(token, "timeout"),
      );
      this.#waiting.set(token, { subject, timer, resolve, reject });
    });
  }

  /**
   * Hands over what comes, also after the connection was lost and is back. The function returned ends it. What `receive`
   * throws is a defect, and is logged: to the client of NATS it would be the end of all that comes.
   */
  subscribe(subject: string, receive: (message: Received) => void): () => void {
    const subscription = this.#subscription(subject, receive);
    return () => subscription.unsubscribe();
  }

  /** As subscribe; but what NATS sends until its end has come there is handed over, and then that resolves. Never rejects. */
  subscribeUntil(subject: string, receive: (message: Received) => void): () => Promise<void> {
    const subscription = this.#subscription(subject, receive);
    return () => subscription.drain().catch(() => {});
  }

  #subscription(subject: string, receive: (message: Received) => void): Subscription {
    const { logger } = this.#context;
    return this.#client.subscribe(subject, {
      callback: (refusal, message) => {
        if (refusal !== null) {
          // The status of the client reports a lack of permissions as well.
          if (!isDenial(refusal)) logger.error({ err: refusal, subject }, "NATS refused a subscription");
          return;
        }
        try {
          receive(message);
        } catch (error) {
          logger.error({ err: error, subject }, "a message of NATS could not be handled");
        }
      },
    });
  }

  /** A subject that nobody else uses. */
  newInbox(): string {
    return `${this.#inbox}-${(++this.#lastToken).toString(36)}`;
  }

  /** Calls `fire` once, after `delayMs`. */
  timer(delayMs: number, fire: () => void): Timer {
    return this.#context.runtime.setTimer(delayMs, fire);
  }

  /** Calls `listener` whenever the connection breaks. The function returned takes it away. */
  onLost(listener: () => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  /** Calls `listener` whenever the connection is there again. */
  onBack(listener: () => void): () => void {
    this.#backListeners.add(listener);
    return () => this.#backListeners.delete(listener);
  }

  /** Resolves when all that was sent before has reached the server. */
  flush(): Promise<void> {
    return this.#client.flush();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isConnected = false;
    this.#failAll("closed");
    await this.#client.close();
  }

  async #watch(): Promise<void> {
    const { logger } = this.#context;
    for await (const status of this.#client.status()) {
      if (status.type === "disconnect") this.#lost(status.server);
      else if (status.type === "reconnect") this.#back(status.server);
      else if (status.type === "error") {
        if (isDenial(status.error)) this.#deny(status.error);
        else logger.error({ err: status.error }, "NATS reports an error");
      }
    }
    // The client gave up: it was closed here, or the servers take it no more.
    if (this.#isClosed) return;
    logger.error({ err: await this.#client.closed() }, "the connection to NATS has ended for good");
    this.#lost(this.#client.getServer());
  }

  #lost(server: string): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#lossCount += 1;
    this.#context.logger.warn({ server }, "the connection to NATS is lost");
    this.#failAll("disconnected");
    for (const listener of this.#lostListeners) listener();
  }

  #back(server: string): void {
    if (this.#isClosed) return;
    this.#isConnected = true;
    this.#denied.clear();
    this.#context.logger.info({ server }, "the connection to NATS is back");
    for (const listener of this.#backListeners) listener();
  }

  #answered(answer: Received): void {
    const token = answer.subject.slice(this.#inbox.length + 1);
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return;
    // 503 is the answer of NATS itself: nobody serves the subject.
    if (answer.data.length === 0 && answer.headers?.code === 503) {
      this.#fail(token, "no_responders");
      return;
    }
    this.#waiting.delete(token);
    waiting.timer.cancel();
    waiting.resolve(answer);
  }

  #fail(token: string, kind: NoAnswerKind, subject?: string): void {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return;
    this.#waiting.delete(token);
    waiting.timer.cancel();
    waiting.reject(new NoAnswer(kind, subject ?? waiting.subject));
  }

  /** NATS names the subject that its user may not publish to, or subscribe to. */
  #deny({ operation, subject }: PermissionViolationError): void {
    this.#logDenial(operation, subject);
    const isInbox = subject === `${this.#inbox}.*`;
    for (const [token, waiting] of this.#waiting) {
      if (isInbox || waiting.subject === subject) this.#fail(token, "denied", subject);
    }
  }

  #logDenial(operation: PermissionViolationError["operation"], subject: string): void {
    const key = `${operation} ${subject}`;
    if (this.#denied.has(key)) return;
    if (this.#denied.size >= MAX_DENIED) this.#denied.clear();
    this.#denied.add(key);
    const what = operation === "publish" ? "publish" : "subscribe";
    this.#context.logger.error({ subject }, `the user of NATS lacks the permission to ${what} to a subject`);
  }

  #failAll(kind: NoAnswerKind): void {
    for (const token of [...this.#waiting.keys()]) this.#fail(token, kind);
  }

  #headersOf({ headers = [] }: RequestFacts): MsgHdrs | undefined {
    if (headers.length === 0) return undefined;
    const made = this.#newHeaders();
    for (const [name, value] of headers) made.set(name, value);
    return made;
  }
}

/** The client has a class of this name, which would have to be loaded to be compared with. */
function isDenial(error: Error): error is PermissionViolationError {
  return error.name === "PermissionViolationError";
}
