/**
 * One connection: what its client has said of it, and whose turn it is. Requests are taken up one after the other, the
 * next one when the answer before it was handed over, or when the request before it says that the next may begin.
 */
import type { IncomingMessage, OutgoingMessage } from "node:http";
import { type HttpSocket, watchRequests } from "./http-socket.ts";
import type { Limits } from "./limits.ts";
import type { NodeSide } from "./node-side.ts";
import { Pipeline } from "./pipeline.ts";
import type { LeaveReason } from "./request.ts";
import { type Share, Shares } from "./share.ts";

/** What the connections of a server share. */
export interface ConnectionShared {
  readonly limits: Limits;
  /** What all clients take up. */
  readonly all: Share;
  /** Has node:http serve a socket as if it was a new one. */
  readonly serve: (socket: HttpSocket) => void;
}

interface KnownClient {
  readonly address: Share | undefined;
  readonly token: Share | undefined;
  readonly shares: Shares;
}

export class Connection {
  /** It is one too many, and ends with its first answer. */
  readonly isSurplus: boolean;
  /** It has brought a request. */
  isUsed = false;
  /** The share of its address, where this has one. */
  readonly address: Share | undefined;
  /** What a request takes counts in these until more is known of its client. */
  readonly ownShares: Shares;
  /** Those of the newest request. What was read behind it counts in them, too. */
  shares: Shares;
  /** Those of the client that was seen last. */
  #known: KnownClient;
  readonly #socket: HttpSocket;
  readonly #shared: ConnectionShared;
  /** Once a request came before the answer to an earlier one. */
  #pipeline: Pipeline | undefined;
  #isFinished = false;
  /** Ends what waits. */
  #leave: ((reason: LeaveReason) => void) | undefined;

  /** `socket` is one that node:http serves. */
  constructor(socket: HttpSocket, shared: ConnectionShared, address: Share | undefined, isSurplus: boolean) {
    this.#socket = socket;
    this.#shared = shared;
    this.address = address;
    this.ownShares = new Shares(shared.all, address);
    this.shares = this.ownShares;
    this.#known = { address, token: undefined, shares: this.ownShares };
    this.isSurplus = isSurplus;
    socket.on("end", () => this.#finish());
    watchRequests(socket, this.#mayPass);
  }

  /** Later requests were taken up as well and are not answered yet, so that the connection must go on. */
  get hasOverlap(): boolean {
    return this.#pipeline !== undefined && this.#pipeline.openCount > 1;
  }

  /** That of the last request that was taken up, while it is not handed over. */
  get newestAnswer(): OutgoingMessage | undefined {
    return this.#pipeline?.newestAnswer ?? this.#socket._httpMessage ?? undefined;
  }

  /** A request is taken up. */
  begin(request: NodeSide): void {
    this.isUsed = true;
    this.#leave = undefined;
    this.shares = this.ownShares;
    this.#pipeline?.begin(request);
  }

  /** The client of the newest request is known: what it takes counts in these shares. */
  countIn(address: Share | undefined, token: Share | undefined): Shares {
    if (this.#known.address !== address || this.#known.token !== token) {
      this.#known = { address, token, shares: new Shares(this.#shared.all, address, token) };
    }
    this.shares = this.#known.shares;
    return this.shares;
  }

  /** The newest request has done all that depends on order: the next one may begin before this one is answered. */
  letNextBegin(): void {
    this.#pipeline?.letNextBegin();
  }

  /** Calls `leave` when the newest request must wait no more, at once where it must not wait at all. */
  whileWaiting(leave: (reason: LeaveReason) => void): void {
    if (this.#isFinished) leave("finished");
    else if (this.#pipeline?.isCrowded === true) leave("crowded");
    else this.#leave = leave;
  }

  /** A request came before its turn, and `behind` was read behind it. */
  takeBack(incoming: IncomingMessage, behind: Buffer): void {
    const { limits, serve } = this.#shared;
    this.#pipeline ??= new Pipeline(this.#socket, limits, this, () => this.#leave?.("crowded"));
    serve(this.#socket);
    watchRequests(this.#socket, this.#mayPass);
    this.#pipeline.takeBack(incoming, behind);
  }

  /**
   * Whether a request may be taken up now. One that asks for an upgrade, which no answer here grants, goes through a
   * pipeline too: the parser throws away what was read together with such a request.
   */
  readonly #mayPass = (asksForUpgrade: boolean): boolean => {
    if (this.#pipeline !== undefined) return this.#pipeline.isFree;
    return !asksForUpgrade && (this.#socket._httpMessage ?? null) === null;
  };

  #finish(): void {
    this.#isFinished = true;
    this.#leave?.("finished");
    this.#pipeline?.finish();
  }
}
