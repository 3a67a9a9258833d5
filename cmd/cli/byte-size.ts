/** Sizes for people: `312 B`, `1.5 KiB`, `2.0 GiB`. */

const UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB"];
const STEP = 1024;

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
