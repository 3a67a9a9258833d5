/**
 * The newest bytes of a log, in memory, so that a consumer at the tail never touches the disk. Frames are encoded
 * straight into a slab and written from there: the write buffer is the tail. A slab mirrors one contiguous range
 * of one segment's data file, a frame lies in one slab whole, and bytes handed out are never changed. A slab of which
 * none were is written again: new ones at the speed of the disk keep the collector busy (`npm run bench`, publish-1k).
 */
import { freeMemory } from "../base/free-memory.ts";
import { LONG_BYTES } from "../base/loop-share.ts";

const SMALLEST_SLAB_BYTES = 4 * 1024;
const LARGEST_SLAB_BYTES = 256 * 1024;

interface Slab {
  readonly segmentId: number;
  /** Position in the data file of the slab's first byte. */
  readonly startPosition: number;
  readonly bytes: Buffer;
  /** Bytes used, from the beginning. */
  filled: number;
  /** Bytes of it were handed out, and may be in use for as long as their reader likes. */
  isLent: boolean;
  /** It is a frame that came in memory of its own. */
  readonly isAdopted: boolean;
}

/** The bytes that all tails together may hold; the tail written longest ago gives way. */
export class TailBudget {
  readonly #maxBytes: number;
  readonly #tails = new Set<Tail>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** For Tail: it grew or shrank by `deltaBytes`. */
  changed(tail: Tail, deltaBytes: number): void {
    this.#bytes += deltaBytes;
    this.#tails.delete(tail);
    if (tail.heldBytes > 0) this.#tails.add(tail);
    if (deltaBytes <= 0) return;
    for (const idle of this.#tails) {
      if (this.#bytes <= this.#maxBytes || idle === tail) return;
      idle.clear();
    }
  }
}

export class Tail {
  readonly #budget: TailBudget;
  readonly #maxBytes: number;
  /** Oldest first; all but the last are full. */
  #slabs: Slab[] = [];
  /** The buffer of a dropped slab of the largest size that was never lent; it does not count as held. */
  #spare: Buffer | undefined;
  heldBytes = 0;

  constructor(budget: TailBudget, maxBytes: number) {
    this.#budget = budget;
    this.#maxBytes = maxBytes;
  }

  /**
   * Room for `length` bytes that will be written at `position` of a segment: a slab and the place in it. They
   * become readable with `commit`; without it the next `reserve` gives the same bytes again.
   */
  reserve(segmentId: number, position: number, length: number): { bytes: Buffer; at: number } {
    const last = this.#slabs.at(-1);
    if (
      last !== undefined &&
      last.segmentId === segmentId &&
      last.startPosition + last.filled === position &&
      last.bytes.length - last.filled >= length
    ) {
      return { bytes: last.bytes, at: last.filled };
    }
    const bytes = this.#newSlab(Math.max(length, nextSlabBytes(last)));
    this.#push({ segmentId, startPosition: position, bytes, filled: 0, isLent: false, isAdopted: false });
    return { bytes, at: 0 };
  }

  /**
   * Takes bytes that were written at `position` of a segment as a slab of their own; they never change from now on. Long
   * ones are freed when nobody needs them: nobody else may hold them.
   */
  adopt(segmentId: number, position: number, bytes: Buffer): void {
    const isLent = false;
    this.#push({ segmentId, startPosition: position, bytes, filled: bytes.length, isLent, isAdopted: true });
  }

  /** What was reserved last was written with `length` bytes. */
  commit(length: number): void {
    this.#slabs.at(-1)!.filled += length;
  }

  /** What is held from `position` of a segment on, up to the slab's end; `undefined` when that is nothing. */
  view(segmentId: number, position: number): Buffer | undefined {
    for (let i = this.#slabs.length - 1; i >= 0; i--) {
      const slab = this.#slabs[i]!;
      const at = position - slab.startPosition;
      if (slab.segmentId !== segmentId || at < 0) continue;
      if (at >= slab.filled) return undefined;
      slab.isLent = true;
      return slab.bytes.subarray(at, slab.filled);
    }
    return undefined;
  }

  clear(): void {
    const held = this.heldBytes;
    for (const slab of this.#slabs) freeIfLong(slab);
    this.#slabs = [];
    this.#spare = undefined;
    this.#changeHeld(-held);
  }

  #push(slab: Slab): void {
    this.#slabs.push(slab);
    this.#changeHeld(slab.bytes.length);
    while (this.#slabs.length > 1 && this.heldBytes > this.#maxBytes) {
      const slab = this.#slabs.shift()!;
      const { bytes, isLent, isAdopted } = slab;
      if (!isLent && !isAdopted && bytes.length === LARGEST_SLAB_BYTES) this.#spare = bytes;
      freeIfLong(slab);
      this.#changeHeld(-bytes.length);
    }
  }

  #newSlab(sizeBytes: number): Buffer {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare?.length === sizeBytes ? spare : Buffer.allocUnsafeSlow(sizeBytes);
  }

  #changeHeld(deltaBytes: number): void {
    this.heldBytes += deltaBytes;
    this.#budget.changed(this, deltaBytes);
  }
}

/** Nobody holds bytes of a slab that was not lent. */
function freeIfLong({ bytes, isLent, isAdopted }: Slab): void {
  if (isAdopted && !isLent && bytes.length > LONG_BYTES) freeMemory(bytes.buffer);
}

/** Slabs double, so that a thousand quiet topics hold little and a busy one writes from few. */
function nextSlabBytes(last: Slab | undefined): number {
  if (last === undefined) return SMALLEST_SLAB_BYTES;
  return Math.min(LARGEST_SLAB_BYTES, Math.max(SMALLEST_SLAB_BYTES, last.bytes.length * 2));
}
