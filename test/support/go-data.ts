/** The data folder that a Go NetLog wrote, entry by entry, and what its manifest says of each message. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./temporary-folder.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures");
const INDEX_ENTRY_BYTES = 16;

export interface GoEntry {
  /** Offset of its first message. */
  readonly baseOffset: number;
  readonly count: number;
  readonly bytes: Buffer;
}

export interface ManifestMessage {
  readonly offset: number;
  readonly size: number;
  readonly sha256: string;
}

/** By topic; topics without messages are left out. */
export function goManifest(): Record<string, ManifestMessage[]> {
  return JSON.parse(readFileSync(join(FIXTURES, "netlog-go-data.manifest.json"), "utf8"));
}

/** The folder unpacked, for the time of the running test. */
export function unpackGoData(): string {
  const folder = temporaryFolder();
  execFileSync("tar", ["-xzf", join(FIXTURES, "netlog-go-data.tar.gz"), "-C", folder]);
  return folder;
}

/** All entries of a topic in the order of their offsets, as the index tells them. */
export function goEntries(folder: string, topic: string): GoEntry[] {
  const names = readdirSync(join(folder, topic)).filter((name) => name.endsWith(".data"));
  return names.sort().flatMap((name) => segmentEntries(join(folder, topic, name)));
}

/** An index entry tells where entry n begins; the next one, where it ends and how many messages it holds. */
function segmentEntries(dataPath: string): GoEntry[] {
  const data = readFileSync(dataPath);
  const index = readFileSync(dataPath.replace(/\.data$/, ".index"));
  const segmentOffset = Number(dataPath.slice(-25, -5));
  const entries: GoEntry[] = [];
  for (let at = 0; index.readUInt32BE(at + 4) !== 0; at += INDEX_ENTRY_BYTES) {
    const relativeOffset = index.readUInt32BE(at);
    const next = at + INDEX_ENTRY_BYTES;
    entries.push({
      baseOffset: segmentOffset + relativeOffset - 1,
      count: index.readUInt32BE(next) - relativeOffset,
      bytes: data.subarray(Number(index.readBigUInt64BE(at + 8)), Number(index.readBigUInt64BE(next + 8))),
    });
  }
  return entries;
}
