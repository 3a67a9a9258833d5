/**
 * The newest frames of a log on NATS, in memory: written there by its owner, sent from there, and read from there by all
 * who keep up. Frames lie one after the other at positions that this process gives, whatever messages they travel in.
 */
import {
  decodeFrameHeader,
  encodeFrame,
  type FrameHeader,
  frameBytes,
  frameEndOffset,
} from "../../log/frame.ts";
import { MEMORY, type RunBounds, runOf } from "../../log/frame-run.ts";
import type { FrameRun, LogEntry } from "../../log/log.ts";
import { Tail, type TailBudget } from "../../log/tail.ts";

export interface TailPlace {
  readonly baseOffset: number;
  readonly timestampMs: number;
  /** Everything below is stored by a majority. */
  readonly storedEndOffset: number;
}

interface HeldPlace {
  readonly offset: number;
  readonly position: number;
}

/** Places are dropped in one go when so many are of frames that are not held any more. */
const PLACES_DROPPED = 256;

export class HeldTail {
  readonly #tail: Tail;
  readonly #maxBytes: number;
  /** Where runs of frames begin; ascending. */
  #places: HeldPlace[] = [];
  #position = 0;
  /** Another one after each reset: what was written before is not found any more. */
  #generation = 0;
  /** What was found last, which is what all who wait for the next message look for. */
  #lastFound: HeldPlace | undefined;

  constructor(budget: TailBudget, maxBytes: number) {
    this.#tail = new Tail(budget, maxBytes);
    this.#maxBytes = maxBytes;
  }

  /** Frames of these entries; the bytes never change. */
  write(entries: readonly LogEntry[], sizeBytes: number, place: TailPlace): Buffer {
    const { baseOffset, timestampMs, storedEndOffset } = place;
    const { bytes, at: start } = this.#tail.reserve(this.#generation, this.#position, sizeBytes);
    let at = start;
    let offset = baseOffset;
    for (const { bytes: entry, count, crc32 } of entries) {
      const facts = {
        baseOffset: offset,
        timestampMs,
        unsyncedCount: offset - storedEndOffset,
        messageCount: count,
        entryCrc: crc32,
      };
      at = encodeFrame(bytes, at, facts, entry);
      offset += count;
    }
    this.#tail.commit(sizeBytes);
    this.#note({ offset: baseOffset, position: this.#position });
    this.#position += sizeBytes;
    return bytes.subarray(start, at);
  }

  /** Frames from the one that holds `offset` on; `undefined` when the way to it is not in memory. */
  read(offset: number, bounds: RunBounds): FrameRun | undefined {
    const found = this.#locate(offset);
    if (found === undefined) return undefined;
    const bytes = this.#tail.view(this.#generation, found.position)!;
    const header = decodeFrameHeader(bytes, 0)!;
    return runOf(bytes, header, bounds, MEMORY);
  }

  /** What was written is not to be read. */
  reset(): void {
    this.#tail.clear();
    this.#places = [];
    this.#lastFound = undefined;
    this.#generation += 1;
    this.#position = 0;
  }

  #note(place: HeldPlace): void {
    this.#places.push(place);
    const firstHeld = this.#position - this.#maxBytes;
    if (this.#places.length > PLACES_DROPPED && this.#places[PLACES_DROPPED]!.position <= firstHeld) {
      this.#places.splice(0, PLACES_DROPPED);
    }
  }

  #locate(offset: number): HeldPlace | undefined {
    if (this.#lastFound?.offset === offset && this.#headerAt(this.#lastFound) !== undefined) {
      return this.#lastFound;
    }
    let place = floorOf(this.#places, offset);
    while (place !== undefined) {
      const header = this.#headerAt(place);
      if (header === undefined) return undefined;
      if (frameEndOffset(header) > offset) break;
      place = { position: place.position + frameBytes(header), offset: frameEndOffset(header) };
    }
    this.#lastFound = place;
    return place;
  }

  #headerAt({ position, offset }: HeldPlace): FrameHeader | undefined {
    const bytes = this.#tail.view(this.#generation, position);
    const header = bytes === undefined ? undefined : decodeFrameHeader(bytes, 0);
    return header?.baseOffset === offset ? header : undefined;
  }
}

/** The last place that begins at `offset` or before. */
function floorOf(places: readonly HeldPlace[], offset: number): HeldPlace | undefined {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (places[middle]!.offset <= offset) low = middle + 1;
    else high = middle;
  }
  return places[low - 1];
}
