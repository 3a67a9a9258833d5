/** The nearest of some names to one that was mistyped, for "did you mean". */

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

/** Levenshtein's: insertions, deletions and replacements that lead from `from` to `to`. */
function editDistance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = above[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, above[column]! + 1, current[column - 1]! + 1));
    }
    above = current;
  }
  return above[to.length]!;
}
