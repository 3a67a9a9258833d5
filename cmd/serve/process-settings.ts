/** What the server asks of V8, and what the system allows its process. */
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";

/**
 * The heap grows to four times what is live between two full collections: the most that V8 allows by itself, where
 * collections are quick and the heap may become large (`kMaxGrowingFactor` in its heap-controller.h). The heap's own
 * limit holds as before.
 */
const GROWTH_PERCENT = 300;

/**
 * Holds from the next full collection on. Bodies and answers lie outside of the heap, and small collections give them
 * back, but V8 counts them: to a heap of a dozen MiB it allowed 15 MiB of them. At the speed of a disk, thirty full
 * collections a second took two fifths of the CPU of a batch (`npm run bench`, batch-in-1k).
 */
export function letHeapGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}

/**
 * How many files this process may have open, connections included; `undefined`: unknown, or no limit. Only Linux shows
 * it. Node has raised the limit to the hard one by then.
 */
export function openFileLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
