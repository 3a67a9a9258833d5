/** Checks the two copies of a topic's state, and says what the next start makes of them. */
import { isNetlogError } from "../base/errors.ts";
import type { Disk } from "../disk/disk.ts";
import { type FileFinding, unreadableFinding } from "../log/index.ts";
import type { Limits } from "../storage/limits.ts";
import { readStateCopies, STATE_NAMES, type StateCopy } from "../storage/state-files.ts";

const MADE_AGAIN = "the next start makes the topic's state again from its messages";
const MENDED = "the other copy counts, and what follows it is read from the messages";

export interface StateCheckOptions {
  readonly disk: Disk;
  /** Of the topic. */
  readonly folder: string;
  readonly limits: Limits;
}

/** A topic that remembers nothing has no state. */
export async function checkState(
  { disk, folder, limits }: StateCheckOptions,
  logEndOffset: number | undefined,
): Promise<FileFinding[]> {
  let copies: StateCopy[];
  try {
    copies = await readStateCopies(disk, folder, limits);
  } catch (error) {
    const cause = isNetlogError(error) ? error.cause : error;
    return [unreadableFinding(`${folder}/${STATE_NAMES.join(" or ")}`, cause)];
  }
  const troubles = copies.map((copy) => troubleOf(copy, logEndOffset));
  const isMended = copies.some(({ status }, index) => status === "sound" && troubles[index] === undefined);
  return copies.flatMap(({ name }, index): FileFinding[] => {
    const trouble = troubles[index];
    if (trouble === undefined) return [];
    const message = `it ${trouble}; ${isMended ? MENDED : MADE_AGAIN}`;
    return [{ kind: "damage", file: `${folder}/${name}`, message }];
  });
}

function troubleOf(copy: StateCopy, logEndOffset: number | undefined): string | undefined {
  if (copy.status === "damaged") return copy.trouble;
  if (copy.status === "missing" || logEndOffset === undefined || copy.through <= logEndOffset)
    return undefined;
  return `speaks of ${copy.through} messages, and the log ends at ${logEndOffset}`;
}
