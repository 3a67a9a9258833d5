/**
 * Publishes what is to be stored once, in order, on a condition, or as the end of its topic. Each such append is a frame
 * of its own, and what it depends on is judged where the log assigns its offset.
 */
import { NetlogError } from "../base/errors.ts";
import type { Limits } from "../base/limits.ts";
import type { Batch } from "../message/batch.ts";
import { addFields } from "../message/entry-fields.ts";
import { type EntryFields, encodeFields } from "../message/fields.ts";
import { encodeMessage } from "../message/message.ts";
import { type NewMessage, packMessage } from "../message/new-message.ts";
import type { Published, PublishOptions } from "./publish-call.ts";
import type { Publisher } from "./publisher.ts";
import type { AppendTerms } from "./state-guard.ts";
import type { TopicState } from "./topic-state.ts";

/** Most publishes have none. */
export function hasTerms(options: AppendTerms): boolean {
  return (
    options.idempotency !== undefined ||
    options.expectedOffset !== undefined ||
    options.producer !== undefined ||
    options.streamSequence !== undefined ||
    options.closes === true
  );
}

export class TermsPublisher {
  readonly #publisher: Publisher;
  readonly #state: TopicState;
  readonly #limits: Limits;

  constructor(publisher: Publisher, state: TopicState, limits: Limits) {
    this.#publisher = publisher;
    this.#state = state;
    this.#limits = limits;
  }

  async publish(message: NewMessage, options: PublishOptions): Promise<Published> {
    requireTerms(options, this.#limits);
    const { payload, fields } = packMessage(message, this.#limits);
    const added = fieldsOf(options);
    const { key, contentType, headers } = message;
    const users = {
      ...(key === undefined ? {} : { key }),
      ...(contentType === undefined ? {} : { contentType }),
      ...(headers === undefined ? {} : { headers }),
    };
    const encoded = added === undefined ? fields : encodeFields({ ...users, ...added });
    const batch = { entry: encodeMessage(payload, encoded), count: 1 };
    return await this.#append(batch, options, payload.length);
  }

  async publishBatch(batch: Batch, options: PublishOptions): Promise<Published> {
    requireTerms(options, this.#limits);
    const fields = fieldsOf(options);
    return await this.#append(fields === undefined ? batch : addFields(batch, fields), options, undefined);
  }

  /** `payloadBytes`: of a single message. */
  async #append(batch: Batch, options: PublishOptions, payloadBytes: number | undefined): Promise<Published> {
    if (!this.#state.isReadyFor(options)) await this.#state.ready();
    const guard = this.#state.guard(options, batch.count);
    return await this.#publisher.publishAlone(batch, guard, options, payloadBytes);
  }
}

/** What is written of the terms; a condition leaves no trace. */
function fieldsOf({ idempotency, producer, streamSequence, closes }: AppendTerms): EntryFields | undefined {
  const fields = {
    ...(idempotency === undefined ? {} : { idempotency }),
    ...(producer === undefined ? {} : { producer }),
    ...(streamSequence === undefined ? {} : { streamSequence }),
    ...(closes === true ? { closes } : {}),
  };
  return Object.keys(fields).length === 0 ? undefined : fields;
}

const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/** @throws bad_request. */
function requireTerms({ expectedOffset, idempotency, producer }: AppendTerms, limits: Limits): void {
  const { idempotencyKeyLength, producerIdBytes } = limits;
  if (expectedOffset !== undefined) requireNumber("the expected offset", expectedOffset);
  if (idempotency !== undefined) {
    const { key } = idempotency;
    if (key.length > idempotencyKeyLength || !VISIBLE_ASCII.test(key)) {
      throw refused(`an idempotency key has 1 to ${idempotencyKeyLength} visible ASCII characters`);
    }
  }
  if (producer === undefined) return;
  const idBytes = Buffer.byteLength(producer.id);
  if (idBytes === 0 || idBytes > producerIdBytes) {
    throw refused(`a producer's id has 1 to ${producerIdBytes} bytes; this one has ${idBytes}`);
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
