/**
 * One client that asks for something, by whatever protocol: who it is, what it may do, what it takes of what all clients
 * share, and the topic that it uses meanwhile. exchange.ts has what a visit by HTTP is beside that.
 */
import type { Topic } from "../../lib/index.ts";
import { EVERYTHING, type Grant } from "../auth/access.ts";
import type { Need } from "../auth/rights.ts";
import type { ServerContext } from "./context.ts";
import type { Caller } from "./request.ts";
import { givenId } from "./request-log.ts";

/** What visits share that need no topics. */
export type VisitContext = Omit<ServerContext, "netlog">;

export class Visit<Context extends VisitContext = VisitContext, Side extends Caller = Caller> {
  readonly context: Context;
  readonly request: Side;
  readonly startedAtMs: number;
  /** The topic that it names, in the spelling of the request; the empty name where it names none. */
  topicName = "";
  /** What it asks for, and what its token is good for; admission.ts sets both. */
  need: Need = "nothing";
  grant: Grant = EVERYTHING;
  /** It publishes or reads: while it goes on, its topic's ttl does not end. */
  isUse = false;
  /** Its client asks too often: the refusal waits, for it costs as much as an answer. */
  isRefusedLate = false;
  #used: Topic | undefined;
  #id: string | undefined;

  constructor(context: Context, request: Side) {
    this.context = context;
    this.request = request;
    this.startedAtMs = context.runtime.elapsedMs();
  }

  /** Its name in the log. */
  get id(): string {
    this.#id ??= givenId(this.request.header("x-request-id")) ?? this.context.requestLog.newId();
    return this.#id;
  }

  /** The address of the client, as far as trusted proxies report it. Each call takes the address apart anew. */
  client(): string {
    const { request } = this;
    return this.context.clientAddresses.clientOf(request.remoteAddress, request.header("x-forwarded-for"));
  }

  /** It works with `topic`, which counts as use of it where it publishes or reads. */
  use(topic: Topic): void {
    if (!this.isUse || this.#used !== undefined) return;
    this.#used = topic;
    topic.life.beginUse();
  }

  /** So many messages are on their way to the client. */
  noteOut(messageCount: number, sizeBytes: number): void {
    this.context.traffic.noteOut(messageCount, sizeBytes);
    if (this.#used === undefined) return;
    const { counters } = this.#used;
    counters.messagesOut += messageCount;
    counters.bytesOut += sizeBytes;
  }

  /** It publishes and reads no more. Idempotent. */
  endUse(): void {
    this.#used?.life.endUse();
    this.#used = undefined;
  }
}
