/**
 * Looks for frames behind a bad header. What a client sent is no evidence: in a masked file a payload cannot hold a
 * frame of the log (frame-mask.ts). A file of the old layout has no mask, so a frame that is found there must be
 * plausible as well: it has a place among the offsets that can lie between, and a time that can have been.
 *
 * Finding one is not enough. It must lead to a place that is known, or begin frames of consecutive offsets that say
 * themselves that the bad place had been synced.
 */
import type { FileWindow } from "./file-window.ts";
import {
  computeEntryCrc,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameBytes,
  frameEndOffset,
} from "./frame.ts";
import { findMaskedMagic } from "./frame-mask.ts";
import type { FramePlace } from "./frame-place.ts";
import type { IndexEntry } from "./sparse-index.ts";

/** The old layout's bounds of a frame: messages in it, and its bytes with one message of one byte. */
const FRAME_MESSAGES_MAX = 65_536;
const FRAME_BYTES_MIN = FRAME_HEADER_BYTES + 10;

interface Chain {
  readonly start: IndexEntry;
  /** Behind the last frame that follows without a gap. */
  readonly end: IndexEntry;
  /** The highest synced mark that its frames tell. */
  readonly syncedMark: number;
  readonly passes: boolean;
  /** It ends before a frame that follows it and cannot have been written. */
  readonly isRefuted: boolean;
}

type Accepts = (header: FrameHeader, position: number) => boolean;

/**
 * The nearest frame behind `bad` from which consecutive frames lead exactly to `anchor`; the anchor itself when
 * there is none.
 */
export async function findAnchoredFrame(
  window: FileWindow,
  bad: FramePlace,
  anchor: IndexEntry,
): Promise<IndexEntry> {
  const accepts = successorOf(window, bad);
  let from = bad.position + 1;
  for (;;) {
    const start = await findHeader(window, from, anchor.position, accepts);
    if (start === undefined) return anchor;
    const chain = await followChain(window, start, accepts, anchor);
    if (chain?.passes) return start;
    from = chain === undefined ? start.position + 1 : Math.min(chain.end.position, anchor.position);
  }
}

/**
 * The first frame behind `bad` that can be read on from, when the frames behind it prove that `bad` lies below the
 * synced mark; `undefined` when they do not: then the tail is torn at `bad`. No frame is younger than `newestMs`.
 *
 * Chains are taken in file order; one that a later chain contradicts by its offsets lay in a payload.
 */
export async function findProvenChain(
  window: FileWindow,
  bad: FramePlace,
  newestMs: number,
): Promise<IndexEntry | undefined> {
  const accepts = successorOf(window, bad, newestMs);
  let from = bad.position + 1;
  const chains: Chain[] = [];
  for (;;) {
    const start = await findHeader(window, from, window.sizeBytes, accepts);
    if (start === undefined) break;
    const chain = await followChain(window, start, accepts);
    from = chain === undefined ? start.position + 1 : chain.end.position;
    if (chain === undefined || chain.isRefuted) continue;
    while (chains.length > 0 && chains.at(-1)!.end.offset > chain.start.offset) chains.pop();
    chains.push(chain);
  }
  const isProven = chains.some((chain) => chain.syncedMark > bad.offset);
  return isProven ? chains[0]!.start : undefined;
}

/** The first position in `[from, end)` with a sound header that `accepts` takes. */
export async function findHeader(
  window: FileWindow,
  from: number,
  end: number,
  accepts: Accepts,
): Promise<IndexEntry | undefined> {
  let position = from;
  while (position + FRAME_HEADER_BYTES <= end) {
    const bytes = await window.at(position, FRAME_HEADER_BYTES);
    const find = (at: number) =>
      findMaskedMagic(bytes, at, end - position, window.origin + position, window.mask);
    for (let at = find(0); at >= 0; at = find(at + 1)) {
      const header = window.decode(bytes, at, position + at);
      if (header !== undefined && accepts(header, position + at)) {
        return { position: position + at, offset: header.baseOffset };
      }
    }
    position += Math.max(1, bytes.length - FRAME_HEADER_BYTES + 1);
  }
  return undefined;
}

/** Whether a header may be that of a frame behind `bad`. */
function successorOf(
  { mask }: FileWindow,
  bad: FramePlace,
  newestMs: number = Number.POSITIVE_INFINITY,
): Accepts {
  return (header, position) => {
    if (header.baseOffset <= bad.offset || header.timestampMs < bad.timestampMs) return false;
    if (mask !== undefined) return true;
    const framesBetween = Math.floor((position - bad.position) / FRAME_BYTES_MIN);
    const isNear = header.baseOffset <= bad.offset + FRAME_MESSAGES_MAX * framesBetween;
    return isNear && header.messageCount <= FRAME_MESSAGES_MAX && header.timestampMs <= newestMs;
  };
}

/**
 * Follows frames of consecutive offsets from `start`; later ones may have damaged entries, the first must be
 * whole, else `undefined`. Stops at `anchor` when it is met, and at a frame that `accepts` does not take.
 */
async function followChain(
  window: FileWindow,
  start: IndexEntry,
  accepts: Accepts,
  anchor?: IndexEntry,
): Promise<Chain | undefined> {
  let end = start;
  let timestampMs = 0;
  let syncedMark = 0;
  let isRefuted = false;
  const isAtAnchor = () => end.position === anchor?.position && end.offset === anchor.offset;
  while (!isAtAnchor()) {
    const header = await window.header(end.position);
    if (header === undefined || header.baseOffset !== end.offset || header.timestampMs < timestampMs) break;
    isRefuted = !accepts(header, end.position);
    if (isRefuted || end.position + frameBytes(header) > window.sizeBytes) break;
    if (end === start && !(await isEntryWhole(window, start.position, header))) return undefined;
    syncedMark = Math.max(syncedMark, header.baseOffset - header.unsyncedCount);
    timestampMs = header.timestampMs;
    end = { position: end.position + frameBytes(header), offset: frameEndOffset(header) };
  }
  if (end === start) return undefined;
  return { start, end, syncedMark, passes: isAtAnchor(), isRefuted };
}

async function isEntryWhole(window: FileWindow, position: number, header: FrameHeader): Promise<boolean> {
  const bytes = await window.at(position, frameBytes(header));
  return computeEntryCrc(bytes, 0, header) === header.entryCrc;
}
