/** The nearest of some names to one that was mistyped, for "did you mean". */
import { editDistance } from "../../lib/values.ts";

/** The name fewest edits away from `typed`, at most a third of its length (rounded up); `undefined` when none is that near. */
export function closest(typed: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestEdits = Math.ceil(typed.length / 3) + 1;
  for (const name of names) {
    const edits = editDistance(typed, name);
    if (edits < bestEdits) {
      best = name;
      bestEdits = edits;
    }
  }
  return best;
}
