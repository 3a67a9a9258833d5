/**
 * Cuts text that comes in pieces into messages, one a line. A line ends with LF or CRLF; a CR elsewhere belongs to
 * the payload; empty lines are skipped. Bytes are bytes: nothing is decoded, whatever the character set.
 */
import { crc32, crc32Range } from "../base/checksum.ts";
import { NetlogError } from "../base/errors.ts";
import { COMPRESSION_SINGLE, encodeMessageHeader, MESSAGE_HEADER_BYTES } from "./message.ts";
import type { MessageGroups } from "./message-groups.ts";

const LF = 0x0a;
const CR = 0x0d;
const SUMMED_FROM_BYTES = 64 * 1024;

export class LineCutter {
  readonly #groups: MessageGroups;
  readonly #payloadBytes: number;
  /** Byte place of the open line. */
  #lineStart = 0;
  /** Bytes of it so far; its payload lies in the groups, behind headroom for its header. */
  #lineBytes = 0;
  /** So many bytes of a long open line are summed in `#crc`: then the end of the line need not sum all of it. */
  #summedBytes = 0;
  #crc = 0;

  /** Lines go to `groups`, `payloadBytes` each at most. */
  constructor(groups: MessageGroups, payloadBytes: number) {
    this.#groups = groups;
    this.#payloadBytes = payloadBytes;
  }

  /** Copies what it needs of `piece`. @throws payload_too_large; the lines before are whole messages. */
  write(piece: Buffer): void {
    let start = 0;
    while (start < piece.length) {
      if (piece[start] === LF && this.#lineBytes === 0) {
        this.#lineStart++;
        start++;
        continue;
      }
      const lineEnd = piece.indexOf(LF, start);
      this.#append(piece, start, lineEnd < 0 ? piece.length : lineEnd);
      if (lineEnd < 0) {
        this.#sumOpen();
        return;
      }
      this.#endLine(this.#endsWithCr() ? this.#lineBytes - 1 : this.#lineBytes);
      this.#lineStart++;
      start = lineEnd + 1;
    }
  }

  /** No more comes: what is there of a last line is that line. @throws payload_too_large. */
  end(): void {
    this.#endLine(this.#lineBytes);
  }

  #append(piece: Buffer, start: number, end: number): void {
    if (start === end) return;
    const groups = this.#groups;
    // A line that is one byte too long may turn out to end with CRLF.
    if (this.#lineBytes + end - start > this.#payloadBytes + 1) this.#refuse();
    if (this.#lineBytes === 0) {
      groups.reserve(MESSAGE_HEADER_BYTES + piece.length - start);
      groups.end += MESSAGE_HEADER_BYTES;
    }
    groups.append(piece, start, end);
    this.#lineBytes += end - start;
  }

  #endsWithCr(): boolean {
    return this.#lineBytes > 0 && this.#groups.bytes[this.#groups.end - 1] === CR;
  }

  #endLine(payloadBytes: number): void {
    const groups = this.#groups;
    if (payloadBytes > this.#payloadBytes) this.#refuse();
    if (payloadBytes > 0) {
      const position = groups.closedEnd;
      const start = position + MESSAGE_HEADER_BYTES;
      const crc =
        this.#summedBytes === 0
          ? crc32Range(groups.view, start, start + payloadBytes)
          : crc32(groups.bytes.subarray(start + this.#summedBytes, start + payloadBytes), this.#crc);
      encodeMessageHeader(groups.bytes, position, COMPRESSION_SINGLE, crc, payloadBytes);
      groups.close(MESSAGE_HEADER_BYTES + payloadBytes);
    }
    groups.dropOpen();
    this.#lineStart += this.#lineBytes;
    this.#lineBytes = 0;
    this.#summedBytes = 0;
    this.#crc = 0;
  }

  #sumOpen(): void {
    // The last byte may be the CR before an LF.
    const end = this.#lineBytes - 1;
    if (end - this.#summedBytes < SUMMED_FROM_BYTES) return;
    const { bytes, closedEnd } = this.#groups;
    const start = closedEnd + MESSAGE_HEADER_BYTES;
    this.#crc = crc32(bytes.subarray(start + this.#summedBytes, start + end), this.#crc);
    this.#summedBytes = end;
  }

  #refuse(): never {
    const place = `message ${this.#groups.totalCount} at byte ${this.#lineStart}`;
    const reason = `${place}: a payload has at most ${this.#payloadBytes} bytes`;
    throw new NetlogError("payload_too_large", { reason });
  }
}
