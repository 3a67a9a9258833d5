/** What a topic remembers of its appends: idempotency keys, producers, the newest stream sequence, and that it is closed. */
import type { AppendFields } from "../message/fields.ts";
import { fingerprintOf, IdempotencyTable } from "./idempotency-table.ts";
import type { Limits } from "./limits.ts";
import { type ProducerStamp, ProducerTable } from "./producer-table.ts";
import type { Memory, Remembered } from "./remembered.ts";

/** An entry that was written: its fields, and where it lies. */
export interface WrittenEntry {
  readonly fields: AppendFields;
  readonly baseOffset: number;
  readonly count: number;
  readonly timestampMs: number;
  /** The fingerprint of its idempotency key, where that is known. */
  readonly fingerprint?: Buffer | undefined;
}

/** Where a topic ends, and since when. */
interface TopicEnd {
  readonly offset: number;
  readonly timestampMs: number;
}

/** A producer takes as much memory as so many keys: 1,600 bytes with the longest id and the places of 48 appends. */
const PRODUCER_KEYS = 20;

export class TopicMemory implements Memory {
  readonly keys: IdempotencyTable = new IdempotencyTable();
  readonly producers: ProducerTable;
  streamSequence: Uint8Array | undefined;
  isClosed = false;
  readonly #limits: Limits;
  readonly #remembered: Remembered;

  /** Counts among what all topics remember once it has joined. */
  constructor(limits: Limits, remembered: Remembered) {
    this.#limits = limits;
    this.#remembered = remembered;
    this.producers = new ProducerTable(limits.producerAppends);
  }

  /** In keys. */
  get size(): number {
    return this.keys.size + PRODUCER_KEYS * this.producers.size;
  }

  get oldestMs(): number {
    return Math.min(this.keys.oldestMs, this.producers.oldestMs);
  }

  forgetOldest(): void {
    if (this.keys.oldestMs <= this.producers.oldestMs) this.keys.forgetOldest();
    else this.producers.forgetOldest();
  }

  /** Takes in an entry that was written. Keys published before `forgetKeysBeforeMs` are forgotten. */
  note(
    { fields, baseOffset, count, timestampMs, fingerprint }: WrittenEntry,
    forgetKeysBeforeMs: number,
  ): void {
    const { idempotency, producer, streamSequence, closes } = fields;
    const before = this.size;
    if (idempotency !== undefined) {
      this.#makeRoom(forgetKeysBeforeMs);
      this.keys.add(
        fingerprint ?? fingerprintOf(idempotency.key),
        idempotency.digest,
        baseOffset,
        count,
        timestampMs,
      );
    }
    if (producer !== undefined) {
      const isNew = !this.producers.has(producer.id);
      if (isNew && this.producers.size >= this.#limits.producers) this.producers.forgetOldest();
      this.producers.note(producer, baseOffset, count, timestampMs);
    }
    if (streamSequence !== undefined) this.streamSequence = streamSequence;
    if (closes === true) this.isClosed = true;
    this.#remembered.changed(this, this.size - before);
  }

  /** As `note`, of an entry with an idempotency key alone: the field's value lies in `[start, end)` of `bytes`. */
  noteKey(
    bytes: Buffer,
    start: number,
    end: number,
    baseOffset: number,
    count: number,
    timestampMs: number,
    forgetKeysBeforeMs: number,
  ): void {
    const before = this.size;
    this.#makeRoom(forgetKeysBeforeMs);
    this.keys.addValue(bytes, start, end, baseOffset, count, timestampMs);
    this.#remembered.changed(this, this.size - before);
  }

  /** What `look` gives when the topic has been closed by the next append of `producer`. @throws as requireNext does. */
  whenClosed<Seen>(producer: ProducerStamp | undefined, end: TopicEnd, look: () => Seen): Seen {
    if (producer === undefined) return look();
    this.producers.requireNext(producer);
    return this.producers.withNoted(producer, end, look);
  }

  /** The topic was closed without a message. */
  noteClosed(producer: ProducerStamp | undefined, { offset: baseOffset, timestampMs }: TopicEnd): void {
    const fields = producer === undefined ? { closes: true } : { closes: true, producer };
    this.note({ fields, baseOffset, count: 0, timestampMs }, Number.NEGATIVE_INFINITY);
  }

  #makeRoom(forgetKeysBeforeMs: number): void {
    const { keys } = this;
    while (keys.size > 0 && keys.oldestMs < forgetKeysBeforeMs) keys.forgetOldest();
    while (keys.size >= this.#limits.idempotencyKeys) keys.forgetOldest();
  }
}
