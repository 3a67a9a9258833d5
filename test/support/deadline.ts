/** A deadline for everything a test waits for, so that what hangs fails with a name. */
import { isSoak } from "./soak.ts";

/** Nothing takes so long on any machine: it costs time only where something hangs. Below the tests' own, of vitest.config.ts. */
const DEADLINE_MS = isSoak ? 600_000 : 60_000;

/** What `promise` gives; rejects with `label` when that takes longer than `ms`. */
export async function within<T>(
  label: string,
  promise: PromiseLike<T>,
  ms: number = DEADLINE_MS,
): Promise<T> {
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timeout = setTimeout(() => reject(new Error(`not within ${ms} ms: ${label}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timeout);
  }
}
