/**
 * What the server sees of one request and of the way to answer it, whatever brought it. node-request.ts is node:http;
 * no file outside this folder knows Node's own two objects.
 */
import type { Answer, StreamAnswer } from "./answer.ts";
import type { BodySource, ContentCoding } from "./body-source.ts";
import type { HeldMemory } from "./held-memory.ts";
import type { Share } from "./share.ts";

/** Why a request may not wait: its client sends no more, or has sent too much behind it. */
export type LeaveReason = "finished" | "crowded";

/** Who asks for something, by whatever protocol. */
export interface Caller {
  readonly method: string;
  /** The target as it was sent. */
  readonly url: string;
  /** The value of a header, by its name in lower case. Values of a header that was sent twice are joined by ", ". */
  header(name: string): string | undefined;
  /** The address at the other end of the connection. */
  readonly remoteAddress: string;
  /** Its connection is one too many, and ends with this answer. */
  readonly isSurplus: boolean;
  /** What it takes of the memory that all clients share. */
  readonly memory: HeldMemory;
  /**
   * What it takes counts in the shares of its token, and of the address that a proxy reports, or else of its connection.
   * To be called before anything is taken.
   */
  countIn(forwarded: Share | undefined, token: Share | undefined): void;
  /** The connection is gone. */
  readonly hasLeft: boolean;
  /** Calls `act` when the connection is gone, at once if it is already; and also when the answer was given. */
  onClose(act: () => void): void;
}

export interface Request extends Caller, RequestBody, Reply {
  /** The minor version of HTTP/1. */
  readonly minorVersion: number;
  /** All headers as they were sent: name, value, name, value, … */
  readonly headerPairs: readonly string[];
  /** Calls `leave` when the newest request of the connection must wait no more, at once where it must not wait at all. */
  whileWaiting(leave: (reason: LeaveReason) => void): void;
  /** All that depends on order is done: the next request of the connection may begin before this one is answered. */
  letNextBegin(): void;
  /** The client may be silent for as long as it likes: finds out after so long whether its machine is still there. */
  probeAfter(silenceMs: number): void;
}

interface RequestBody {
  /** What the headers say of the body: its bytes, 0 for none, `undefined` for an unknown length. */
  readonly declaredBytes: number | undefined;
  /** The largest body that the route takes. */
  bodyLimitBytes: number;
  /** How the body is packed, if it is. */
  contentCoding: ContentCoding | undefined;
  /** Nothing of the body is left to come. */
  isBodyTaken: boolean;
  /**
   * The whole body, behind `spaceBytes` that are the caller's, too; to be called before anything is awaited.
   *
   * @throws payload_too_large, too_many_requests, request_timeout, bad_request when it was cut off, or is not packed as
   *   it says.
   */
  takeBody(spaceBytes?: number): Promise<Buffer>;
  /** The whole body, where all of it has come, as it is packed; it is taken then. `undefined`: it is still coming. */
  bodyThere(): Buffer | undefined;
  /** The body piece by piece. @throws as takeBody does, and what `take` throws. */
  takePieces(take: (piece: Buffer) => void): Promise<void>;
  /** What the body is read from; to be called once. @throws too_many_requests where it is packed. */
  openBody(): BodySource;
  /** Calls `act` when the body turns out not to be valid HTTP, or ends too early; for a body that was opened. */
  onMalformedBody(act: () => void): void;
  /** The client sends its body only when told to (`Expect: 100-continue`). */
  readonly awaitsContinue: boolean;
  /** Tells a client that waits for it to send the body. */
  tellToContinue(): void;
}

/** The way to answer; one of these is called, once. */
interface Reply {
  send(answer: Answer): void;
  sendStream(answer: StreamAnswer, watch: StreamWatch): void;
  /** Ends the connection behind the answers to earlier requests: the client has left. */
  end(): void;
}

/** What a stream asks of its surroundings while it goes on. */
export interface StreamWatch {
  /** Whether its token is still good for it. */
  isStillAdmitted(): boolean;
  /** So many messages were handed over. */
  noteOut(messageCount: number, sizeBytes: number): void;
  /** It ended with an error that is none of the contract's. */
  noteFailure(error: unknown): void;
}
