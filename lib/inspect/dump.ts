/**
 * Takes a file of a data folder apart for a person who has to find out what happened: every frame of a data file,
 * the entries of an index, the slots of a scanner, whatever state they are in. Changes nothing, and needs no lock.
 */
import { basename } from "node:path/posix";
import type { Disk } from "../disk/disk.ts";
import { readOnlyDisk } from "../disk/read-only-disk.ts";
import {
  decodeSegmentHeader,
  dumpIndex,
  type IndexDump,
  isTornFileName,
  OpenFiles,
  openFrameWindow,
  type PooledFile,
  parseIndexFileName,
  parseRewriteFileName,
  SEGMENT_HEADER_BYTES,
} from "../log/index.ts";
import { LEASES_SUFFIX } from "../scanner/lease-file.ts";
import { SCANNER_SUFFIX, scannerFileMaxBytes } from "../scanner/scanner-file.ts";
import type { Limits } from "../storage/limits.ts";
import { dumpData, type FrameRecord, type GapRecord } from "./dump-data.ts";
import { dumpLeases, dumpSlots, type LeasesRecord, type SlotRecord } from "./dump-scanner.ts";

const GO_NETLOG = "file of the Go NetLog (version 1); `netlog import` reads such folders";

export type DumpRecord =
  | { readonly kind: "file"; readonly what: DumpedFile; readonly sizeBytes: number }
  | HeaderRecord
  | FrameRecord
  | GapRecord
  | ({ readonly kind: "index" } & IndexDump)
  | SlotRecord
  | LeasesRecord;

export type DumpedFile =
  | "data file"
  | "torn bytes"
  | "copy of the end of a data file"
  | "index"
  | "scanner"
  | "scanner with acknowledgements"
  | typeof GO_NETLOG;

export interface HeaderRecord {
  readonly kind: "header";
  /** `undefined` when the header is not valid. */
  readonly version: 1 | 2 | 3 | undefined;
  readonly createdAtMs: number | undefined;
}

export interface DumpOptions {
  readonly disk: Disk;
  /** Absolute. */
  readonly path: string;
  /** How many bytes of each payload are given, and all fields; 0 for neither. */
  readonly payloadBytes: number;
  readonly limits: Limits;
}

/** A scanner of the Go NetLog is one number. */
const GO_SCANNER_BYTES = 8;
/** An index of the Go NetLog begins with relative offset 1, which lies behind a header of 16 bytes. */
const GO_INDEX_BEGIN = { relativeOffset: 1, position: 16n };

/**
 * The first record tells what the file is taken for. Buffers are valid until the next one.
 *
 * @throws what the disk throws.
 */
export async function* dumpFile({
  disk: anyDisk,
  path,
  payloadBytes,
  limits,
}: DumpOptions): AsyncGenerator<DumpRecord, void, void> {
  const disk = readOnlyDisk(anyDisk);
  const file = new OpenFiles(disk, limits.openFiles).file(path);
  try {
    const sizeBytes = (await disk.stat(path))?.sizeBytes ?? 0;
    const what = await kindOf(file, sizeBytes);
    yield { kind: "file", what, sizeBytes };
    if (what === "index") {
      const baseOffset = parseIndexFileName(basename(path)) ?? 0;
      yield { kind: "index", ...dumpIndex(await disk.readFile(path), baseOffset) };
    } else if (what === "scanner") {
      yield* dumpSlots(await file.read(0, Math.min(sizeBytes, scannerFileMaxBytes(limits))));
    } else if (what === "scanner with acknowledgements") {
      yield dumpLeases(await file.read(0, Math.min(sizeBytes, limits.leaseFileBytes)));
    } else {
      const hasHeader = what === "data file" || (what === GO_NETLOG && path.endsWith(".data"));
      if (hasHeader) yield await dumpHeader(file);
      if (what === GO_NETLOG) return;
      yield* dumpData(await openFrameWindow(disk, file, sizeBytes), payloadBytes, limits);
    }
  } finally {
    file.drop();
  }
}

async function kindOf(file: PooledFile, sizeBytes: number): Promise<DumpedFile> {
  const name = basename(file.path);
  const first = await file.read(0, SEGMENT_HEADER_BYTES);
  const isScanner = name.endsWith(SCANNER_SUFFIX);
  const isIndex = name.endsWith(".index");
  if (isScanner ? sizeBytes === GO_SCANNER_BYTES : isIndex ? beginsLikeGoIndex(first) : isGoData(first)) {
    return GO_NETLOG;
  }
  if (isScanner) return "scanner";
  if (name.endsWith(LEASES_SUFFIX)) return "scanner with acknowledgements";
  if (isIndex) return "index";
  if (isTornFileName(name)) return "torn bytes";
  return parseRewriteFileName(name) === undefined ? "data file" : "copy of the end of a data file";
}

function isGoData(first: Buffer): boolean {
  return decodeSegmentHeader(first).kind === "go-netlog";
}

function beginsLikeGoIndex(first: Buffer): boolean {
  if (first.length < 16) return false;
  const { relativeOffset, position } = GO_INDEX_BEGIN;
  return first.readUInt32BE(0) === relativeOffset && first.readBigUInt64BE(8) === position;
}

async function dumpHeader(file: PooledFile): Promise<HeaderRecord> {
  const header = decodeSegmentHeader(await file.read(0, SEGMENT_HEADER_BYTES));
  if (header.kind === "valid") {
    return { kind: "header", version: header.version, createdAtMs: header.createdAtMs };
  }
  const version = header.kind === "go-netlog" ? 1 : undefined;
  return { kind: "header", version, createdAtMs: undefined };
}
