/** Messages as lines of text: cut out of the server's own lines, or made of messages. */
import { joined } from "./bytes.ts";
import type { Message } from "./message.ts";

const LF = 0x0a;
const LINE_END = Uint8Array.of(LF);

interface Lines {
  /** Whole lines, with their ends. */
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** At most `max` lines; lines that arrive together are given together. What is left of one that broke off is dropped. */
export async function* cutLines(
  pieces: AsyncIterable<Uint8Array>,
  max: number,
): AsyncGenerator<Lines, void, undefined> {
  let left = max;
  let begun: Uint8Array[] = [];
  for await (const piece of pieces) {
    let end = 0;
    let count = 0;
    for (let at = piece.indexOf(LF); at >= 0 && count < left; at = piece.indexOf(LF, end)) {
      end = at + 1;
      count++;
    }
    if (count > 0) {
      yield { bytes: joined([...begun, piece.subarray(0, end)]), count };
      begun = [];
      left -= count;
      if (left === 0) return;
    }
    if (end < piece.length) begun.push(piece.subarray(end));
  }
}

/** Payloads with a line end behind each that has none. */
export function linesOf(messages: readonly Message[]): Uint8Array {
  return joined(messages.flatMap(({ payload }) => (payload.at(-1) === LF ? [payload] : [payload, LINE_END])));
}
