/** The files of scanners, slot by slot or as the state that a journal leads to, for people; see dump.ts. */
import { decodeLeaseFile } from "../scanner/lease-file.ts";
import {
  decodeScannerFile,
  decodeSlots,
  type ScannerState,
  slotBytes,
  slotPosition,
} from "../scanner/scanner-file.ts";

export interface SlotRecord {
  readonly kind: "slot";
  readonly position: number;
  /** `undefined` when it is not whole. */
  readonly state: ScannerState | undefined;
  /** It is the one that is believed. */
  readonly counts: boolean;
  /** Zeros, or nothing: it was never written. */
  readonly isUnused: boolean;
  readonly bytes: Buffer;
}

/** What the journal of a scanner with acknowledgements comes to. */
export interface LeasesRecord {
  readonly kind: "leases";
  readonly sizeBytes: number;
  /** `undefined` when the file is damaged. */
  readonly state: LeasesSummary | undefined;
  /** The first ones, where it is damaged. */
  readonly bytes: Buffer;
}

export interface LeasesSummary {
  readonly blockCount: number;
  readonly from: number;
  readonly next: number;
  /** Given out and not settled, with how often. */
  readonly pending: readonly { readonly offset: number; readonly deliveries: number }[];
  readonly redelivered: number;
  readonly deadLettered: number;
  readonly skipped: number;
  readonly settings: unknown;
  /** Where the whole blocks end; what lies behind is torn. */
  readonly endPosition: number;
}

const SHOWN_BYTES = 32;

export function* dumpSlots(file: Buffer): Generator<SlotRecord, void, void> {
  const newest = decodeScannerFile(file);
  for (const [sequence, state] of decodeSlots(file).entries()) {
    const bytes = slotBytes(file, sequence);
    yield {
      kind: "slot",
      position: slotPosition(sequence),
      state,
      counts: newest !== undefined && state?.sequence === newest.sequence,
      isUnused: bytes.every((byte) => byte === 0),
      bytes,
    };
  }
}

export function dumpLeases(file: Buffer): LeasesRecord {
  const sizeBytes = file.length;
  const decoded = decodeLeaseFile(file);
  if (decoded === undefined) {
    return { kind: "leases", sizeBytes, state: undefined, bytes: file.subarray(0, SHOWN_BYTES) };
  }
  const { from, settings, table, sequence, endPosition } = decoded;
  const { next, counters } = table;
  const pending = Array.from(table.pending.values(), ({ offset, deliveries }) => ({ offset, deliveries }));
  const state = { blockCount: sequence, from, next, pending, ...counters, settings, endPosition };
  return { kind: "leases", sizeBytes, state, bytes: Buffer.alloc(0) };
}
