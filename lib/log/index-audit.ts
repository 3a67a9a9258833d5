/** Compares every word of an index with the frames it speaks of. The walker reports the frames in order. */
import { type FrameHeader, frameBytes, frameEndOffset } from "./frame.ts";
import type { DecodedIndex, IndexEntry, IndexFooter } from "./sparse-index.ts";

/** Where an index says something else than the data. */
export interface IndexContradiction {
  /** A place in the data file. */
  readonly position: number;
  readonly expected: string;
  readonly actual: string;
}

export class IndexAudit {
  readonly #entries: readonly (IndexEntry & { readonly timestampMs: number })[];
  readonly #footer: IndexFooter;
  #next = 0;
  /** End of the frame before; what lies between it and the next one is damaged, and speaks neither for nor against. */
  #seenEnd = 0;
  /** The first one. */
  contradiction: IndexContradiction | undefined;

  constructor({ index, footer }: DecodedIndex) {
    this.#entries = [...index.entries()];
    this.#footer = footer;
  }

  frame(header: FrameHeader, position: number): void {
    const endPosition = position + frameBytes(header);
    this.#compareEntries(header, position);
    const { dataPosition, endOffset, lastTimestampMs } = this.#footer;
    if (position < dataPosition && dataPosition < endPosition) {
      this.#note(dataPosition, "an end between two frames", `within the frame at ${position}`);
    } else if (dataPosition === endPosition) {
      const spoken = `offset ${endOffset}, time ${lastTimestampMs}`;
      const found = `offset ${frameEndOffset(header)}, time ${header.timestampMs}`;
      if (spoken !== found) this.#note(endPosition, found, spoken);
    }
    this.#seenEnd = endPosition;
  }

  #compareEntries(header: FrameHeader, position: number): void {
    for (; this.#next < this.#entries.length; this.#next++) {
      const entry = this.#entries[this.#next]!;
      if (entry.position > position) return;
      if (entry.position < this.#seenEnd) {
        this.#note(entry.position, "a frame", "the inside of one");
      } else if (entry.position === position) {
        const spoken = `offset ${entry.offset}, time ${entry.timestampMs}`;
        const found = `offset ${header.baseOffset}, time ${header.timestampMs}`;
        if (spoken !== found) this.#note(position, found, spoken);
      }
    }
  }

  #note(position: number, expected: string, actual: string): void {
    this.contradiction ??= { position, expected, actual };
  }
}
