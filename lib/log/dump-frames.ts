/**
 * Goes through bytes that are or were frames for a person who has to find out what happened: shows what stands
 * there and goes on at the next header, without judging which of it belongs to the log.
 */
import {
  computeEntryCrc,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameBytes,
  frameEndOffset,
} from "./frame.ts";
import { findMaskedMagic } from "./frame-mask.ts";
import { findHeader } from "./frame-search.ts";
import type { FrameWindow } from "./frame-window.ts";

export type FrameDump =
  | {
      readonly kind: "frame";
      readonly position: number;
      readonly header: FrameHeader;
      /** As far as the file has it. */
      readonly entry: Buffer;
      /** The checksum of the entry as it is; `undefined` where the file ends before the entry does. */
      readonly actualEntryCrc: number | undefined;
      /** What does not fit the frame before. */
      readonly remark: string | undefined;
    }
  | {
      readonly kind: "gap";
      readonly position: number;
      /** The next header, or the end of the file. */
      readonly nextPosition: number;
      readonly trouble: string;
      /** The first bytes of the gap, but only those that a header leaves unmasked; empty where the layout is unknown. */
      readonly bytes: Buffer;
    };

/** What of a header is the same in a file as in memory. Beside a payload that a client knows, the rest would tell the mask. */
const PLAIN_START = 4;
const PLAIN_END = 36;

/** From the first frame to the window's end. Buffers are valid until the next step. @throws what the disk throws. */
export async function* dumpFrames({
  window,
  start,
  isLayoutKnown,
}: FrameWindow): AsyncGenerator<FrameDump, void, void> {
  let position = start;
  let before: FrameHeader | undefined;
  while (position < window.sizeBytes) {
    const header = await window.header(position);
    if (header === undefined) {
      const first = (await window.at(position, FRAME_HEADER_BYTES)).subarray(0, FRAME_HEADER_BYTES);
      const beginsFrame = findMaskedMagic(first, 0, 1, window.origin + position, window.mask) === 0;
      const trouble = headerTrouble(first, beginsFrame);
      const shown = Buffer.from(isLayoutKnown ? first.subarray(PLAIN_START, PLAIN_END) : []);
      const next = await findHeader(window, position + 1, window.sizeBytes, () => true);
      const nextPosition = next?.position ?? window.sizeBytes;
      yield { kind: "gap", position, nextPosition, trouble, bytes: shown };
      position = nextPosition;
      continue;
    }
    const whole = await window.at(position, frameBytes(header));
    const isCut = whole.length < frameBytes(header);
    yield {
      kind: "frame",
      position,
      header,
      entry: whole.subarray(FRAME_HEADER_BYTES, frameBytes(header)),
      actualEntryCrc: isCut ? undefined : computeEntryCrc(whole, 0, header),
      remark: before === undefined ? undefined : remarkOn(header, before),
    };
    before = header;
    position += frameBytes(header);
  }
}

/** Without the checksums: what is written, beside what is computed, would tell the mask. */
function headerTrouble(bytes: Buffer, beginsFrame: boolean): string {
  if (bytes.every((byte) => byte === 0)) return "zeros";
  if (bytes.length < FRAME_HEADER_BYTES) return `${bytes.length} bytes, fewer than a frame header has`;
  return beginsFrame ? "header BAD" : "no frame begins here";
}

function remarkOn(header: FrameHeader, before: FrameHeader): string | undefined {
  const expected = frameEndOffset(before);
  if (header.baseOffset !== expected) return `offset ${expected} should follow`;
  return header.timestampMs < before.timestampMs ? "its time is before that of the frame before" : undefined;
}
