/** What lies where in the data files of a memory disk, for tests that damage them. */
import { toggleMask } from "../../lib/log/frame-mask.ts";
import { framesOf } from "../../lib/log/index.ts";
import { decodeSegmentHeader } from "../../lib/log/segment-header.ts";
import { MemoryDisk } from "./memory-disk.ts";

export const SEGMENT_HEADER_BYTES = 24;
const FRAME_HEADER_BYTES = 40;

/** A frame and the messages in it, or a segment's header, which holds none. */
export interface Stretch {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly offset: number;
  readonly nextOffset: number;
}

/** Paths below `folder` that end like this, sorted. */
export function pathsOf(disk: MemoryDisk, folder: string, suffix: string): string[] {
  return disk.paths().filter((path) => path.startsWith(`${folder}/`) && path.endsWith(suffix));
}

/** The frames of a data file with a sound header, all of them whole, as they are in memory. */
export function plainFrames(file: Buffer): Buffer {
  const header = decodeSegmentHeader(file);
  if (header.kind !== "valid") throw new Error(`the segment header is ${header.kind}`);
  const { headerBytes, mask } = header.layout;
  const frames = Buffer.from(file.subarray(headerBytes));
  toggleMask(frames, headerBytes, mask);
  return frames;
}

/** A data file with the header of `file` and these frames, which are as they are in memory. */
export function withFrames(file: Buffer, plain: Buffer): Buffer {
  const header = decodeSegmentHeader(file);
  if (header.kind !== "valid") throw new Error(`the segment header is ${header.kind}`);
  const { headerBytes, mask } = header.layout;
  const frames = Buffer.from(plain);
  toggleMask(frames, headerBytes, mask);
  return Buffer.concat([file.subarray(0, headerBytes), frames]);
}

/** All of the sound data file at `path`, header and frames, in order. */
export function stretchesOf(disk: MemoryDisk, path: string): Stretch[] {
  const bytes = disk.bytesOf(path);
  const baseOffset = Number(/(\d{20})\.data$/.exec(path)![1]);
  const header = { path, start: 0, end: SEGMENT_HEADER_BYTES, offset: baseOffset, nextOffset: baseOffset };
  const stretches: Stretch[] = [header];
  for (const frame of framesOf(plainFrames(bytes))) {
    const start = stretches.at(-1)!.end;
    const { baseOffset: offset, messageCount, entryBytes } = frame.header;
    const end = start + FRAME_HEADER_BYTES + entryBytes;
    stretches.push({ path, start, end, offset, nextOffset: offset + messageCount });
  }
  return stretches;
}

/** Flips one bit of a file, in place. */
export function flipBit(disk: MemoryDisk, path: string, position: number, bit: number): void {
  const bytes = Buffer.from(disk.bytesOf(path));
  bytes[position]! ^= 1 << bit;
  disk.replaceBytes(path, bytes);
}

/** All files of a disk, by path. */
export type Snapshot = ReadonlyMap<string, Buffer>;

export function snapshotOf(disk: MemoryDisk): Snapshot {
  return new Map(
    disk
      .paths()
      .filter((path) => !path.endsWith("/.lock"))
      .map((path) => [path, disk.bytesOf(path)]),
  );
}

/** A new disk that holds these files, every one durable. */
export async function diskOf(files: Snapshot, now: () => number): Promise<MemoryDisk> {
  const disk = new MemoryDisk({ now });
  for (const [path, bytes] of files) {
    const folders = path.split("/").slice(1, -1);
    for (let depth = 1; depth <= folders.length; depth++) {
      const folder = `/${folders.slice(0, depth).join("/")}`;
      if ((await disk.stat(folder)) === undefined) await disk.makeFolder(folder);
      await disk.syncFolder(folder.slice(0, folder.lastIndexOf("/")) || "/");
    }
    disk.replaceBytes(path, bytes);
  }
  return disk;
}
