/**
 * The producers that a topic remembers: of each its epoch and its last sequence number, and where its newest appends
 * lie. Those longest not seen come first. An append's place is kept in memory as it is kept on the disk:
 *
 *     | offset | count | time ms |
 *       f64      u32     f64       big-endian
 */
import { NetlogError } from "../base/errors.ts";
import type { Original } from "../log/log.ts";

/** Who publishes, and which of its appends it is. */
export interface ProducerStamp {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

export const PLACE_BYTES = 20;
const COUNT = 8;
const TIME = 12;
/** Most producers append once, or often. */
const PLACES_GROWTH = 4;

export interface Producer {
  readonly id: string;
  epoch: number;
  /** The number of its last append in that epoch. */
  seq: number;
  /** Its newest appends that are remembered; the last one's place stands last of so many. */
  placeCount: number;
  /** They begin at `placesAt`; where it is not frozen at 0, and there may be room for more. */
  places: Buffer;
  placesAt: number;
  /** It stays as it is: a snapshot has it, or its places lie beside those of others. */
  isFrozen: boolean;
}

export class ProducerTable {
  readonly #producers = new Map<string, Producer>();
  readonly #placesMax: number;

  /** Remembers the places of so many appends of each producer. */
  constructor(appendsMax: number) {
    this.#placesMax = appendsMax;
  }

  get size(): number {
    return this.#producers.size;
  }

  /** As they are now, for a snapshot. A copy takes the place of each when it appends again. */
  freeze(): readonly Producer[] {
    const all = [...this.#producers.values()];
    for (const producer of all) producer.isFrozen = true;
    return all;
  }

  /** When the one longest not seen was seen; infinite when there is none. */
  get oldestMs(): number {
    for (const { places, placesAt, placeCount } of this.#producers.values()) {
      return places.readDoubleBE(placesAt + (placeCount - 1) * PLACE_BYTES + TIME);
    }
    return Infinity;
  }

  has(id: string): boolean {
    return this.#producers.has(id);
  }

  /** What was appended under this number. */
  find({ id, epoch, seq }: ProducerStamp): Original | undefined {
    const producer = this.#producers.get(id);
    if (producer === undefined || producer.epoch !== epoch || seq > producer.seq) return undefined;
    const index = producer.placeCount - (producer.seq - seq + 1);
    const at = producer.placesAt + Math.max(0, index) * PLACE_BYTES;
    const [baseOffset, timestampMs] = [
      producer.places.readDoubleBE(at),
      producer.places.readDoubleBE(at + TIME),
    ];
    if (index < 0) return { baseOffset: undefined, endOffset: baseOffset, timestampMs, count: undefined };
    const count = producer.places.readUInt32BE(at + COUNT);
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
    const producer = known?.epoch === epoch ? thawed(known) : newProducer(id, epoch, seq);
    // A place stands for a number by how far it is from the last one: behind a frame that is lost, they begin anew.
    if (seq !== producer.seq + 1) producer.placeCount = 0;
    producer.seq = seq;
    const at = this.#roomFor(producer);
    producer.places.writeDoubleBE(offset, at);
    producer.places.writeUInt32BE(count, at + COUNT);
    producer.places.writeDoubleBE(timestampMs, at + TIME);
    this.#producers.set(id, producer);
  }

  /** Notes an append of no message as `note` does, calls `look`, and takes it back. */
  withNoted<Seen>(
    stamp: ProducerStamp,
    { offset, timestampMs }: { readonly offset: number; readonly timestampMs: number },
    look: () => Seen,
  ): Seen {
    const known = this.#producers.get(stamp.id);
    // So the note is taken by a copy.
    if (known !== undefined) known.isFrozen = true;
    this.note(stamp, offset, 0, timestampMs);
    try {
      return look();
    } finally {
      this.#producers.delete(stamp.id);
      if (known !== undefined) this.#producers.set(stamp.id, known);
    }
  }

  /** The last number of a producer in its epoch. */
  lastSeq(id: string): number | undefined {
    return this.#producers.get(id)?.seq;
  }

  /** As it was kept: behind all others. It is copied when it appends, as others may lie in the same `places`. */
  restore(producer: Producer): void {
    this.#producers.set(producer.id, producer);
  }

  forgetOldest(): void {
    for (const id of this.#producers.keys()) {
      this.#producers.delete(id);
      return;
    }
  }

  /** Where the place of one more append goes; the oldest is forgotten where there are enough. */
  #roomFor(producer: Producer): number {
    const { places, placeCount } = producer;
    if (placeCount >= this.#placesMax) {
      places.copyWithin(0, PLACE_BYTES, placeCount * PLACE_BYTES);
      return (placeCount - 1) * PLACE_BYTES;
    }
    const usedBytes = placeCount * PLACE_BYTES;
    if (usedBytes === places.length) {
      const capacity = Math.min(this.#placesMax, Math.max(1, PLACES_GROWTH * placeCount));
      producer.places = Buffer.allocUnsafeSlow(capacity * PLACE_BYTES);
      places.copy(producer.places);
    }
    producer.placeCount += 1;
    return usedBytes;
  }
}

const NO_PLACES = Buffer.alloc(0);

function newProducer(id: string, epoch: number, seq: number): Producer {
  return { id, epoch, seq, placeCount: 0, places: NO_PLACES, placesAt: 0, isFrozen: false };
}

/** The producer itself, or in the place of a frozen one a copy with memory of its own. */
function thawed(producer: Producer): Producer {
  if (!producer.isFrozen) return producer;
  const { id, epoch, seq, placeCount, placesAt } = producer;
  const places = Buffer.allocUnsafeSlow(placeCount * PLACE_BYTES);
  producer.places.copy(places, 0, placesAt, placesAt + places.length);
  return { id, epoch, seq, placeCount, places, placesAt: 0, isFrozen: false };
}
