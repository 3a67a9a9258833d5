/**
 * Publishes what is to be stored once, in order, on a condition, or as the end of its topic. Each such append is a frame
 * of its own, and what it depends on is judged where the log assigns its offset.
 */
import { NetlogError } from "../base/errors.ts";
import type { Batch } from "../message/batch.ts";
import { addFields } from "../message/entry-fields.ts";
import type { AppendFields } from "../message/fields.ts";
import { encodeMessage } from "../message/message.ts";
import { type NewMessage, type PackedMessage, packedBytes, packMessage } from "../message/new-message.ts";
import type { Limits } from "./limits.ts";
import { isLongPayload, packLongMessage } from "./long-message.ts";
import type { Published, PublishOptions } from "./publish-call.ts";
import type { LoneEntry, Publisher } from "./publisher.ts";
import { type AppendTerms, remembers } from "./state-guard.ts";
import type { TopicState } from "./topic-state.ts";

/** Most publishes have none. */
export function hasTerms(options: AppendTerms): boolean {
  return remembers(options) || options.expectedOffset !== undefined;
}

export class TermsPublisher {
  readonly #publisher: Publisher;
  readonly #state: TopicState;
  readonly #limits: Limits;
  readonly #pause: () => Promise<void>;

  /** `pause` gives the event loop back. */
  constructor(publisher: Publisher, state: TopicState, limits: Limits, pause: () => Promise<void>) {
    this.#publisher = publisher;
    this.#pause = pause;
    this.#state = state;
    this.#limits = limits;
  }

  publish(message: NewMessage, options: PublishOptions): Promise<Published> {
    let packed: PackedMessage;
    try {
      requireTerms(options, this.#limits);
      packed = packMessage(message, this.#limits, fieldsOf(options));
    } catch (error) {
      return Promise.reject(error);
    }
    const { payload, fields } = packed;
    if (isLongPayload(payload)) return this.#publishLong(message, packed, options);
    const encode = () => encodeMessage(payload, fields);
    return this.#append(singleEntry(packed, 0, encode), options);
  }

  async #publishLong(
    message: NewMessage,
    packed: PackedMessage,
    options: PublishOptions,
  ): Promise<Published> {
    const asked = this.#publisher.asAskedNow(options);
    const { entry, headroomBytes } = await packLongMessage(message, packed.fields, this.#pause);
    return await this.#append(
      singleEntry(packed, headroomBytes, () => entry),
      asked,
    );
  }

  async publishBatch(batch: Batch, options: PublishOptions): Promise<Published> {
    requireTerms(options, this.#limits);
    const fields = fieldsOf(options);
    const encode = () => (fields === undefined ? batch.entry : addFields(batch, fields).entry);
    const { count } = batch;
    const headroomBytes = fields === undefined ? batch.headroomBytes : undefined;
    return await this.#append({ sizeBytes: batch.entry.length, count, headroomBytes, encode }, options);
  }

  /** No promise of its own stands between the call and the publisher where the state is ready. */
  #append(entry: LoneEntry, options: PublishOptions): Promise<Published> {
    if (!this.#state.isReadyFor(options)) {
      const asked = this.#publisher.asAskedNow(options);
      return this.#state.ready().then(() => this.#appendGuarded(entry, asked));
    }
    return this.#appendGuarded(entry, options);
  }

  #appendGuarded(entry: LoneEntry, options: PublishOptions): Promise<Published> {
    return this.#publisher.publishAlone(entry, this.#state.guard(options, entry.count), options);
  }
}

/** An entry of one message, which is encoded when nothing refuses it. */
function singleEntry(
  packed: PackedMessage,
  headroomBytes: number | undefined,
  encode: () => Buffer,
): LoneEntry {
  return {
    payloadBytes: packed.payload.length,
    sizeBytes: packedBytes(packed),
    count: 1,
    headroomBytes,
    encode,
  };
}

/** What is written of the terms: a condition leaves no trace. */
function fieldsOf(terms: AppendTerms): AppendFields | undefined {
  return remembers(terms) ? terms : undefined;
}

/** Visible ASCII; a producer's id may have spaces inside. */
const IDEMPOTENCY_KEY = /^[!-~]+$/;
const PRODUCER_ID = /^[!-~](?:[ -~]*[!-~])?$/;

/** @throws bad_request. */
export function requireTerms(
  { expectedOffset, idempotency, producer, streamSequence }: AppendTerms,
  { idempotencyKeyLength, producerIdBytes, streamSequenceBytes }: Limits,
): void {
  if (expectedOffset !== undefined) requireNumber("the expected offset", expectedOffset);
  if (idempotency !== undefined) {
    const { key } = idempotency;
    if (key.length > idempotencyKeyLength || !IDEMPOTENCY_KEY.test(key)) {
      throw refused(`an idempotency key has 1 to ${idempotencyKeyLength} visible ASCII characters`);
    }
  }
  const sequenceBytes = streamSequence?.length ?? 1;
  if (sequenceBytes === 0 || sequenceBytes > streamSequenceBytes) {
    throw refused(`a stream sequence has 1 to ${streamSequenceBytes} bytes; this one has ${sequenceBytes}`);
  }
  if (producer === undefined) return;
  if (producer.id.length > producerIdBytes || !PRODUCER_ID.test(producer.id)) {
    throw refused(`a producer's id has 1 to ${producerIdBytes} visible ASCII characters`);
  }
  requireNumber("a producer's epoch", producer.epoch);
  requireNumber("a sequence number", producer.seq);
}

function requireNumber(what: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw refused(`${what} is ${value}; it is an integer from 0 to ${Number.MAX_SAFE_INTEGER}`);
}

function refused(reason: string): NetlogError {
  return new NetlogError("bad_request", { reason });
}
