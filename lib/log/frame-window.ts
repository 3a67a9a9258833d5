/** Opens a file of a log for one who takes it apart: with the mask that its frames have, and where the first one lies. */
import { basename, dirname } from "node:path/posix";
import type { Disk } from "../disk/disk.ts";
import { FileWindow } from "./file-window.ts";
import type { PooledFile } from "./open-files.ts";
import { OLD_LAYOUT } from "./segment-header.ts";
import { findLayout } from "./segment-layout.ts";
import { dataFileName, indexFileName, parseDataFileName, parsePieceName } from "./segment-name.ts";

export interface FrameWindow {
  readonly window: FileWindow;
  readonly start: number;
  /** False where nothing tells how the frames lie in it: any of its bytes may be a part of the mask. */
  readonly isLayoutKnown: boolean;
}

/**
 * Opens a data file, the bytes of a torn tail, or a copy of an end; the latter two lie beside their data file, which
 * has the mask. @throws what the disk throws.
 */
export async function openFrameWindow(disk: Disk, file: PooledFile, sizeBytes: number): Promise<FrameWindow> {
  const folder = dirname(file.path);
  const piece = parsePieceName(basename(file.path));
  const baseOffset = piece?.baseOffset ?? parseDataFileName(basename(file.path)) ?? 0;
  const indexPath = `${folder}/${indexFileName(baseOffset)}`;
  if (piece === undefined) {
    const { layout } = await findLayout(disk, { file, indexPath, baseOffset, sizeBytes });
    const { headerBytes, mask } = layout ?? OLD_LAYOUT;
    const window = new FileWindow(file, sizeBytes, mask);
    return { window, start: headerBytes, isLayoutKnown: layout !== undefined };
  }
  const data = file.beside(`${folder}/${dataFileName(baseOffset)}`);
  const stat = await disk.stat(data.path);
  if (stat === undefined) return { window: new FileWindow(file, sizeBytes), start: 0, isLayoutKnown: false };
  try {
    const found = await findLayout(disk, { file: data, indexPath, baseOffset, sizeBytes: stat.sizeBytes });
    const window = new FileWindow(file, sizeBytes, found.layout?.mask, piece.position);
    return { window, start: 0, isLayoutKnown: found.layout !== undefined };
  } finally {
    data.drop();
  }
}
