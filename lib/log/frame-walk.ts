/**
 * Walks the frames of a data file from front to back, checking every bit of them, and finds the way across
 * damage. Opening, rebuilding an index and checking a log are all this walk, with different visitors.
 */

import { PIECE_WORK_BYTES } from "../base/loop-share.ts";
import { hex } from "./bytes.ts";
import type { DamagedRange } from "./damage.ts";
import type { FileWindow } from "./file-window.ts";
import { computeEntryCrc, type FrameHeader, frameBytes, frameEndOffset } from "./frame.ts";
import type { FramePlace } from "./frame-place.ts";
import { findAnchoredFrame, findProvenChain } from "./frame-search.ts";
import type { IndexEntry } from "./sparse-index.ts";

export interface FrameVisitor {
  /** A whole frame whose header and entry are as they were written; `bytes` holds it at `at`, masked. */
  frame(header: FrameHeader, position: number, bytes: Buffer, at: number): void;
  damage(range: DamagedRange): void;
}

/**
 * Where reading may go on behind a bad header. `anchored`: the file is complete, and good places behind the bad
 * one are known. `open`: the file's end may be torn, nothing behind the bad place is known, and no frame of the log
 * is younger than `newestMs`.
 */
export type Continuation =
  | { readonly kind: "anchored"; readonly nextAnchor: (position: number) => IndexEntry }
  | { readonly kind: "open"; readonly newestMs: number };

/**
 * Visits all frames from `from` to the window's end. Resolves to the place behind the last frame or damage that
 * has a known end: the window's end unless the walk met a bad header that nothing leads across.
 */
export async function walkFrames(
  window: FileWindow,
  file: string,
  from: FramePlace,
  continuation: Continuation,
  visitor: FrameVisitor,
): Promise<FramePlace> {
  let place = from;
  for (;;) {
    const next = await walkStep(window, file, place, continuation, visitor);
    if (next === undefined) return place;
    place = next;
  }
}

/** One step of a walk: a few frames, or one damage. `undefined` when there is nowhere to go. */
export async function walkStep(
  window: FileWindow,
  file: string,
  place: FramePlace,
  continuation: Continuation,
  visitor: FrameVisitor,
): Promise<FramePlace | undefined> {
  if (place.position >= window.sizeBytes) return undefined;
  const header = await window.header(place.position);
  if (isNext(header, place) && place.position + frameBytes(header) <= window.sizeBytes) {
    const bytes = await window.at(place.position, frameBytes(header));
    return visitWholeFrames(window, bytes, file, place, visitor);
  }
  const damage = await findDamageEnd(window, file, place, header, continuation);
  if (damage === undefined) return undefined;
  visitor.damage(damage);
  return { position: damage.nextPosition, offset: damage.nextOffset, timestampMs: place.timestampMs };
}

/** Visits frames that lie in `bytes` whole, no more than a piece of work; `place` is where `bytes` begins. */
function visitWholeFrames(
  window: FileWindow,
  bytes: Buffer,
  file: string,
  place: FramePlace,
  visitor: FrameVisitor,
): FramePlace {
  let at = 0;
  let { offset, timestampMs } = place;
  for (;;) {
    const header = window.decode(bytes, at, place.position + at);
    if (!isNext(header, { offset, timestampMs }) || at + frameBytes(header) > bytes.length) break;
    if (at > 0 && at + frameBytes(header) > PIECE_WORK_BYTES) break;
    const position = place.position + at;
    const actualCrc = computeEntryCrc(bytes, at, header);
    if (actualCrc === header.entryCrc) visitor.frame(header, position, bytes, at);
    else visitor.damage(badEntry(file, position, header, actualCrc));
    at += frameBytes(header);
    offset = frameEndOffset(header);
    timestampMs = header.timestampMs;
  }
  return { position: place.position + at, offset, timestampMs };
}

function isNext(
  header: FrameHeader | undefined,
  place: Pick<FramePlace, "offset" | "timestampMs">,
): header is FrameHeader {
  return (
    header !== undefined && header.baseOffset === place.offset && header.timestampMs >= place.timestampMs
  );
}

/** A frame whose header is good and whose entry is not. */
export function badEntry(
  file: string,
  position: number,
  header: FrameHeader,
  actualCrc: number,
): DamagedRange {
  return {
    file,
    position,
    nextPosition: position + frameBytes(header),
    offset: header.baseOffset,
    nextOffset: frameEndOffset(header),
    type: "checksum",
    expected: hex(header.entryCrc),
    actual: hex(actualCrc),
  };
}

/**
 * What is damaged from `place` on, up to where reading can go on; `undefined` when nothing leads on. Nothing follows a
 * sound header whose entry runs past the end of the file: what lies there is that entry's own.
 */
export async function findDamageEnd(
  window: FileWindow,
  file: string,
  place: FramePlace,
  header: FrameHeader | undefined,
  continuation: Continuation,
): Promise<DamagedRange | undefined> {
  const isCutOff = isNext(header, place);
  let next: IndexEntry | undefined;
  if (continuation.kind === "anchored") {
    const anchor = continuation.nextAnchor(place.position);
    next = isCutOff ? anchor : await findAnchoredFrame(window, place, anchor);
  } else if (!isCutOff) {
    next = await findProvenChain(window, place, continuation.newestMs);
  }
  if (next === undefined) return undefined;
  return {
    file,
    position: place.position,
    nextPosition: next.position,
    offset: place.offset,
    nextOffset: next.offset,
    ...describeBadPlace(window, place, header),
  };
}

/** Why no whole frame was read at `place`; `header` is what stands there, when it is a valid one. */
export function describeBadPlace(
  window: FileWindow,
  place: FramePlace,
  header: FrameHeader | undefined,
): Pick<DamagedRange, "type" | "expected" | "actual"> {
  const available = window.sizeBytes - place.position;
  if (available === 0)
    return { type: "length", expected: `a frame of offset ${place.offset}`, actual: "end of file" };
  if (header === undefined) return { type: "checksum", expected: "a valid frame header", actual: "none" };
  if (header.baseOffset !== place.offset) {
    return { type: "unknown", expected: `offset ${place.offset}`, actual: `offset ${header.baseOffset}` };
  }
  return { type: "length", expected: `${frameBytes(header)} bytes`, actual: `${available} bytes` };
}
