/** A message that a scanner gave out, and how it is settled. */
import { Message, type MessageParts } from "./message.ts";
import type { CallOptions } from "./session.ts";

export interface NackOptions extends CallOptions {
  /** Given out again so much later, in ms; at once by default, at most a day. */
  readonly delayMs?: number | undefined;
  /** To the dead letter at once. Not with `delayMs`. */
  readonly dead?: boolean | undefined;
}

/** What settles messages of one lease; the scanner. */
export interface Settler {
  ack(offset: number, options: CallOptions & { readonly lease?: string | undefined }): Promise<unknown>;
  nack(offset: number, options: NackOptions & { readonly lease?: string | undefined }): Promise<unknown>;
  touch(offset: number, options: CallOptions & { readonly lease?: string | undefined }): Promise<unknown>;
}

export interface DeliveryFields extends MessageParts {
  readonly delivery: number | undefined;
  readonly lease: string | undefined;
  readonly skipped: number;
}

/** A message that a scanner gave out. Where it has no acknowledgements, `ack`, `nack` and `touch` do nothing. */
export class Delivery extends Message {
  /** How often it was given out, 1 the first time; `undefined` without acknowledgements. */
  readonly delivery: number | undefined;
  /** Says which delivery is settled: one that is not the current one any more is refused. */
  readonly lease: string | undefined;
  /** Messages in front of it that retention dropped before the scanner came to them. */
  readonly skipped: number;
  readonly #settler: Settler;
  #isSettled = false;

  constructor(settler: Settler, fields: DeliveryFields) {
    super(fields);
    this.delivery = fields.delivery;
    this.lease = fields.lease;
    this.skipped = fields.skipped;
    this.#settler = settler;
  }

  /** True without acknowledgements, and as soon as ack or nack was called. */
  get isSettled(): boolean {
    return this.lease === undefined || this.#isSettled;
  }

  /**
   * Acknowledges it: it does not come again. As durable as a message of the topic. Retried.
   *
   * @throws NetlogClientError lease_lost when it took too long and another one has it.
   *
   * @example
   * await topic.publish("job");
   * const scanner = await topic.createScanner({ id: "workers", ack: "explicit" });
   * const job = await scanner.scan();
   * await job?.ack();
   * console.log((await scanner.info()).pending); // 0
   */
  async ack(options: CallOptions = {}): Promise<void> {
    await this.#settle((lease) => this.#settler.ack(this.offset, { ...options, lease }));
  }

  /**
   * Gives it back, to be given out again: at once, later, or to the dead letter. Retried.
   *
   * @throws NetlogClientError lease_lost, also when the answer to a nack that was done was lost.
   *
   * @example
   * await topic.publish("job");
   * const scanner = await topic.createScanner({ id: "workers", ack: "explicit" });
   * await (await scanner.scan())?.nack();
   * console.log((await scanner.scan())?.delivery); // 2
   */
  async nack(options: NackOptions = {}): Promise<void> {
    await this.#settle((lease) => this.#settler.nack(this.offset, { ...options, lease }));
  }

  /**
   * Starts its lease anew, for work that takes longer than the scanner's `ackWaitMs`. Retried.
   *
   * @throws NetlogClientError lease_lost when it is too late.
   *
   * @example
   * await topic.publish("job");
   * const scanner = await topic.createScanner({ id: "workers", ack: "explicit", ackWaitMs: 5000 });
   * const job = await scanner.scan();
   * await job?.touch();
   */
  async touch(options: CallOptions = {}): Promise<void> {
    if (this.lease !== undefined) await this.#settler.touch(this.offset, { ...options, lease: this.lease });
  }

  async #settle(settle: (lease: string) => Promise<unknown>): Promise<void> {
    if (this.lease === undefined) return;
    this.#isSettled = true;
    await settle(this.lease);
  }
}
