/** Puts the pieces of a body into one buffer, so that a large body is not held twice; and frees such a buffer. */
import { freeMemory } from "../../lib/index.ts";

/** Smaller memory waits for the collector. */
const FREED_BYTES = 64 * 1024;

/** Memory that was made for one body. A piece may share its own with what the client sent behind it. */
const freeable = new WeakSet<ArrayBufferLike>();

/** Pieces of a body of unknown length are listed up to here; past it a buffer of the limit is cheaper than growing. */
const LISTED_BYTES = 64 * 1024;

export class BodyBuffer {
  readonly #limitBytes: number;
  readonly #spaceBytes: number;
  /** Memory that is not written to is not taken, so a length that was made up costs nothing. */
  #target: Buffer | undefined;
  readonly #pieces: Buffer[] = [];
  #sizeBytes = 0;
  /** `undefined` when the headers do not say. */
  readonly #declaredBytes: number | undefined;

  /** For at most `limitBytes` behind `spaceBytes` of the caller. */
  constructor(declaredBytes: number | undefined, limitBytes: number, spaceBytes: number) {
    this.#declaredBytes = declaredBytes;
    this.#limitBytes = limitBytes;
    this.#spaceBytes = spaceBytes;
  }

  add(piece: Buffer): void {
    const isAll = piece.length === this.#declaredBytes && this.#spaceBytes === 0;
    if (this.#target === undefined && !isAll) this.#makeTarget(piece);
    if (this.#target === undefined) this.#pieces.push(piece);
    else piece.copy(this.#target, this.#spaceBytes + this.#sizeBytes);
    this.#sizeBytes += piece.length;
  }

  bytes(): Buffer {
    const { length } = this.#pieces;
    if (this.#target === undefined && length === 1 && this.#spaceBytes === 0) return this.#pieces[0]!;
    const target = this.#target ?? this.#fill(this.#sizeBytes);
    return target.subarray(this.#spaceBytes, this.#spaceBytes + this.#sizeBytes);
  }

  /** Nobody wants what came. */
  drop(): void {
    if (this.#target !== undefined) freeBody(this.#target);
  }

  #makeTarget(next: Buffer): void {
    if (this.#declaredBytes !== undefined) this.#target = this.#fill(this.#declaredBytes);
    else if (this.#sizeBytes + next.length > LISTED_BYTES) this.#target = this.#fill(this.#limitBytes);
  }

  /** A buffer with what came so far. */
  #fill(capacityBytes: number): Buffer {
    const target = Buffer.allocUnsafe(this.#spaceBytes + capacityBytes);
    if (target.buffer.byteLength >= FREED_BYTES) freeable.add(target.buffer);
    let position = this.#spaceBytes;
    for (const piece of this.#pieces.splice(0)) position += piece.copy(target, position);
    return target;
  }
}

/** Frees the memory of a large body that a BodyBuffer made; nobody may look at the body again. */
export function freeBody({ buffer }: Buffer): void {
  if (freeable.delete(buffer)) freeMemory(buffer);
}
