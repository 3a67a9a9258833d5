/** What an inspection has to tell about a file, in the form in which a person or a script gets it. */
import type { TornTail } from "./active-walk.ts";
import type { FileDamage } from "./damage.ts";

/** A place between two frames. */
interface Place {
  readonly position: number;
  readonly offset: number;
}

export interface FileFinding {
  /**
   * `damage`: what was stored here is lost or wrong. `unreadable`: the system does not let it be read, nobody knows.
   * `torn`: never confirmed to anybody, and cut by the next start. `note`: nothing is lost.
   */
  readonly kind: "damage" | "unreadable" | "torn" | "note";
  readonly file: string;
  /** Byte place in the file. */
  readonly position?: number;
  /** The messages `[offset, nextOffset)` are concerned. */
  readonly offset?: number;
  readonly nextOffset?: number;
  readonly type?: "checksum" | "length" | "unknown";
  readonly expected?: string;
  readonly actual?: string;
  /** The same in plain words. */
  readonly message: string;
}

export function damageFinding(damage: FileDamage): FileFinding {
  const { file, position, offset, nextOffset, type, expected, actual } = damage;
  return {
    kind: "damage",
    file,
    position,
    offset,
    nextOffset,
    type,
    expected,
    actual,
    message: lossOf(offset, nextOffset),
  };
}

/** @throws `error` itself when it does not come from the system. */
export function unreadableFinding(file: string, error: unknown): FileFinding {
  if (!(error instanceof Error && "syscall" in error)) throw error;
  return { kind: "unreadable", file, message: `cannot be read: ${error.message}` };
}

/** Behind `end` lies what a start would cut. */
export function tornFinding(file: string, end: Place, sizeBytes: number, tail: TornTail): FileFinding {
  const { position, offset } = end;
  const tornBytes = sizeBytes - position;
  const message = `a torn tail of ${tornBytes} bytes, never confirmed as synced; the next start cuts it`;
  return { kind: "torn", file, position, offset, nextOffset: offset, ...tail, message };
}

/** A crash can leave the newest data file without its header, but never with anything behind it. */
export function unfinishedFinding(file: string, baseOffset: number, sizeBytes: number): FileFinding {
  return {
    kind: "torn",
    file,
    position: 0,
    offset: baseOffset,
    nextOffset: baseOffset,
    type: "length",
    expected: "a valid segment header",
    actual: `${sizeBytes} bytes`,
    message: "a segment that was just being made; the next start makes it anew",
  };
}

export function goNetlogFinding(file: string, offset: number, nextOffset: number): FileFinding {
  return {
    kind: "damage",
    file,
    position: 0,
    offset,
    nextOffset,
    type: "unknown",
    expected: "version 2",
    actual: "version 1",
    message:
      "written by the Go NetLog, and not served from here; `netlog import <this data folder> --dir <new one>` brings it over",
  };
}

/** The index, which is written when its data is synced, knows of more than there is. */
export function missingDataFinding(file: string, end: Place, provenEndOffset: number): FileFinding {
  return damageFinding({
    file,
    position: end.position,
    offset: end.offset,
    nextOffset: provenEndOffset,
    type: "length",
    expected: `frames up to offset ${provenEndOffset}, as the index says`,
    actual: `none from offset ${end.offset} on`,
  });
}

function lossOf(offset: number, nextOffset: number): string {
  const count = nextOffset - offset;
  if (count === 0) return "damaged; no message is lost by it";
  return count === 1 ? `message ${offset} is lost` : `messages ${offset} to ${nextOffset - 1} are lost`;
}
