/**
 * Looks for frames behind a bad header. A payload may contain frames (somebody published what a bulk read gave
 * them), so finding one is not enough: it must lead to a place that is known, or begin frames of consecutive
 * offsets that say themselves that the bad place had been synced.
 */
import type { FileWindow } from "./file-window.ts";
import {
  computeEntryCrc,
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  type FrameHeader,
  frameBytes,
  frameEndOffset,
} from "./frame.ts";
import type { FramePlace } from "./frame-walk.ts";
import type { IndexEntry } from "./sparse-index.ts";

interface Chain {
  readonly start: IndexEntry;
  /** Behind the last frame that follows without a gap. */
  readonly end: IndexEntry;
  /** The highest synced mark that its frames tell. */
  readonly syncedMark: number;
  readonly passes: boolean;
}

/**
 * The nearest frame behind `bad` from which consecutive frames lead exactly to `anchor`; the anchor itself when
 * there is none.
 */
export async function findAnchoredFrame(
  window: FileWindow,
  bad: FramePlace,
  anchor: IndexEntry,
): Promise<IndexEntry> {
  let from = bad.position + 1;
  for (;;) {
    const start = await findCandidate(window, bad, from, anchor.position);
    if (start === undefined) return anchor;
    const chain = await followChain(window, start, anchor);
    if (chain?.passes) return start;
    from = chain === undefined ? start.position + 1 : Math.min(chain.end.position, anchor.position);
  }
}

/**
 * The first frame behind `bad` that can be read on from, when the frames behind it prove that `bad` lies below the
 * synced mark; `undefined` when they do not: then the tail is torn at `bad`.
 *
 * Chains are taken in file order; one that a later chain contradicts by its offsets lay in a payload.
 */
export async function findProvenChain(window: FileWindow, bad: FramePlace): Promise<IndexEntry | undefined> {
  let from = bad.position + 1;
  const chains: Chain[] = [];
  for (;;) {
    const start = await findCandidate(window, bad, from, window.sizeBytes);
    if (start === undefined) break;
    const chain = await followChain(window, start);
    from = chain === undefined ? start.position + 1 : chain.end.position;
    if (chain === undefined) continue;
    while (chains.length > 0 && chains.at(-1)!.end.offset > chain.start.offset) chains.pop();
    chains.push(chain);
  }
  const isProven = chains.some((chain) => chain.syncedMark > bad.offset);
  return isProven ? chains[0]!.start : undefined;
}

/** The first position in `[from, end)` with a header that may be of a frame behind `bad`, by offset and time. */
export async function findCandidate(
  window: FileWindow,
  bad: Pick<FramePlace, "offset" | "timestampMs">,
  from: number,
  end: number,
): Promise<IndexEntry | undefined> {
  let position = from;
  while (position + FRAME_HEADER_BYTES <= end) {
    const bytes = await window.at(position, FRAME_HEADER_BYTES);
    for (let at = bytes.indexOf(FRAME_MAGIC); at >= 0; at = bytes.indexOf(FRAME_MAGIC, at + 1)) {
      if (position + at >= end) return undefined;
      const header = decodeFrameHeader(bytes, at);
      if (header !== undefined && header.baseOffset > bad.offset && header.timestampMs >= bad.timestampMs) {
        return { position: position + at, offset: header.baseOffset };
      }
    }
    position += Math.max(1, bytes.length - FRAME_HEADER_BYTES + 1);
  }
  return undefined;
}

/**
 * Follows frames of consecutive offsets from `start`; later ones may have damaged entries, the first must be
 * whole, else `undefined`. Stops at `anchor` when it is met.
 */
async function followChain(
  window: FileWindow,
  start: IndexEntry,
  anchor?: IndexEntry,
): Promise<Chain | undefined> {
  let end = start;
  let timestampMs = 0;
  let syncedMark = 0;
  const isAtAnchor = () => end.position === anchor?.position && end.offset === anchor.offset;
  while (!isAtAnchor()) {
    const header = decodeFrameHeader(await window.at(end.position, FRAME_HEADER_BYTES), 0);
    if (header === undefined || header.baseOffset !== end.offset || header.timestampMs < timestampMs) break;
    if (end.position + frameBytes(header) > window.sizeBytes) break;
    if (end === start && !(await isEntryWhole(window, start.position, header))) return undefined;
    syncedMark = Math.max(syncedMark, header.baseOffset - header.unsyncedCount);
    timestampMs = header.timestampMs;
    end = { position: end.position + frameBytes(header), offset: frameEndOffset(header) };
  }
  if (end === start) return undefined;
  return { start, end, syncedMark, passes: isAtAnchor() };
}

async function isEntryWhole(window: FileWindow, position: number, header: FrameHeader): Promise<boolean> {
  const bytes = await window.at(position, frameBytes(header));
  return computeEntryCrc(bytes, 0, header) === header.entryCrc;
}
