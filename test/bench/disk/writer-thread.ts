/** One writer of group-commit.ts. Tells its parent at the end how long each of its syncs took, in ms. */
import { fdatasyncSync, writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { SHARED, type WriterData } from "./group-commit.ts";

const { shared, fileDescriptor, messageBytes } = workerData as WriterData;
const places = new Int32Array(shared);
const message = Buffer.alloc(messageBytes, "x");
const syncsMs: number[] = [];

/** Returns when the first `sequence` messages are on the disk. */
function awaitSynced(sequence: number): void {
  for (;;) {
    const turn = Atomics.load(places, SHARED.turn);
    if (Atomics.load(places, SHARED.synced) >= sequence) return;
    if (Atomics.compareExchange(places, SHARED.isSyncing, 0, 1) === 0) sync();
    else Atomics.wait(places, SHARED.turn, turn);
  }
}

function sync(): void {
  const covered = Atomics.load(places, SHARED.written);
  const startedAtMs = performance.now();
  fdatasyncSync(fileDescriptor);
  syncsMs.push(performance.now() - startedAtMs);
  Atomics.store(places, SHARED.synced, covered);
  Atomics.store(places, SHARED.isSyncing, 0);
  Atomics.add(places, SHARED.turn, 1);
  Atomics.notify(places, SHARED.turn);
}

Atomics.add(places, SHARED.ready, 1);
Atomics.wait(places, SHARED.go, 0);
while (Atomics.load(places, SHARED.isOver) === 0) {
  writeSync(fileDescriptor, message);
  awaitSynced(Atomics.add(places, SHARED.written, 1) + 1);
}
for (const ms of syncsMs) parentPort?.postMessage(ms);
