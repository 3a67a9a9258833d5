/** The limits that an operator may set, and how far. */
import { LARGEST_BYTES } from "./limits.ts";

const KiB = 1024;
const GiB = 1024 * 1024 * KiB;
const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;

/** Limits that an operator may set. */
export type SettableLimit =
  | "payloadBytes"
  | "batchBytes"
  | "bytesInFlight"
  | "connections"
  | "waitingRequests"
  | "topics"
  | "remembered"
  | "scanners"
  | "headersMs"
  | "bodyIdleMs"
  | "bodyMs"
  | "keepAliveMs"
  | "stopMs";

interface Range {
  readonly min: number;
  readonly max: number;
}

export const LIMIT_RANGES: Readonly<Record<SettableLimit, Range>> = {
  payloadBytes: { min: 1, max: LARGEST_BYTES },
  batchBytes: { min: KiB, max: LARGEST_BYTES },
  bytesInFlight: { min: KiB, max: 64 * GiB },
  connections: { min: 1, max: 1_000_000 },
  waitingRequests: { min: 1, max: 1_000_000 },
  topics: { min: 1, max: 1_000_000 },
  remembered: { min: 1, max: 100_000_000 },
  scanners: { min: 1, max: 1_000_000 },
  headersMs: { min: SECOND_MS, max: HOUR_MS },
  bodyIdleMs: { min: SECOND_MS, max: HOUR_MS },
  bodyMs: { min: SECOND_MS, max: DAY_MS },
  keepAliveMs: { min: SECOND_MS, max: HOUR_MS },
  stopMs: { min: 0, max: HOUR_MS },
};
