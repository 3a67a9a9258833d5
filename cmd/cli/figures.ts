/** Sizes and counts for people. */

const UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB"];
const STEP = 1024;

/** `312 B`, `1.5 KiB`, `2.0 GiB`. */
export function formatBytes(sizeBytes: number): string {
  let amount = sizeBytes;
  let unit = "B";
  for (const larger of UNITS) {
    if (amount < STEP) break;
    amount /= STEP;
    unit = larger;
  }
  return unit === "B" ? `${Math.round(amount)} B` : `${amount.toFixed(1)} ${unit}`;
}

/** A number and what it counts: `1 topic`, `2 topics`. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}
