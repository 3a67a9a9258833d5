/** One request on its way to its answer, as handlers see it: what brought it, and what was found out about it. */
import { NetlogError, type Topic } from "../../lib/index.ts";
import { EVERYTHING, type Grant } from "../auth/access.ts";
import type { Need } from "../auth/rights.ts";
import type { ParameterNames } from "../wire/parameter-names.ts";
import { Parameters } from "../wire/parameters.ts";
import type { Target } from "../wire/target.ts";
import type { ServerContext } from "./context.ts";
import type { Request } from "./request.ts";
import { givenId } from "./request-log.ts";
import type { Resource } from "./resource.ts";

const NO_TARGET: Target = { parts: [], query: "", authority: undefined };
const NO_NAMES: ParameterNames = { names: [], ignoresOthers: true, elsewhere: [] };
const NO_PARAMETERS = new Parameters("", NO_NAMES);

export class Exchange {
  readonly context: ServerContext;
  readonly request: Request;
  readonly startedAtMs: number;
  target: Target = NO_TARGET;
  /** The topic that the path names, in the spelling of the request; the empty name where it names none. */
  topicName = "";
  /** What the request is for, once that is known and if there is such a thing. */
  resource: Resource | undefined;
  /** What its route takes in the query. */
  parameterNames: ParameterNames = NO_NAMES;
  /** What its route asks for, and what its token is good for; admission.ts sets both. */
  need: Need = "nothing";
  grant: Grant = EVERYTHING;
  /** What the answer tells of a failure, behind the fields of any error. */
  failureFields: object = {};
  /** It publishes or reads: while it goes on, its topic's ttl does not end. */
  isUse = false;
  /** Its client asks too often: the refusal waits, for it costs as much as an answer. */
  isRefusedLate = false;
  #used: Topic | undefined;
  #id: string | undefined;
  /** Why it may not wait. */
  #turnedAwayFor: string | undefined;

  constructor(context: ServerContext, request: Request) {
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

  /** As the client wrote it, as far as trusted proxies report it. */
  get scheme(): "http" | "https" {
    const { request, context } = this;
    if (context.gate.isSecure) return "https";
    const forwarded = request.header("x-forwarded-proto");
    return context.clientAddresses.cameByTls(request.remoteAddress, forwarded) ? "https" : "http";
  }

  /** @throws topic_not_found, topic_unavailable, shutting_down. */
  requireTopic(): Topic {
    const topic = this.context.netlog.topic(this.topicName);
    if (this.isUse && this.#used === undefined) {
      this.#used = topic;
      topic.life.beginUse();
    }
    return topic;
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

  parameters(): Parameters {
    const { query } = this.target;
    return query === "" ? NO_PARAMETERS : new Parameters(query, this.parameterNames);
  }

  /**
   * The request is about to wait. `cancel` ends that: when the client leaves or sends no more, when it has sent too much
   * behind this request, or at once where too many wait. The handler then gives no answer, whatever the reason.
   */
  wait(cancel: () => void): void {
    const { limits } = this.context;
    const { shares } = this.request.memory;
    this.#turnedAwayFor = shares.beginWait();
    if (this.#turnedAwayFor !== undefined) {
      cancel();
      return;
    }
    let isWaiting = true;
    const end = (): void => {
      if (isWaiting) shares.endWait();
      isWaiting = false;
      cancel();
    };
    this.request.onClose(end);
    this.request.whileWaiting((why) => {
      if (why === "crowded") {
        const most = `at most ${limits.pipelinedBytes} bytes (pipelinedBytes)`;
        this.#turnedAwayFor = `${most} may be sent behind a request that waits; take its answer first`;
      }
      end();
    });
  }

  /** The client is there, and its request was not allowed to wait. @throws too_many_requests. */
  checkTurnedAway(): void {
    if (this.#turnedAwayFor === undefined) return;
    throw new NetlogError("too_many_requests", { reason: this.#turnedAwayFor });
  }
}
