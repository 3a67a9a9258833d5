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
 * Lines that arrive together are given together. Ends early, and without what has come of a line, when `signal` is
 * aborted.
 *
 * @throws LineTooLongError for a line of more than `maxBytes`, behind the lines before it.
 */
export async function* cutLines(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  let number = 1;
  for await (const piece of untilAborted(pieces, signal)) {
    const lines: Uint8Array[] = [];
    let isTooLong = false;
    let start = 0;
    for (let end = piece.indexOf(LF); end >= 0; end = piece.indexOf(LF, start)) {
      const rest = piece.subarray(start, end);
      const line = withoutCr(begun.length === 0 ? rest : Buffer.concat([...begun, rest]));
      isTooLong = line.length > maxBytes;
      if (isTooLong) break;
      begun = [];
      begunBytes = 0;
      start = end + 1;
      number++;
      if (line.length > 0) lines.push(line);
    }
    if (start < piece.length) {
      begun.push(piece.subarray(start));
      begunBytes += piece.length - start;
    }
    if (lines.length > 0) yield lines;
    if (isTooLong || begunBytes > maxBytes + 1) throw new LineTooLongError(number, maxBytes);
  }
  const last = Buffer.concat(begun);
  if (last.length > 0 && !signal.aborted) yield [last];
}

function withoutCr(line: Uint8Array): Uint8Array {
  return line.at(-1) === CR ? line.subarray(0, -1) : line;
}
