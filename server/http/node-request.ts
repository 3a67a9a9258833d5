/** A request that node:http brought, and the way to answer it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer, StreamAnswer } from "./answer.ts";
import { declaredBytes, readSmallBody, takeBody, takePieces } from "./body.ts";
import { BodySource, type ContentCoding } from "./body-source.ts";
import type { Connection } from "./connection.ts";
import type { ServerContext } from "./context.ts";
import { HeldMemory } from "./held-memory.ts";
import { onMalformedBody } from "./malformed.ts";
import type { NodeSide } from "./node-side.ts";
import type { LeaveReason, Request, StreamWatch } from "./request.ts";
import { send, sendStream } from "./send.ts";
import type { Share } from "./share.ts";

const NO_BODY = Buffer.alloc(0);

export class NodeRequest implements Request, NodeSide {
  readonly context: ServerContext;
  readonly connection: Connection;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly memory: HeldMemory;
  readonly declaredBytes: number | undefined;
  /** The client sends its body only when told to (`Expect: 100-continue`). */
  awaitsContinue: boolean;
  bodyLimitBytes = 0;
  contentCoding: ContentCoding | undefined;
  isBodyTaken = false;

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
    this.declaredBytes = declaredBytes(incoming);
    this.memory = new HeldMemory(connection.ownShares, context.limits);
  }

  get method(): string {
    return this.incoming.method ?? "";
  }

  get url(): string {
    return this.incoming.url ?? "";
  }

  get minorVersion(): number {
    return this.incoming.httpVersionMinor;
  }

  /** Node gives a list for Set-Cookie alone. */
  header(name: string): string | undefined {
    return this.incoming.headers[name] as string | undefined;
  }

  get headerPairs(): readonly string[] {
    return this.incoming.rawHeaders;
  }

  get remoteAddress(): string {
    return this.incoming.socket.remoteAddress ?? "";
  }

  get isSurplus(): boolean {
    return this.connection.isSurplus;
  }

  countIn(forwarded: Share | undefined, token: Share | undefined): void {
    const { connection, memory } = this;
    memory.shares = connection.countIn(forwarded ?? connection.address, token);
  }

  async takeBody(spaceBytes = 0): Promise<Buffer> {
    const { incoming, bodyLimitBytes, context, contentCoding } = this;
    this.#welcomeBody();
    // A small body is there a microtask later.
    await undefined;
    const isAsItIs = contentCoding === undefined;
    const body =
      (isAsItIs && spaceBytes === 0 ? readSmallBody(incoming, this.declaredBytes) : undefined) ??
      (await takeBody(
        this.openBody(),
        isAsItIs ? this.declaredBytes : undefined,
        bodyLimitBytes,
        context.watch,
        spaceBytes,
        (bytes) => this.#addBody(bytes),
        (comingBytes) => context.runtime.pause(comingBytes),
      ));
    this.isBodyTaken = true;
    return body;
  }

  bodyThere(): Buffer | undefined {
    const { incoming, declaredBytes } = this;
    const body = declaredBytes === 0 ? NO_BODY : readSmallBody(incoming, declaredBytes);
    if (body === undefined) return undefined;
    this.#addBody(body.length);
    this.isBodyTaken = true;
    return body;
  }

  async takePieces(take: (piece: Buffer) => void): Promise<void> {
    this.#welcomeBody();
    const { bodyLimitBytes, context } = this;
    const hold = (piece: Buffer): void => {
      this.#addBody(piece.length);
      take(piece);
    };
    const pause = (comingBytes?: number): Promise<void> => context.runtime.pause(comingBytes);
    await takePieces(this.openBody(), bodyLimitBytes, context.watch, hold, pause);
    this.isBodyTaken = true;
  }

  openBody(): BodySource {
    if (this.contentCoding !== undefined) this.memory.addUnpacker();
    return new BodySource(this.incoming, this.contentCoding);
  }

  onMalformedBody(act: () => void): void {
    onMalformedBody(this.outgoing, act);
  }

  tellToContinue(): void {
    if (!this.awaitsContinue) return;
    this.awaitsContinue = false;
    this.outgoing.writeContinue();
  }

  get hasLeft(): boolean {
    return this.incoming.socket.destroyed;
  }

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

  whileWaiting(leave: (reason: LeaveReason) => void): void {
    this.connection.whileWaiting(leave);
  }

  letNextBegin(): void {
    this.connection.letNextBegin();
  }

  probeAfter(silenceMs: number): void {
    this.incoming.socket.setKeepAlive(true, silenceMs);
  }

  send(answer: Answer): void {
    send(this, answer);
  }

  sendStream(answer: StreamAnswer, watch: StreamWatch): void {
    sendStream(this, answer, watch);
  }

  end(): void {
    this.incoming.socket.destroySoon();
  }

  #addBody(moreBytes: number): void {
    const { incoming, memory, declaredBytes } = this;
    const isWhole = incoming.complete || memory.bodyBytes + moreBytes === declaredBytes;
    memory.addBody(moreBytes, isWhole);
  }

  /** A body that there is no memory for is not asked for. */
  #welcomeBody(): void {
    if ((this.declaredBytes ?? 0) > this.memory.spareBytes) throw this.memory.tooMany();
    this.tellToContinue();
  }
}
