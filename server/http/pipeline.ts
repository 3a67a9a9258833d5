/**
 * The requests of one connection that came before the answers to earlier ones. They stay bytes until their turn comes:
 * a Pipeline stands between the socket and the parser of node:http, and gives the parser no more than the next request.
 * It goes on reading meanwhile, up to a limit, because else the server would not see that the client has left.
 */
import type { IncomingMessage, OutgoingMessage } from "node:http";
import { declaredBytes } from "./body.ts";
import { HeldMemory } from "./held-memory.ts";
import { type HttpSocket, headBytes } from "./http-socket.ts";
import type { Limits } from "./limits.ts";
import type { NodeSide } from "./node-side.ts";
import type { Shares } from "./share.ts";

const EMPTY_LINE = "\r\n\r\n";
const NOTHING = Buffer.alloc(0);
/** A request that begins like this may overlap with others: what it does is done in order, long before its answer. */
const PUBLISH = /^POST \/[^/?# ]+\/payload[? ]/;
const LINE_BYTES = 512;
/** What a request takes in memory beside its bytes, about. */
const REQUEST_BYTES = 4096;

export class Pipeline {
  /** Requests that were taken up, and whose answers were not handed over. */
  openCount = 0;
  readonly #socket: HttpSocket;
  readonly #limits: Limits;
  readonly #client: { readonly shares: Shares };
  readonly #memory: HeldMemory;
  readonly #onCrowded: () => void;
  /** Read from the socket, and not given to the parser. */
  #rest: Buffer = NOTHING;
  #newest: NodeSide | undefined;
  /** What the parser has not been given of the newest request's body; `undefined` where its headers do not say. */
  #bodyBytesLeft: number | undefined;
  /** The next request need not wait for the answer to the newest one. */
  #mayOverlap = false;
  #isAdvancing = false;
  /** The client sends no more, and the parser does not know yet. */
  #isFinished = false;
  /** The answers that are open belong to an earlier turn of node:http with this socket. */
  #hasOldAnswers = false;
  /** The listeners of node:http that this object stands in front of. */
  #parse: (piece: Buffer) => void = () => {};
  #endParser: () => void = () => {};

  /**
   * What is read counts in the shares that `client` has when it comes. `onCrowded` is called when too much is read behind
   * a request that is not answered.
   */
  constructor(
    socket: HttpSocket,
    limits: Limits,
    client: { readonly shares: Shares },
    onCrowded: () => void,
  ) {
    this.#socket = socket;
    this.#limits = limits;
    this.#client = client;
    this.#memory = new HeldMemory(client.shares, limits);
    this.#onCrowded = onCrowded;
    const current = socket._httpMessage;
    if (current !== undefined && current !== null) this.#watch(current);
    socket.on("resume", this.#advance);
    socket.once("close", () => this.#memory.release());
  }

  /** The next request may be taken up. */
  get isFree(): boolean {
    if (this.openCount === 0) return true;
    return this.#mayOverlap && this.openCount < this.#limits.pipelinedRequests;
  }

  /** No more is read until some of it is taken up. */
  get isCrowded(): boolean {
    return this.#rest.length > this.#limits.pipelinedBytes;
  }

  /** That of the last request that was taken up, while it is not handed over. */
  get newestAnswer(): OutgoingMessage | undefined {
    const outgoing = this.#newest?.outgoing;
    return outgoing?.closed === false ? outgoing : undefined;
  }

  /** The parser found a request before its turn, and `behind` was read behind it. node:http serves the socket anew. */
  takeBack(incoming: IncomingMessage, behind: Buffer): void {
    this.#rest = Buffer.concat([headBytes(incoming), behind, this.#rest]);
    this.#mayOverlap = false;
    this.#hasOldAnswers = this.openCount > 0;
    this.#standBetween();
    this.#advance();
  }

  /** A request is taken up. */
  begin(request: NodeSide): void {
    this.#newest = request;
    this.#bodyBytesLeft = declaredBytes(request.incoming);
    this.#mayOverlap = false;
    this.#watch(request.outgoing);
  }

  /** The next request need not wait for the answer to the newest one, where there is memory for both. */
  letNextBegin(): void {
    const newest = this.#newest;
    if (newest?.outgoing.shouldKeepAlive !== true || newest.context.isStopping) return;
    const sizeBytes = REQUEST_BYTES + (declaredBytes(newest.incoming) ?? this.#limits.uncountedBytes);
    if (!newest.memory.mayKeep(sizeBytes)) return;
    this.#mayOverlap = true;
    this.#advance();
  }

  /** The client sends no more. */
  finish(): void {
    this.#isFinished = true;
    this.#advance();
  }

  /** What comes from the socket, and its end, go through here from now on. */
  #standBetween(): void {
    const socket = this.#socket;
    const parse = socket.listeners("data").at(-1) as (piece: Buffer) => void;
    const end = socket.listeners("end").at(-1) as () => void;
    socket.off("data", parse).off("end", end);
    this.#parse = parse;
    this.#endParser = end;
    socket.off("data", this.#receive).on("data", this.#receive);
    // node:http stops the handle below the stream when a body gives way. The stream does not know, and would not start
    // it again. A stream that is paused stops it by itself.
    socket._read(0);
  }

  readonly #receive = (piece: Buffer): void => {
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    this.#advance();
  };

  #watch(outgoing: OutgoingMessage): void {
    this.openCount += 1;
    outgoing.once("close", () => {
      this.openCount -= 1;
      if (this.openCount === 0 && this.#hasOldAnswers) {
        // node:http has started its time-out for idle connections, and would not know that it has to stop it.
        this.#socket.setTimeout(0);
        this.#hasOldAnswers = false;
      }
      this.#advance();
    });
  }

  /** Gives the parser what it may have. Parsing can come back to here. */
  readonly #advance = (): void => {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    while (this.#rest.length > 0 && this.#mayGiveMore()) this.#giveMore();
    this.#isAdvancing = false;
    if (!this.#socket.destroyed) this.#keepRest();
  };

  get #isBodyComing(): boolean {
    return this.#newest?.incoming.complete === false;
  }

  #mayGiveMore(): boolean {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded || socket._paused === true) return false;
    if (this.#isBodyComing) return !socket.isPaused();
    return this.isFree && (this.openCount === 0 || isPublish(this.#rest));
  }

  /** No more than the rest of a body, or the headers of a request. */
  #giveMore(): void {
    const bodyBytes = this.#isBodyComing ? this.#bodyBytesLeft : undefined;
    const emptyLineAt = this.#rest.indexOf(EMPTY_LINE);
    const end = bodyBytes ?? (emptyLineAt < 0 ? this.#rest.length : emptyLineAt + EMPTY_LINE.length);
    const piece = this.#rest.subarray(0, end);
    this.#rest = this.#rest.subarray(piece.length);
    if (bodyBytes !== undefined) this.#bodyBytesLeft = bodyBytes - piece.length;
    this.#parse(piece);
  }

  #keepRest(): void {
    const socket = this.#socket;
    const { length, buffer } = this.#rest;
    if (this.#memory.heldBytes === 0) this.#memory.shares = this.#client.shares;
    if (!this.#memory.mayKeep(length)) {
      socket.destroy();
      return;
    }
    this.#memory.shrinkTo(length);
    // Else a few bytes would hold all the memory that they came in.
    if (length < buffer.byteLength / 2) this.#rest = Buffer.copyBytesFrom(this.#rest);
    if (length === 0 && this.#isFinished) {
      this.#isFinished = false;
      this.#endParser();
    } else if (!this.#isBodyComing) {
      this.#steer();
    }
  }

  /** Reads on, or not. While a body comes that is for the one who reads it to say. */
  #steer(): void {
    if (this.isCrowded) {
      this.#socket.pause();
      this.#onCrowded();
    } else if (this.#socket.isPaused() && this.#socket._paused !== true) {
      this.#socket.resume();
    }
  }
}

/** Whether the next request is a publish, as far as its first line is there. */
function isPublish(bytes: Buffer): boolean {
  return PUBLISH.test(bytes.toString("latin1", 0, LINE_BYTES));
}
