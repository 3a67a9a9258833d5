/** A stream's bytes from a scanner: each piece is settled when it was handed to the network. */
import {
  type BulkDelivery,
  isNetlogError,
  type Lease,
  type Message,
  type NetlogError,
  type Scanner,
  type Taken,
} from "../../lib/index.ts";
import type { MessagePieces } from "../formats/message-pieces.ts";
import type { StreamMemory } from "../formats/stream-memory.ts";
import type { OnWaiting } from "../http/answer.ts";
import type { Limits } from "../http/limits.ts";
import { NOTHING_YET, type Piece, type StreamSource } from "./stream-source.ts";

export class ScannerSource implements StreamSource {
  readonly #scanner: Scanner;
  readonly #pieces: MessagePieces;
  readonly #limits: Limits;
  readonly #memory: StreamMemory;
  /** Missed before the first message: told in the headers where the format cannot. */
  skippedFirst = 0;
  /** The offset of the first message, once there was one. */
  firstOffset: number | undefined;
  /** One for the connection; `undefined` of a scanner without acknowledgements. */
  readonly lease: Lease | undefined;
  /** The delivery of the message that goes on in the next piece, and of those before it. */
  #delivery: BulkDelivery | undefined;
  /** The scanner has come to the end of a closed topic. */
  #isClosed = false;

  constructor(scanner: Scanner, pieces: MessagePieces, limits: Limits, memory: StreamMemory) {
    this.#scanner = scanner;
    this.lease = scanner.openLease();
    this.#pieces = pieces;
    this.#limits = limits;
    this.#memory = memory;
  }

  get place(): number {
    return this.#scanner.info().next;
  }

  get closedAt(): number | undefined {
    return this.#isClosed ? this.place : undefined;
  }

  async poll(onWaiting: OnWaiting): Promise<Piece | undefined> {
    return await this.#scan(0, () => {}, onWaiting);
  }

  async next(onWaiting: OnWaiting): Promise<Piece | undefined> {
    let hasLeft = false;
    const whileWaiting: OnWaiting = (leave) =>
      onWaiting(() => {
        hasLeft = true;
        leave();
      });
    for (;;) {
      if (!this.#pieces.isOpen) this.#pieces.release();
      const piece = await this.#scan(this.#limits.waitMs, whileWaiting, whileWaiting);
      if (piece !== undefined || hasLeft || this.#isClosed) return piece;
    }
  }

  close(): void {
    this.#delivery?.settle(false);
    this.#delivery = undefined;
    this.#pieces.release();
  }

  async #scan(
    waitMs: number,
    onWaiting: OnWaiting,
    onWaitingForMemory: OnWaiting,
  ): Promise<Piece | undefined> {
    for (;;) {
      this.#pieces.clear();
      try {
        this.#delivery ??= await this.#scanMany(waitMs, onWaiting);
        return this.#delivery === undefined ? undefined : await this.#nextPiece(this.#delivery);
      } catch (error) {
        if (isNetlogError(error, "end_of_topic")) return this.#endOf(error.details);
        if (this.firstOffset === undefined) throw error;
        if (!(await this.#memory.awaitMemory(error, onWaitingForMemory))) throw error;
      }
    }
  }

  #endOf({ isMore, isClosed }: NetlogError["details"]): Piece | undefined {
    if (isMore === true) return NOTHING_YET;
    if (isClosed === true) this.#isClosed = true;
    return undefined;
  }

  #scanMany(waitMs: number, onWaiting: OnWaiting): Promise<BulkDelivery | undefined> {
    const { lease } = this;
    return this.#scanner.scanMany({
      waitMs,
      onWaiting,
      max: this.#limits.readMessagesMax,
      take: this.#take,
      lease,
    });
  }

  /** The delivery is settled with its last piece, or with the first that does not arrive. */
  async #nextPiece(delivery: BulkDelivery): Promise<Piece> {
    while (this.#pieces.fill()) await this.#memory.pause();
    const { view, count, isOpen } = this.#pieces;
    if (!isOpen) this.#delivery = undefined;
    const settle = (handedOver: boolean): void => {
      if (!isOpen || !handedOver) delivery.settle(handedOver);
    };
    return { bytes: view, messageCount: count, isOpen, settle };
  }

  readonly #take = (message: Message, skipped: number): Taken => {
    const isTold = this.firstOffset !== undefined || this.#pieces.encoding.skipped !== undefined;
    const taken = this.#pieces.take(message, isTold ? skipped : 0);
    if (taken === false) return false;
    if (!isTold) this.skippedFirst += skipped;
    this.firstOffset ??= message.offset;
    return taken;
  };
}
