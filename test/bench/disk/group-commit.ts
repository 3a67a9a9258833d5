/**
 * What the disk itself allows: threads that append to one file and share `fdatasync`, with nothing else in between.
 * A thread that finds no sync under way makes one, for all that is written by then; the others sleep until it is done.
 */
import { closeSync, openSync, rmSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { Latencies } from "../load/latencies.ts";
import type { Sample } from "../workload.ts";

/** Places in the memory that the writers share, 32-bit integers. */
export const SHARED = { written: 0, synced: 1, isSyncing: 2, turn: 3, isOver: 4, ready: 5, go: 6 } as const;

export interface WriterData {
  readonly shared: SharedArrayBuffer;
  readonly fileDescriptor: number;
  readonly messageBytes: number;
}

/** Messages a second of so many writers; p50 and p99 are of the syncs. */
export async function measureGroupCommit(
  file: string,
  writers: number,
  messageBytes: number,
  durationMs: number,
): Promise<Sample> {
  const fileDescriptor = openSync(file, "a");
  const shared = new SharedArrayBuffer(Object.keys(SHARED).length * Int32Array.BYTES_PER_ELEMENT);
  const places = new Int32Array(shared);
  const workerData: WriterData = { shared, fileDescriptor, messageBytes };
  const workers = Array.from(
    { length: writers },
    () => new Worker(new URL("./writer-thread.js", import.meta.url), { workerData }),
  );
  const latencies = new Latencies();
  const ended = workers.map(
    (worker) =>
      new Promise<void>((resolve, reject) => {
        worker.on("message", (ms: number) => latencies.add(ms));
        worker.once("error", reject);
        worker.once("exit", () => resolve());
      }),
  );
  while (Atomics.load(places, SHARED.ready) < writers) await sleep(5);
  const startedAtMs = performance.now();
  Atomics.store(places, SHARED.go, 1);
  Atomics.notify(places, SHARED.go);
  await sleep(durationMs);
  const messages = Atomics.load(places, SHARED.synced);
  const seconds = (performance.now() - startedAtMs) / 1000;
  Atomics.store(places, SHARED.isOver, 1);
  await Promise.all(ended);
  closeSync(fileDescriptor);
  rmSync(file);
  return { perSecond: messages / seconds, ...latencies.percentiles() };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
