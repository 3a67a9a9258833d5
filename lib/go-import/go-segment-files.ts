/** The segments of a topic of the Go NetLog as its folder shows them: the same names as here, of another inside. */
import type { Disk } from "../disk/disk.ts";
import { isDataFileName, parseIndexFileName } from "../log/index.ts";

/** One of its files may be missing. */
export interface GoSegmentFiles {
  readonly baseOffset: number;
  readonly dataPath: string;
  readonly dataBytes: number | undefined;
  readonly indexPath: string;
  readonly indexBytes: number | undefined;
  /** The base offset of the next segment; `undefined` for the last one, which took the appends. */
  readonly nextBaseOffset: number | undefined;
}

const EXTENSION = /\.[a-z]+$/;

/** Oldest first. @throws what the disk throws. */
export async function listGoSegments(disk: Disk, folder: string): Promise<GoSegmentFiles[]> {
  const names = await disk.list(folder);
  const stems = new Set(names.filter(isSegmentFileName).map((name) => name.replace(EXTENSION, "")));
  const segments: GoSegmentFiles[] = [];
  const sorted = [...stems].sort();
  for (const [i, stem] of sorted.entries()) {
    const next = sorted[i + 1];
    segments.push({
      baseOffset: Number(stem),
      dataPath: `${folder}/${stem}.data`,
      dataBytes: await sizeOf(disk, `${folder}/${stem}.data`),
      indexPath: `${folder}/${stem}.index`,
      indexBytes: await sizeOf(disk, `${folder}/${stem}.index`),
      nextBaseOffset: next === undefined ? undefined : Number(next),
    });
  }
  return segments;
}

export function isSegmentFileName(name: string): boolean {
  return isDataFileName(name) || parseIndexFileName(name) !== undefined;
}

async function sizeOf(disk: Disk, path: string): Promise<number | undefined> {
  const stat = await disk.stat(path);
  return stat?.kind === "file" ? stat.sizeBytes : undefined;
}
