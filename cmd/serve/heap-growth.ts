/**
 * How far the heap of the server grows between two full collections. Bodies and answers lie outside of it and are
 * given back by small ones, but V8 counts them: to a heap of a dozen MiB it allowed 15 MiB of them, and at the speed of
 * a disk thirty full collections a second took two fifths of the CPU of a batch (`npm run bench`, batch-in-1k).
 */
import { setFlagsFromString } from "node:v8";

/**
 * To four times what is live: the most that V8 allows by itself, where collections are quick and the heap may become
 * large (`kMaxGrowingFactor` in its heap-controller.h). The heap's own limit holds as before.
 */
const GROWTH_PERCENT = 300;

/** Holds from the next full collection on. */
export function letHeapGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
