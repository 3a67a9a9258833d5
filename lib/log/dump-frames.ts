/**
 * Goes through bytes that are or were frames for a person who has to find out what happened: shows what stands
 * there and goes on at the next header, without judging which of it belongs to the log.
 */
import type { FileWindow } from "./file-window.ts";
import {
  computeEntryCrc,
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameBytes,
  frameEndOffset,
  frameHeaderTrouble,
} from "./frame.ts";
import { findCandidate } from "./frame-search.ts";

export type FrameDump =
  | {
      readonly kind: "frame";
      readonly position: number;
      readonly header: FrameHeader;
      /** As far as the file has it. */
      readonly entry: Buffer;
      /** Of the entry as it is; `undefined` where the file ends before it does. */
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
      /** The first ones of the gap: as many as a header has, if there are. */
      readonly bytes: Buffer;
    };

const NOTHING_BEFORE = { offset: -1, timestampMs: 0 };

/** From `start` to the window's end. Buffers are valid until the next step. @throws what the disk throws. */
export async function* dumpFrames(window: FileWindow, start: number): AsyncGenerator<FrameDump, void, void> {
  let position = start;
  let before: FrameHeader | undefined;
  while (position < window.sizeBytes) {
    const bytes = await window.at(position, FRAME_HEADER_BYTES);
    const header = decodeFrameHeader(bytes, 0);
    if (header === undefined) {
      const trouble = frameHeaderTrouble(bytes, 0);
      const shown = Buffer.from(bytes.subarray(0, FRAME_HEADER_BYTES));
      const next = await findCandidate(window, NOTHING_BEFORE, position + 1, window.sizeBytes);
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

function remarkOn(header: FrameHeader, before: FrameHeader): string | undefined {
  const expected = frameEndOffset(before);
  if (header.baseOffset !== expected) return `offset ${expected} should follow`;
  return header.timestampMs < before.timestampMs ? "its time is before that of the frame before" : undefined;
}
