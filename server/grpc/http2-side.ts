/**
 * The HTTP/2 stream below a call, which the gRPC library hides. Bytes are counted there before the library puts them
 * together, and a call whose client takes nothing is cut there.
 */
import { constants, type ServerHttp2Stream } from "node:http2";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { KiB, NetlogError } from "../../lib/index.ts";
import type { HeldMemory } from "../http/held-memory.ts";
import type { Progress } from "../http/idle-watch.ts";
import { badRequest, HttpError } from "../wire/errors.ts";

/** Requests and answers are handed over as bytes. */
export type CallStream = ServerDuplexStream<Buffer, Buffer>;

/** A flag, and the length of the message: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
const PREFIX_BYTES = 5;

/** The least that a client takes of an answer while `stalledMs` pass. */
const ROUND_BYTES = 256 * KiB;

/** Private fields of the library; tests of test/server/grpc fail when one moves. */
interface LibraryCall {
  readonly stream: ServerHttp2Stream;
  maxReceiveMessageSize: number;
}

export function http2StreamOf(stream: CallStream): ServerHttp2Stream {
  return callOf(stream).stream;
}

/** The library unpacks a request of the call up to this size, and no further. */
export function unpackAtMost(stream: CallStream, bytes: number): void {
  callOf(stream).maxReceiveMessageSize = bytes;
}

function callOf(stream: CallStream): LibraryCall {
  return (stream as unknown as { readonly call: LibraryCall }).call;
}

/** What a call may send. */
export interface MessageTerms {
  readonly mostBytes: number;
  /** It may send several requests. */
  readonly isConversation: boolean;
}

/** Follows the messages of one call as they come. */
export class MessageWatch implements Progress {
  hasMoved = true;
  readonly #mostBytes: number;
  readonly #isConversation: boolean;
  readonly #memory: HeldMemory;
  readonly #refuse: (error: unknown) => void;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixBytes = 0;
  /** Bytes of the message that did not come yet, once its prefix has. */
  #leftBytes = 0;
  #isOver = false;
  #hasMessage = false;

  constructor(
    { mostBytes, isConversation }: MessageTerms,
    memory: HeldMemory,
    refuse: (error: unknown) => void,
  ) {
    this.#mostBytes = mostBytes;
    this.#isConversation = isConversation;
    this.#memory = memory;
    this.#refuse = refuse;
  }

  /** A message has come, and the next one has not begun. */
  get isBetween(): boolean {
    return this.#hasMessage && this.#prefixBytes === 0;
  }

  add(piece: Buffer): void {
    this.hasMoved = true;
    if (this.#isOver) return;
    try {
      for (let place = 0; place < piece.length; ) place += this.#take(piece, place);
    } catch (error) {
      this.#end(error);
    }
  }

  giveUp(): void {
    this.#end(new HttpError("request_timeout"));
  }

  #end(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#refuse(error);
  }

  /**
   * Gives how many bytes of the piece, from `place` on, it has looked at.
   *
   * @throws payload_too_large, too_many_requests; bad_request: there is more than the one request.
   */
  #take(piece: Buffer, place: number): number {
    if (this.isBetween && !this.#isConversation)
      throw badRequest("this method takes one request, and there are several");
    if (this.#prefixBytes < PREFIX_BYTES) {
      const taken = piece.copy(
        this.#prefix,
        this.#prefixBytes,
        place,
        place + PREFIX_BYTES - this.#prefixBytes,
      );
      this.#prefixBytes += taken;
      if (this.#prefixBytes === PREFIX_BYTES) this.#begin();
      return taken;
    }
    const taken = Math.min(this.#leftBytes, piece.length - place);
    this.#leftBytes -= taken;
    this.#memory.addBody(taken, this.#leftBytes === 0);
    if (this.#leftBytes === 0) this.#finish();
    return taken;
  }

  #begin(): void {
    this.#leftBytes = this.#prefix.readUInt32BE(1);
    if (this.#leftBytes > this.#mostBytes) {
      const reason = `a request of this method has at most ${this.#mostBytes} bytes; this one has ${this.#leftBytes}`;
      throw new NetlogError("payload_too_large", { reason });
    }
    // What a packed message becomes is known when all of it is there.
    if (this.#prefix[0] === 1 && !this.#memory.mayKeep(this.#mostBytes)) throw this.#memory.tooMany();
    if (this.#leftBytes === 0) this.#finish();
  }

  #finish(): void {
    this.#prefixBytes = 0;
    this.#hasMessage = true;
  }
}

/**
 * Whether the client of an answer takes anything: its connection does. Other calls of the connection may be what moves,
 * and Node does not say what of one answer is out; so an answer has a round of the watch for each `ROUND_BYTES`, too.
 * Cuts the call where it has not moved.
 */
export class ReaderProgress implements Progress {
  readonly #stream: ServerHttp2Stream;
  #seenBytes = -1;
  #roundsLeft: number;

  constructor(stream: ServerHttp2Stream, answerBytes: number) {
    this.#stream = stream;
    this.#roundsLeft = 1 + Math.ceil(answerBytes / ROUND_BYTES);
  }

  get hasMoved(): boolean {
    return this.#roundsLeft > 0 && this.#writtenBytes !== this.#seenBytes;
  }

  set hasMoved(_has: boolean) {
    this.#roundsLeft -= 1;
    this.#seenBytes = this.#writtenBytes;
  }

  giveUp(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  get #writtenBytes(): number {
    return this.#stream.session?.socket.bytesWritten ?? 0;
  }
}
