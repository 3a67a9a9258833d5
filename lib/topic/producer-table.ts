/**
 * The producers that a topic remembers: of each its epoch and its last sequence number, and where its newest appends
 * lie. Those longest not seen come first.
 */
import { NetlogError } from "../base/errors.ts";
import type { Original } from "../log/log.ts";

/** Who publishes, and which of its appends it is. */
export interface ProducerStamp {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

export interface Producer {
  epoch: number;
  /** Of its last append in that epoch. */
  seq: number;
  /** First offset, count and time (ms) of its newest appends, one after the other, the last one's at the end. */
  places: number[];
}

/** Numbers of one append among the places. */
export const PLACE_NUMBERS = 3;

export class ProducerTable {
  readonly #producers = new Map<string, Producer>();
  readonly #placesMax: number;

  /** Remembers the places of so many appends of each producer. */
  constructor(appendsMax: number) {
    this.#placesMax = PLACE_NUMBERS * appendsMax;
  }

  get size(): number {
    return this.#producers.size;
  }

  get all(): Iterable<[string, Producer]> {
    return this.#producers;
  }

  /** When the one longest not seen was seen; infinite when there is none. */
  get oldestMs(): number {
    for (const { places } of this.#producers.values()) return places.at(-1) ?? 0;
    return Infinity;
  }

  has(id: string): boolean {
    return this.#producers.has(id);
  }

  /** What was appended under this number. */
  find({ id, epoch, seq }: ProducerStamp): Original | undefined {
    const producer = this.#producers.get(id);
    if (producer === undefined || producer.epoch !== epoch || seq > producer.seq) return undefined;
    const { places } = producer;
    const at = places.length - PLACE_NUMBERS * (producer.seq - seq + 1);
    const [baseOffset = 0, count = 0, timestampMs = 0] = places.slice(Math.max(0, at));
    if (at < 0) return { baseOffset: undefined, endOffset: baseOffset, timestampMs, count: undefined };
    return { baseOffset, endOffset: baseOffset + count, timestampMs, count };
  }

  /** @throws producer_fenced, producer_gap, bad_request: it is not the producer's next append. */
  requireNext({ id, epoch, seq }: ProducerStamp): void {
    const known = this.#producers.get(id);
    if (known !== undefined && epoch < known.epoch) {
      throw new NetlogError("producer_fenced", { details: { epoch: known.epoch } });
    }
    if (known !== undefined && epoch > known.epoch && seq !== 0) {
      const reason = `epoch ${epoch} is new, and the sequence numbers of an epoch begin at 0; this one is ${seq}`;
      throw new NetlogError("bad_request", { reason });
    }
    const expectedSeq = known?.epoch === epoch ? known.seq + 1 : 0;
    if (seq === expectedSeq) return;
    throw new NetlogError("producer_gap", { details: { expectedSeq, receivedSeq: seq } });
  }

  /** An append of it was written. */
  note({ id, epoch, seq }: ProducerStamp, offset: number, count: number, timestampMs: number): void {
    const known = this.#producers.get(id);
    // What was seen last stands last.
    this.#producers.delete(id);
    const producer = known?.epoch === epoch ? known : { epoch, seq, places: [] };
    producer.seq = seq;
    producer.places.push(offset, count, timestampMs);
    if (producer.places.length > this.#placesMax) producer.places.splice(0, PLACE_NUMBERS);
    this.#producers.set(id, producer);
  }

  /** As it was kept. */
  restore(id: string, producer: Producer): void {
    this.#producers.set(id, producer);
  }

  forgetOldest(): void {
    for (const id of this.#producers.keys()) {
      this.#producers.delete(id);
      return;
    }
  }
}
