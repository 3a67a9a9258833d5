/** What is wrong with bytes that should be messages, told in the same way of damaged files and of bad requests. */
import { NetlogError } from "../base/errors.ts";

export interface Found {
  readonly type: "checksum" | "length" | "unknown";
  /** What the bytes claim or should be, and what was found; checksums are decimal. Never holds payload. */
  readonly expected: string;
  readonly actual: string;
}

/** What was found, and where. */
export interface Flaw extends Found {
  /** Which message, from 0; `undefined` for the entry as a whole. */
  readonly index: number | undefined;
  /** Byte place of the message within the bytes that were read: for a set's messages, those unpacked. */
  readonly position: number;
}

export function describeFlaw(flaw: Flaw): string {
  const subject = flaw.index === undefined ? "entry" : `message ${flaw.index} at byte ${flaw.position}`;
  return `${subject}, ${flaw.type}: expected ${flaw.expected}, found ${flaw.actual}`;
}

/** A stored entry that cannot be read. `checksum_error` for clients, the flaw itself for an integrity check. */
export class DamagedEntryError extends NetlogError {
  readonly flaw: Flaw;

  constructor(flaw: Flaw, cause?: unknown) {
    super("checksum_error", { reason: describeFlaw(flaw), cause });
    this.flaw = flaw;
  }
}
