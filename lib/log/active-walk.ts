/**
 * Walks the end of an active segment, and decides what is torn and what is damaged. Changes nothing: opening cuts
 * by it, an offline check reports by it.
 *
 * The synced mark is the highest that the index footer or any valid frame tells. A bad frame at or above it was
 * never confirmed to anybody: the tail is torn there, with everything after it, valid or not. A bad frame below it
 * is damage: it stays, is reported, and its offsets are never given again.
 */
import type { DamagedRange } from "./damage.ts";
import type { FileWindow } from "./file-window.ts";
import type { FrameHeader } from "./frame.ts";
import type { FramePlace } from "./frame-place.ts";
import { describeBadPlace, walkFrames } from "./frame-walk.ts";

export interface ActiveWalk {
  /** Behind the last frame, or where the torn tail begins. */
  readonly end: FramePlace;
  readonly syncedMark: number;
  /** In file order, all below the mark. */
  readonly damages: readonly DamagedRange[];
}

/** What the bytes behind `end`, where there are any, look like. */
export type TornTail = Pick<DamagedRange, "type" | "expected" | "actual">;

export interface ActiveStart {
  /** Everything below is synced. */
  readonly place: FramePlace;
  /** Now, or when the file was last written to, if that is later. */
  readonly latestMs: number;
}

/** How far ahead of `latestMs` a message may be stamped: clocks are set, but not by more. */
const CLOCK_SLACK_MS = 24 * 3600 * 1000;

/**
 * Walks from `start` to the window's end. Calls `onFrame` with every whole frame, also with those that turn out to lie
 * in the torn tail. @throws what the disk throws.
 */
export async function walkActive(
  window: FileWindow,
  file: string,
  { place: start, latestMs }: ActiveStart,
  onFrame: (header: FrameHeader, position: number) => void,
): Promise<ActiveWalk> {
  const found: { readonly range: DamagedRange; readonly timestampMs: number }[] = [];
  let syncedMark = start.offset;
  let { timestampMs } = start;
  const visitor = {
    frame(header: FrameHeader, position: number) {
      onFrame(header, position);
      syncedMark = Math.max(syncedMark, header.baseOffset - header.unsyncedCount);
      timestampMs = header.timestampMs;
    },
    damage(range: DamagedRange) {
      found.push({ range, timestampMs });
    },
  };
  const continuation = {
    kind: "open" as const,
    get newestMs() {
      return Math.max(latestMs, timestampMs) + CLOCK_SLACK_MS;
    },
  };
  const walked = await walkFrames(window, file, start, continuation, visitor);
  const torn = found.findIndex(({ range }) => range.offset >= syncedMark);
  if (torn < 0) return { end: walked, syncedMark, damages: found.map(({ range }) => range) };
  const { range, timestampMs: timeBefore } = found[torn]!;
  const end = { position: range.position, offset: range.offset, timestampMs: timeBefore };
  return { end, syncedMark, damages: found.slice(0, torn).map((other) => other.range) };
}

/** Why no frame was read at `end`, behind which bytes are left. @throws what the disk throws. */
export async function describeTornTail(window: FileWindow, end: FramePlace): Promise<TornTail> {
  return describeBadPlace(window, end, await window.header(end.position));
}
