/**
 * A request that gRPC brought, and the way to answer it: what comes counts in the memory that all clients share while it
 * comes, and what goes out counts until the network has it.
 */
import type { ServerHttp2Stream } from "node:http2";
import type { Metadata } from "@grpc/grpc-js";
import { NetlogError } from "../../lib/index.ts";
import { HeldMemory } from "../http/held-memory.ts";
import type { IdleWatch } from "../http/idle-watch.ts";
import type { Caller } from "../http/request.ts";
import { type Share, Shares } from "../http/share.ts";
import type { VisitContext } from "../http/visit.ts";
import { tooManyAnswers } from "../wire/errors.ts";
import {
  type CallStream,
  http2StreamOf,
  type MessageTerms,
  MessageWatch,
  ReaderProgress,
  unpackAtMost,
} from "./http2-side.ts";
import type { Packed } from "./packed.ts";

/** What a call takes of its connection. */
export interface CallSurroundings {
  readonly context: VisitContext;
  /** Gives up answers that nobody takes. */
  readonly readers: IdleWatch;
  /** Counts bytes, calls and connections of the address; `undefined` where there is none to count for. */
  readonly address: Share | undefined;
}

export class GrpcRequest implements Caller {
  readonly method = "gRPC";
  readonly isSurplus = false;
  readonly url: string;
  readonly memory: HeldMemory;
  readonly #surroundings: CallSurroundings;
  readonly #stream: CallStream;
  readonly #metadata: Metadata;
  readonly #http2: ServerHttp2Stream;
  /** When its deadline passes, by a clock that nobody sets, as the library's timer goes. */
  readonly #lateAtMs: number;
  /** Calls to make when the call is over. */
  #closers: Set<() => void> | undefined = new Set();
  /** Gives back the place that the call has, from its headers to its status. */
  #endPlace: (() => void) | undefined;
  #needsToken = true;
  /** A handler is at work: what the call holds is in use, whether its client is still there or not. */
  #isAtWork = false;

  constructor(surroundings: CallSurroundings, stream: CallStream) {
    const { context, address } = surroundings;
    this.url = stream.getPath();
    this.#surroundings = surroundings;
    this.#stream = stream;
    this.#metadata = stream.metadata;
    this.#http2 = http2StreamOf(stream);
    this.#lateAtMs = performance.now() + Number(stream.getDeadline()) - Date.now();
    this.memory = new HeldMemory(new Shares(context.occupancy.all, address), context.limits);
    // The library emits it when the client has left, and also when a status was sent.
    stream.once("cancelled", () => this.#close());
  }

  /**
   * Takes its place among those of its client, who may open as many calls as it likes: that of a request that waits, or
   * where no token is needed, one of a few for such calls.
   *
   * @throws too_many_requests.
   */
  takePlace(needsToken: boolean): void {
    this.#needsToken = needsToken;
    const { shares } = this.memory;
    const refusal = needsToken ? shares.beginWait() : shares.beginOpenCall();
    if (refusal !== undefined) throw new NetlogError("too_many_requests", { reason: refusal });
    this.#endPlace = needsToken ? () => shares.endWait() : () => shares.endOpenCall();
  }

  /** As it came. */
  get metadata(): Metadata {
    return this.#metadata;
  }

  /** By the wall clock, as the library has it; infinite where the client gave none. */
  get deadline(): Date | number {
    return this.#stream.getDeadline();
  }

  header(name: string): string | undefined {
    const values = this.#metadata.get(name);
    return values.length === 0 ? undefined : values.join(", ");
  }

  get remoteAddress(): string {
    return this.#http2.session?.socket.remoteAddress ?? "";
  }

  countIn(forwarded: Share | undefined, token: Share | undefined): void {
    const { context, address } = this.#surroundings;
    const shares = new Shares(context.occupancy.all, forwarded ?? address, token);
    this.memory.shares = shares;
    this.#endPlace?.();
    this.#endPlace = undefined;
    this.takePlace(this.#needsToken);
  }

  get hasLeft(): boolean {
    return this.#closers === undefined || this.#http2.destroyed;
  }

  /** The deadline that the client gave has passed. */
  get isLate(): boolean {
    return performance.now() >= this.#lateAtMs;
  }

  onClose(act: () => void): void {
    if (this.#closers === undefined) act();
    else this.#closers.add(act);
  }

  /** Takes `onClose` back. */
  offClose(act: () => void): void {
    this.#closers?.delete(act);
  }

  /** A handler begins its work. */
  beginWork(): void {
    this.#isAtWork = true;
  }

  /** The handler has ended. A call that was over before gives its memory back only now. */
  endWork(): void {
    this.#isAtWork = false;
    if (this.#closers === undefined) this.memory.release();
  }

  /** Does what may wait, which is to hand on what ends the wait when the client leaves. */
  async waiting<Result>(act: (onWaiting: (cancel: () => void) => void) => Promise<Result>): Promise<Result> {
    let leave: (() => void) | undefined;
    try {
      return await act((cancel) => {
        leave = cancel;
        this.onClose(cancel);
      });
    } finally {
      if (leave !== undefined) this.offClose(leave);
    }
  }

  /**
   * Counts what comes of messages, and gives up one that stops coming. `refuse` is called once, before a message is there
   * that may not come.
   */
  watchMessages(terms: MessageTerms, refuse: (error: unknown) => void): void {
    const { watch } = this.#surroundings.context;
    unpackAtMost(this.#stream, terms.mostBytes);
    const messages = new MessageWatch(terms, this.memory, (error) => {
      this.#http2.off("data", take);
      watch.remove(messages);
      refuse(error);
    });
    const take = (piece: Buffer): void => {
      messages.add(piece);
      if (messages.isBetween) watch.remove(messages);
    };
    watch.add(messages);
    // In front of the listener that puts messages together.
    this.#http2.prependListener("data", take);
    // What still comes of a call that is over is dropped, and counts no more.
    this.onClose(() => {
      this.#http2.off("data", take);
      watch.remove(messages);
    });
  }

  /**
   * Writes an answer; resolves to true when the network has all of it, to false when the client left before, or its deadline
   * passed: the status then says so, and no client keeps such an answer. One that holds messages, or `isLarge`, needs memory; others say what was done, and go out whatever there is.
   *
   * @throws too_many_requests: there is no memory for it.
   */
  write({ bytes, messageCount }: Packed, isLarge = false): Promise<boolean> {
    if (this.#closers === undefined) return Promise.resolve(false);
    if (!this.memory.mayKeep(bytes.length) && (isLarge || messageCount > 0)) throw tooManyAnswers();
    const { readers } = this.#surroundings;
    return new Promise((resolve) => {
      const reader = new ReaderProgress(this.#http2, bytes.length);
      const leave = (): void => end(false);
      const end = (handedOver: boolean): void => {
        this.offClose(leave);
        readers.remove(reader);
        this.memory.release();
        resolve(handedOver);
      };
      readers.add(reader);
      this.onClose(leave);
      this.#stream.write(bytes, (error?: Error | null) => {
        // The library is about to end a late call.
        if (!this.isLate) end(error == null);
      });
    });
  }

  /** Ends the call with `status`, or else with OK. */
  end(status?: object): void {
    if (status === undefined) this.#stream.end();
    else this.#stream.emit("error", status);
  }

  #close(): void {
    const closers = this.#closers ?? new Set();
    this.#closers = undefined;
    for (const act of closers) act();
    if (!this.#isAtWork) this.memory.release();
    this.#endPlace?.();
  }
}
