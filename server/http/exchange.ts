/** One request and the way to answer it, as handlers see them: Node's own two objects, and what is read from them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { NetlogError, type Topic } from "../../lib/index.ts";
import { EVERYTHING, type Grant } from "../auth/access.ts";
import type { Need } from "../auth/rights.ts";
import type { ParameterNames } from "../wire/parameter-names.ts";
import { Parameters } from "../wire/parameters.ts";
import type { Target } from "../wire/target.ts";
import { declaredBytes, readSmallBody, takeBody, takePieces } from "./body.ts";
import { BodySource } from "./body-source.ts";
import type { Connection } from "./connection.ts";
import type { ContentCoding } from "./content-coding.ts";
import type { ServerContext } from "./context.ts";
import { HeldMemory } from "./held-memory.ts";
import { givenId } from "./request-log.ts";
import type { Resource } from "./resource.ts";

const NO_TARGET: Target = { parts: [], query: "", authority: undefined };
const NO_NAMES: ParameterNames = { names: [], ignoresOthers: true, elsewhere: [] };
const NO_PARAMETERS = new Parameters("", NO_NAMES);

export class Exchange {
  readonly context: ServerContext;
  readonly connection: Connection;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** The client sends its body only when told to (`Expect: 100-continue`). */
  awaitsContinue: boolean;
  readonly startedAtMs: number;
  readonly memory: HeldMemory;
  target: Target = NO_TARGET;
  /** What the request is for, once that is known and if there is such a thing. */
  resource: Resource | undefined;
  /** The topic that the path names, in the spelling of the request; the empty name where it names none. */
  topicName = "";
  /** What its route takes in the query. */
  parameterNames: ParameterNames = NO_NAMES;
  /** What its route asks for, and what its token is good for; told by admission.ts. */
  need: Need = "nothing";
  grant: Grant = EVERYTHING;
  /** The largest body that the route takes. */
  bodyLimitBytes = 0;
  /** How the body is packed, if it is. */
  contentCoding: ContentCoding | undefined;
  /** Nothing of the body is left to come. */
  isBodyTaken = false;
  /** What the answer tells of a failure, behind the fields of any error. */
  failureFields: object = {};
  #id: string | undefined;
  /** Why it may not wait. */
  #turnedAwayFor: string | undefined;

  constructor(
    context: ServerContext,
    connection: Connection,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    awaitsContinue: boolean,
  ) {
    this.context = context;
    this.connection = connection;
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.awaitsContinue = awaitsContinue;
    this.startedAtMs = context.runtime.elapsedMs();
    this.memory = new HeldMemory(context.occupancy.bytes, context.limits);
  }

  /** Its name in the log. */
  get id(): string {
    this.#id ??= givenId(this.incoming.headers["x-request-id"]) ?? this.context.requestLog.newId();
    return this.#id;
  }

  /** The address of the client, as far as trusted proxies report it. */
  get client(): string {
    const { headers, socket } = this.incoming;
    const forwardedFor = headers["x-forwarded-for"]?.toString();
    return this.context.clientAddresses.clientOf(socket.remoteAddress ?? "", forwardedFor);
  }

  /** @throws topic_not_found, topic_unavailable, shutting_down. */
  requireTopic(): Topic {
    return this.context.netlog.topic(this.topicName);
  }

  parameters(): Parameters {
    const { query } = this.target;
    return query === "" ? NO_PARAMETERS : new Parameters(query, this.parameterNames);
  }

  /**
   * The whole body, behind `roomBytes` that are the caller's, too; to be called before anything is awaited.
   *
   * @throws payload_too_large, too_many_requests, request_timeout, bad_request when it was cut off, or is not packed as
   *   it says.
   */
  async takeBody(roomBytes = 0): Promise<Buffer> {
    const { incoming, bodyLimitBytes, context, contentCoding } = this;
    this.#welcomeBody();
    // A small body is there a microtask later.
    await undefined;
    const isAsItIs = contentCoding === undefined;
    const body =
      (isAsItIs && roomBytes === 0 ? readSmallBody(incoming) : undefined) ??
      (await takeBody(
        this.openBody(),
        isAsItIs ? declaredBytes(incoming) : undefined,
        bodyLimitBytes,
        context.watch,
        roomBytes,
        (bytes) => this.#addBody(bytes),
      ));
    this.isBodyTaken = true;
    return body;
  }

  /** Takes the body piece by piece. @throws as takeBody does, and what `take` throws. */
  async takePieces(take: (piece: Buffer) => void): Promise<void> {
    this.#welcomeBody();
    await takePieces(this.openBody(), this.bodyLimitBytes, this.context.watch, (piece) => {
      this.#addBody(piece.length);
      take(piece);
    });
    this.isBodyTaken = true;
  }

  #addBody(moreBytes: number): void {
    const { incoming, memory } = this;
    const isWhole = incoming.complete || memory.bodyBytes + moreBytes === declaredBytes(incoming);
    memory.addBody(moreBytes, isWhole);
  }

  /** What the body is read from; to be called once. @throws too_many_requests where it is packed. */
  openBody(): BodySource {
    if (this.contentCoding !== undefined) this.memory.addUnpacker();
    return new BodySource(this.incoming, this.contentCoding);
  }

  /** A body that there is no room for is not asked for. */
  #welcomeBody(): void {
    if ((declaredBytes(this.incoming) ?? 0) > this.memory.roomBytes) throw this.memory.tooMany();
    this.tellToContinue();
  }

  /**
   * The request is about to wait. `cancel` ends that: when the client leaves or sends no more, when it has sent too much
   * behind this request, or at once where too many wait.
   */
  wait(cancel: () => void): void {
    const { occupancy, limits } = this.context;
    if (occupancy.waitingCount >= limits.waitingRequests) {
      this.#turnedAwayFor = `${limits.waitingRequests} requests wait already (max_waiting); try again later`;
      cancel();
      return;
    }
    occupancy.waitingCount += 1;
    let isWaiting = true;
    const end = (): void => {
      if (isWaiting) occupancy.waitingCount -= 1;
      isWaiting = false;
      cancel();
    };
    this.onClose(end);
    this.connection.whileWaiting((why) => {
      if (why === "crowded") {
        const most = `at most ${limits.pipelinedBytes} bytes (pipelinedBytes)`;
        this.#turnedAwayFor = `${most} may be sent behind a request that waits; take its answer first`;
      }
      end();
    });
  }

  /** For a wait that was cancelled because the client left. @throws too_many_requests when the client is still there. */
  endCancelled(): undefined {
    if (this.#turnedAwayFor === undefined) return undefined;
    throw new NetlogError("too_many_requests", { reason: this.#turnedAwayFor });
  }

  /** From here on the body is wanted. */
  tellToContinue(): void {
    if (!this.awaitsContinue) return;
    this.awaitsContinue = false;
    this.outgoing.writeContinue();
  }

  /** Calls `act` when the connection is gone, at once if it is already; and also when the answer was given. */
  onClose(act: () => void): void {
    const { socket } = this.incoming;
    if (socket.destroyed) {
      act();
      return;
    }
    this.outgoing.on("close", act);
    // Behind another request of the same connection (pipelining) the answer has no socket yet that could close it.
    if (this.outgoing.socket === null) {
      socket.setMaxListeners(0);
      socket.once("close", act);
      this.outgoing.once("close", () => socket.off("close", act));
    }
  }
}
