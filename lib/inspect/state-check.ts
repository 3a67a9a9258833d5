/** Checks the two copies of a topic's state, and says what the next start makes of them. */
import type { Disk } from "../disk/disk.ts";
import { type FileFinding, unreadableFinding } from "../log/index.ts";
import type { Limits } from "../storage/limits.ts";
import { readStateCopies, STATE_NAMES, type StateCopy, usableStates } from "../storage/state-files.ts";
import { readTopicId } from "../storage/topic-id.ts";
import { versionTrouble } from "../topic/state-codec.ts";

const OUTCOMES = {
  mended: "the other copy counts, and what follows it is read from the messages",
  lost: "the next start makes the topic's state again from its messages",
  unknown: "the other copy cannot be read",
  refused: "the next start does not serve the topic",
} as const;

export interface StateCheckOptions {
  readonly disk: Disk;
  /** The topic's folder. */
  readonly folder: string;
  readonly limits: Limits;
}

/** A topic that has remembered nothing has no state. */
export async function checkState(
  { disk, folder, limits }: StateCheckOptions,
  logEndOffset: number = Infinity,
): Promise<FileFinding[]> {
  const copies = await readStateCopies(disk, folder, limits);
  const outcome = outcomeOf(copies, logEndOffset);
  if (copies.every(({ status }) => status === "missing")) return await missedState(disk, folder);
  return copies.flatMap((copy): FileFinding[] => {
    const file = `${folder}/${copy.name}`;
    if (copy.status === "unreadable") return [unreadableFinding(file, copy.cause)];
    const trouble = troubleOf(copy, logEndOffset);
    if (trouble === undefined) return [];
    return [{ kind: "damage", file, message: `it ${trouble}; ${OUTCOMES[outcome]}` }];
  });
}

/** The id says whether there was one. */
async function missedState(disk: Disk, folder: string): Promise<FileFinding[]> {
  const identity = await readTopicId(disk, folder).catch(() => undefined);
  if (identity?.hasState !== true) return [];
  const file = `${folder}/${STATE_NAMES[0]}`;
  return [{ kind: "damage", file, message: `it is missing, and so is its copy; ${OUTCOMES.lost}` }];
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
