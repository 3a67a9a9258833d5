/** Checks the two copies of a topic's state, and says what the next start makes of them. */
import type { Disk } from "../disk/disk.ts";
import { type FileFinding, unreadableFinding } from "../log/index.ts";
import type { Limits } from "../storage/limits.ts";
import { readStateCopies, type StateCopy, usableStates } from "../storage/state-files.ts";
import { versionTrouble } from "../topic/state-codec.ts";

const OUTCOMES = {
  mended: "the other copy counts, and what follows it is read from the messages",
  lost: "the next start makes the topic's state again from its messages",
  unknown: "the other copy cannot be read",
  refused: "the next start does not serve the topic",
} as const;

export interface StateCheckOptions {
  readonly disk: Disk;
  /** Of the topic. */
  readonly folder: string;
  readonly limits: Limits;
}

/** A topic that remembers nothing has no state. */
export async function checkState(
  { disk, folder, limits }: StateCheckOptions,
  logEndOffset: number = Infinity,
): Promise<FileFinding[]> {
  const copies = await readStateCopies(disk, folder, limits);
  const outcome = outcomeOf(copies, logEndOffset);
  return copies.flatMap((copy): FileFinding[] => {
    const file = `${folder}/${copy.name}`;
    if (copy.status === "unreadable") return [unreadableFinding(file, copy.cause)];
    const trouble = troubleOf(copy, logEndOffset);
    if (trouble === undefined) return [];
    return [{ kind: "damage", file, message: `it ${trouble}; ${OUTCOMES[outcome]}` }];
  });
}

function outcomeOf(copies: readonly StateCopy[], logEndOffset: number): keyof typeof OUTCOMES {
  const [newest] = usableStates(copies, logEndOffset);
  if (newest !== undefined) return versionTrouble(newest.bytes) === undefined ? "mended" : "refused";
  return copies.some(({ status }) => status === "unreadable") ? "unknown" : "lost";
}

function troubleOf(copy: StateCopy, logEndOffset: number): string | undefined {
  if (copy.status === "missing") return undefined;
  if (copy.status !== "sound") return copy.trouble;
  if (copy.through <= logEndOffset) return versionTrouble(copy.bytes);
  return `speaks of ${copy.through} messages, and the log ends at ${logEndOffset}`;
}
