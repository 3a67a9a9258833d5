/**
 * Cuts input into lines by the server's own rule: a line ends with LF or CRLF, a lone CR belongs to it, empty lines are
 * skipped. The last one need not have its line end.
 */
import { untilAborted } from "./until-aborted.ts";

const LF = 0x0a;
const CR = 0x0d;

/** Thrown for a line that grows and grows: its end is waited for in memory. */
export class LineTooLongError extends Error {
  /** `number` counts from 1. */
  constructor(number: number, maxBytes: number) {
    super(`line ${number} is longer than ${maxBytes} bytes`);
    this.name = "LineTooLongError";
  }
}

/**
 * Ends early, and without what has come of a line, when `signal` is aborted.
 *
 * @throws LineTooLongError for a line of more than `maxBytes`.
 */
export async function* cutLines(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  let number = 1;
  for await (const piece of untilAborted(pieces, signal)) {
    let start = 0;
    for (let end = piece.indexOf(LF); end >= 0; end = piece.indexOf(LF, start)) {
      const rest = piece.subarray(start, end);
      const line = withoutCr(begun.length === 0 ? rest : Buffer.concat([...begun, rest]));
      if (line.length > maxBytes) throw new LineTooLongError(number, maxBytes);
      begun = [];
      begunBytes = 0;
      start = end + 1;
      number++;
      if (line.length > 0) yield line;
    }
    if (start === piece.length) continue;
    begun.push(piece.subarray(start));
    begunBytes += piece.length - start;
    if (begunBytes > maxBytes + 1) throw new LineTooLongError(number, maxBytes);
  }
  const last = Buffer.concat(begun);
  if (last.length > 0 && !signal.aborted) yield last;
}

function withoutCr(line: Uint8Array): Uint8Array {
  return line.at(-1) === CR ? line.subarray(0, -1) : line;
}
