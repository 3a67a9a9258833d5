/** What an index file says, believed or not, for people; its data's mask stays unsaid. */
import { readUint64 } from "./bytes.ts";
import {
  footerPosition,
  INDEX_ENTRY_BYTES,
  type IndexEntry,
  type IndexFooter,
  indexTrouble,
} from "./sparse-index.ts";

/** A number of more than 2^53-1 is NaN. */
export interface IndexDump {
  readonly entries: readonly (IndexEntry & { readonly timestampMs: number })[];
  readonly footer: Omit<IndexFooter, "mask"> | undefined;
  /** Why it cannot be believed, if so. */
  readonly trouble: string | undefined;
}

export function dumpIndex(bytes: Buffer, baseOffset: number): IndexDump {
  const trouble = indexTrouble(bytes);
  const at = footerPosition(bytes);
  if (at < 0) return { entries: [], footer: undefined, trouble };
  const number = (position: number): number => readUint64(bytes, position) ?? Number.NaN;
  const entries = Array.from({ length: Math.floor(at / INDEX_ENTRY_BYTES) }, (_, i) => ({
    offset: baseOffset + bytes.readUInt32BE(i * INDEX_ENTRY_BYTES),
    position: bytes.readUInt32BE(i * INDEX_ENTRY_BYTES + 4),
    timestampMs: number(i * INDEX_ENTRY_BYTES + 8),
  }));
  const footer = {
    dataPosition: number(at),
    endOffset: number(at + 8),
    lastTimestampMs: number(at + 16),
  };
  return { entries, footer, trouble };
}
