/** What one append depends on: an offset that is expected, a key under which it is stored once, a producer's order. */
import { NetlogError } from "../base/errors.ts";
import type { AppendGuard, Original } from "../log/log.ts";
import type { AppendFields } from "../message/fields.ts";
import { fingerprintOf } from "./idempotency-table.ts";
import type { TopicMemory } from "./topic-memory.ts";

export interface AppendTerms extends AppendFields {
  /** The offset that the message must get. */
  readonly expectedOffset?: number | undefined;
}

/** Whether the topic remembers anything of an append on these terms. */
export function remembers({ idempotency, producer, streamSequence, closes }: AppendTerms): boolean {
  return (
    idempotency !== undefined || producer !== undefined || streamSequence !== undefined || closes === true
  );
}

export class StateGuard implements AppendGuard {
  /** There is one where anything is remembered. */
  readonly #memory: TopicMemory | undefined;
  readonly #terms: AppendTerms;
  readonly #count: number;
  /** The fingerprint of the idempotency key. */
  readonly #fingerprint: Buffer | undefined;
  /** Keys published before are not remembered. */
  readonly #forgetKeysBeforeMs: () => number;
  readonly #onWritten: () => void;

  /** The entry has `count` messages. */
  constructor(
    memory: TopicMemory | undefined,
    terms: AppendTerms,
    count: number,
    forgetKeysBeforeMs: () => number,
    onWritten: () => void,
  ) {
    this.#memory = memory;
    this.#terms = terms;
    this.#count = count;
    this.#fingerprint = terms.idempotency === undefined ? undefined : fingerprintOf(terms.idempotency.key);
    this.#forgetKeysBeforeMs = forgetKeysBeforeMs;
    this.#onWritten = onWritten;
  }

  get identity(): string | undefined {
    const { idempotency, producer } = this.#terms;
    if (idempotency !== undefined) return `key ${idempotency.key}`;
    return producer === undefined ? undefined : `number ${producer.seq} ${producer.epoch} ${producer.id}`;
  }

  get subject(): string | undefined {
    const { idempotency, producer, expectedOffset, streamSequence, closes } = this.#terms;
    if (expectedOffset !== undefined || streamSequence !== undefined || closes === true) return undefined;
    if (idempotency === undefined) return producer && `producer ${producer.id}`;
    return producer === undefined ? `key ${idempotency.key}` : undefined;
  }

  original(): Original | undefined {
    const { idempotency, producer } = this.#terms;
    if (idempotency !== undefined) {
      const known = this.#memory!.keys.find(this.#fingerprint!, this.#forgetKeysBeforeMs());
      if (known !== undefined && !known.digest.equals(idempotency.digest)) {
        throw new NetlogError("idempotency_mismatch");
      }
      if (known !== undefined) return known;
    }
    return producer === undefined ? undefined : this.#memory!.producers.find(producer);
  }

  require(offset: number): void {
    const { expectedOffset, producer, streamSequence } = this.#terms;
    if (producer !== undefined) this.#memory!.producers.requireNext(producer);
    if (streamSequence !== undefined) requireAbove(this.#memory!.streamSequence, streamSequence);
    if (expectedOffset === undefined || expectedOffset === offset) return;
    const reason = `the next message gets offset ${offset}, not ${expectedOffset}; read up to there and decide anew`;
    throw new NetlogError("offset_mismatch", { reason, details: { nextOffset: offset } });
  }

  written(baseOffset: number, timestampMs: number): void {
    if (this.#memory === undefined) return;
    const written = {
      fields: this.#terms,
      baseOffset,
      count: this.#count,
      timestampMs,
      fingerprint: this.#fingerprint,
    };
    this.#memory.note(written, this.#forgetKeysBeforeMs());
    this.#onWritten();
  }
}

function requireAbove(last: Uint8Array | undefined, sequence: Uint8Array): void {
  if (last !== undefined && Buffer.compare(sequence, last) <= 0) throw new NetlogError("sequence_regression");
}
