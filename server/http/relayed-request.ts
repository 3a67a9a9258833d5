/** A request that another server relayed: all of it is there. Its answer goes back by the relay. */
import { Readable } from "node:stream";
import type { Relayed } from "../../lib/index.ts";
import type { Answer } from "./answer.ts";
import { BodySource, type ContentCoding } from "./body-source.ts";
import type { ServerContext } from "./context.ts";
import { FORWARDED } from "./forward-headers.ts";
import { HeldMemory } from "./held-memory.ts";
import { answerToRelay, type RelayedRequestParts } from "./relay-codec.ts";
import type { Request } from "./request.ts";
import { type Share, Shares } from "./share.ts";

export class RelayedRequest implements Request {
  readonly minorVersion = 1;
  readonly isSurplus = false;
  /** The other server has a client that leaves, and this one need not know. */
  readonly hasLeft = false;
  readonly awaitsContinue = false;
  readonly memory: HeldMemory;
  bodyLimitBytes = 0;
  contentCoding: ContentCoding | undefined;
  isBodyTaken = false;
  readonly #context: ServerContext;
  readonly #parts: RelayedRequestParts;
  readonly #respond: (answer: Relayed | undefined) => void;
  #onClose: (() => void)[] = [];
  #isAnswered = false;

  /** `respond` is called once. What the request takes counts in `shares` at first. */
  constructor(
    context: ServerContext,
    shares: Shares,
    parts: RelayedRequestParts,
    respond: (answer: Relayed | undefined) => void,
  ) {
    this.#context = context;
    this.#parts = parts;
    this.#respond = respond;
    this.memory = new HeldMemory(shares, context.limits);
  }

  get method(): string {
    return this.#parts.method;
  }

  get url(): string {
    return this.#parts.url;
  }

  get headerPairs(): readonly string[] {
    return this.#parts.headerPairs;
  }

  /** The other server has found out who calls it, and is believed. */
  get remoteAddress(): string {
    return this.#parts.client;
  }

  get declaredBytes(): number {
    return this.#parts.body.length;
  }

  header(name: string): string | undefined {
    if (name === "host") return this.#parts.host;
    if (name === FORWARDED) return "1";
    const { headerPairs } = this.#parts;
    for (let i = 0; i < headerPairs.length; i += 2) if (headerPairs[i] === name) return headerPairs[i + 1];
    return undefined;
  }

  countIn(forwarded: Share | undefined, token: Share | undefined): void {
    this.memory.shares = new Shares(this.#context.occupancy.all, forwarded, token);
  }

  async takeBody(spaceBytes = 0): Promise<Buffer> {
    const { body } = this.#parts;
    this.#holdBody();
    if (spaceBytes === 0) return body;
    const space = Buffer.allocUnsafe(spaceBytes + body.length);
    space.set(body, spaceBytes);
    return space.subarray(spaceBytes);
  }

  async takePieces(take: (piece: Buffer) => void): Promise<void> {
    this.#holdBody();
    if (this.#parts.body.length > 0) take(this.#parts.body);
  }

  bodyThere(): Buffer {
    this.isBodyTaken = true;
    return this.#parts.body;
  }

  openBody(): BodySource {
    if (this.contentCoding !== undefined) this.memory.addUnpacker();
    return new BodySource(Readable.from([this.#parts.body], { objectMode: false }), this.contentCoding);
  }

  onMalformedBody(): void {}

  tellToContinue(): void {}

  onClose(act: () => void): void {
    if (this.#isAnswered) act();
    else this.#onClose.push(act);
  }

  whileWaiting(): void {}

  letNextBegin(): void {}

  probeAfter(): void {}

  send(answer: Answer): void {
    const { status, headers, body, moreBody = [] } = answer;
    const whole = moreBody.length === 0 ? body : Buffer.concat([Buffer.from(body as Buffer), ...moreBody]);
    this.#end(answerToRelay(status, headers, whole));
    if (answer.kind === "delivery") answer.settle(true);
  }

  /** No route that is relayed has such an answer. */
  sendStream(): void {
    this.#end(undefined);
  }

  end(): void {
    this.#end(undefined);
  }

  #holdBody(): void {
    this.memory.addBody(this.#parts.body.length, true);
    this.isBodyTaken = true;
  }

  #end(answer: Relayed | undefined): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#respond(answer);
    for (const act of this.#onClose) act();
    this.#onClose = [];
  }
}
