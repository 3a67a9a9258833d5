/**
 * Judges the index file of a segment that nobody has open. An index is made anew whenever it is needed, so nothing
 * is lost with it; but one that is whole is a witness of how much data there was.
 */
import type { Disk } from "../disk/disk.ts";
import type { FileFinding } from "./file-finding.ts";
import { fitsActive, fitsSealed, provesLoss } from "./index-trust.ts";
import type { PooledFile } from "./open-files.ts";
import { OLD_LAYOUT, type SegmentLayout } from "./segment-header.ts";
import { type DecodedIndex, SparseIndex } from "./sparse-index.ts";

/** A segment as its files tell it. */
export interface InspectedSegment {
  readonly file: PooledFile;
  readonly indexPath: string;
  readonly baseOffset: number;
  readonly sizeBytes: number;
  /** Now, or when the data was last written to, if that is later. */
  readonly latestMs: number;
  /** `undefined` where nothing tells, or the file is the Go NetLog's. */
  readonly layout: SegmentLayout | undefined;
  /** The base offset of the next segment; `undefined` for the active one. */
  readonly nextBaseOffset: number | undefined;
}

export interface IndexInspection {
  /** Undefined where there is none to believe. */
  readonly trusted: DecodedIndex | undefined;
  /** Where an active segment once ended, when the index proves that its end is missing. */
  readonly provenEndOffset: number | undefined;
  readonly findings: readonly FileFinding[];
}

/** @throws what the disk throws. */
export async function inspectIndex(
  disk: Disk,
  segment: InspectedSegment,
  intervalBytes: number,
): Promise<IndexInspection> {
  const { indexPath: path, baseOffset, nextBaseOffset } = segment;
  if ((await disk.stat(path))?.kind !== "file") {
    // An active segment has none before its first checkpoint or clean close.
    return nextBaseOffset === undefined ? untrusted([]) : untrusted([disposable(path, "there is no index")]);
  }
  const decoded = SparseIndex.decode(await disk.readFile(path), baseOffset, intervalBytes);
  if (decoded === undefined) return untrusted([disposable(path, "the index is damaged")]);
  const data = { ...segment, layout: segment.layout ?? OLD_LAYOUT };
  const fits =
    nextBaseOffset === undefined
      ? await fitsActive(decoded, data)
      : await fitsSealed(decoded, data, nextBaseOffset);
  if (fits) return { trusted: decoded, provenEndOffset: undefined, findings: [] };
  const isLost = nextBaseOffset === undefined && (await provesLoss(decoded, data));
  const provenEndOffset = isLost ? decoded.footer.endOffset : undefined;
  return { ...untrusted([disposable(path, "the index does not fit its data")]), provenEndOffset };
}

function untrusted(findings: readonly FileFinding[]): IndexInspection {
  return { trusted: undefined, provenEndOffset: undefined, findings };
}

function disposable(file: string, trouble: string): FileFinding {
  return { kind: "note", file, message: `${trouble}; it is made anew when it is needed` };
}
