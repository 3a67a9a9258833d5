/**
 * What one file of the memory disk holds: the page cache, which readers see, the bytes that are surely on the
 * disk, and the changes between the two, in order. A power cut decides about each of these changes.
 *
 * A write never harms the bytes beside it, and the size of a file grows in the order of its writes; the rest is
 * left to chance: bytes arrive in any order, sector by sector, before or after the size that makes them visible.
 */
import { GrowableBytes } from "./growable-bytes.ts";

/** What the disk writes at once. */
const SECTOR_BYTES = 512;

interface Change {
  readonly sequence: number;
  readonly kind: "write" | "truncate";
  /** Where the write begins; the new size of a truncate. */
  readonly position: number;
  /** What was written; empty for a truncate. */
  readonly bytes: Uint8Array;
  /** A sync of this write failed: the system takes the pages for clean and never writes them. */
  lost: boolean;
}

export class MemoryContent {
  readonly #cached: GrowableBytes;
  readonly #durable: GrowableBytes;
  #changes: Change[] = [];
  #nextSequence = 0;

  /** Begins with `bytes`, all of it on the disk. */
  constructor(bytes: Uint8Array = Buffer.alloc(0)) {
    this.#cached = new GrowableBytes(bytes);
    this.#durable = new GrowableBytes(bytes);
  }

  get sizeBytes(): number {
    return this.#cached.sizeBytes;
  }

  read(into: Uint8Array, position: number): number {
    return this.#cached.read(into, position);
  }

  copy(): Buffer {
    return this.#cached.copy();
  }

  write(bytes: Uint8Array, position: number): void {
    this.#cached.write(bytes, position);
    this.#record("write", position, Buffer.from(bytes));
  }

  truncate(sizeBytes: number): void {
    this.#cached.resize(sizeBytes);
    this.#record("truncate", sizeBytes, Buffer.alloc(0));
  }

  /** What a sync that begins now covers; for `finishSync` or `failSync`. */
  startSync(): number {
    return this.#nextSequence;
  }

  /** Puts what the sync covers on the disk, save for what an earlier failed sync lost. */
  finishSync(covered: number): void {
    for (const change of this.#changes) {
      if (change.sequence >= covered) break;
      if (change.kind === "truncate") {
        this.#durable.resize(change.position);
      } else {
        const endBytes = change.position + change.bytes.length;
        if (endBytes > this.#durable.sizeBytes) this.#durable.resize(endBytes);
        if (!change.lost) this.#durable.write(change.bytes, change.position);
      }
    }
    this.#changes = this.#changes.filter((change) => change.sequence >= covered);
  }

  /** Loses the writes that the sync covers: readers see them until the power goes. Sizes are not lost. */
  failSync(covered: number): void {
    for (const change of this.#changes) {
      if (change.sequence < covered) change.lost = true;
    }
  }

  /**
   * What a power cut leaves, all of it on the disk. How much survives varies from one call to the next, from
   * nothing to everything; `() => 0` leaves what was synced and nothing else.
   */
  afterPowerCut(random: () => number): MemoryContent {
    const survival = pick(random, [0, 0.1, 0.5, 0.9, 1]);
    const noise = pick(random, [0, 0, 0.1, 0.5]);
    const grownUntil = Math.floor(random() * (this.#changes.length + 1));
    const platter = new GrowableBytes(this.#durable.copy());
    let sizeBytes = platter.sizeBytes;
    for (const [index, change] of this.#changes.entries()) {
      if (change.kind === "truncate") {
        if (random() >= survival) continue;
        platter.resize(change.position);
        sizeBytes = change.position;
        continue;
      }
      if (index < grownUntil) sizeBytes = Math.max(sizeBytes, change.position + change.bytes.length);
      if (change.lost) continue;
      for (const sector of sectorsOf(change)) {
        if (random() < survival) platter.write(sector.bytes, sector.position);
        else if (random() < noise) platter.write(garbled(sector.bytes, random), sector.position);
      }
    }
    platter.resize(sizeBytes);
    return new MemoryContent(platter.copy());
  }

  #record(kind: Change["kind"], position: number, bytes: Uint8Array): void {
    this.#changes.push({ sequence: this.#nextSequence, kind, position, bytes, lost: false });
    this.#nextSequence += 1;
  }
}

/** The parts of a write that arrive, or not, each for itself. */
function sectorsOf(change: Change): { position: number; bytes: Uint8Array }[] {
  const sectors = [];
  const end = change.position + change.bytes.length;
  for (let position = change.position; position < end; ) {
    const sectorEnd = Math.min(end, (Math.floor(position / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    const bytes = change.bytes.subarray(position - change.position, sectorEnd - change.position);
    sectors.push({ position, bytes });
    position = sectorEnd;
  }
  return sectors;
}

/** `bytes` up to a random place, and noise from there on. */
function garbled(bytes: Uint8Array, random: () => number): Uint8Array {
  const from = Math.floor(random() * bytes.length);
  return bytes.map((byte, index) => (index < from ? byte : Math.floor(random() * 256)));
}

function pick(random: () => number, choices: readonly number[]): number {
  return choices[Math.floor(random() * choices.length)]!;
}
