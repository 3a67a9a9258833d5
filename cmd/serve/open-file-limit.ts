/** How many files this process may have open, connections included. */
import { readFileSync } from "node:fs";

/** Linux alone tells; Node has raised the limit to the hard one by then. `undefined`: unknown, or none. */
export function openFileLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
