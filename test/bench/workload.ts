/** What a workload is, what it measures, and what it must reach: the words that the rest of the benchmark shares. */
import type { Bench } from "./bench.ts";

/** All that is measured. Those without a column stand at the end of their line. */
export const FIGURES = {
  perSecond: { title: "messages/s", digits: 0 },
  /** The server's CPU time for one message, as the system accounts for it. */
  cpuMicros: { title: "CPU µs a message", digits: 2 },
  p50Ms: { title: "p50 ms", digits: 3 },
  p99Ms: { title: "p99 ms", digits: 3 },
  maxMs: { title: "max ms", digits: 1 },
  /** Resident memory of the server. */
  memoryMiB: { title: "MiB", digits: 0 },
  tookMs: { title: "ms in all", digits: 1 },
  /** The same figure of a server that does it for the first time. */
  coldMs: { title: "ms the first time", digits: 1 },
  waiterKiB: { title: "KiB a waiter", digits: 1 },
  idleCpuPercent: { title: "% CPU while waiting", digits: 1 },
} as const;

export type Figure = keyof typeof FIGURES;

/** What one measurement of one round gave. */
export type Sample = Readonly<Partial<Record<Figure, number>>>;

export interface Row {
  readonly name: string;
  /** One a round. */
  readonly samples: readonly Sample[];
}

/** One line of the table in the making: measured once a round, in turn with the others of its workload. */
export interface Contender {
  readonly name: string;
  measure(): Promise<Sample>;
  /** Called after the last round: reads back what was written. Rejects when it is not there to the byte. */
  check?(): Promise<void>;
}

/** `factor` times what `row` gave for `figure` in the same round. */
export interface Term {
  readonly factor: number;
  readonly row: string;
  readonly figure: Figure;
}

export interface Target {
  readonly row: string;
  readonly figure: Figure;
  readonly bound: "at most" | "at least";
  /** The bound is the sum of these; a number is in the figure's own unit. */
  readonly of: readonly (number | Term)[];
}

export interface Workload {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  readonly targets: readonly Target[];
  run(bench: Bench): Promise<Row[]>;
}

/** Rows that several workloads have, or that ratios are taken of. */
export const BARE = "bare node:http";
export const GO = "Go NetLog";
