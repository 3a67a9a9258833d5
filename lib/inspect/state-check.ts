/** Checks the two copies of a topic's state, and says what the next start makes of them. */
import type { Disk } from "../disk/disk.ts";
import { type FileFinding, unreadableFinding } from "../log/index.ts";
import type { Limits } from "../storage/limits.ts";
import { checkStateCopies, STATE_NAMES, usableState, type VerifiedCopy } from "../storage/state-copies.ts";
import { readTopicId } from "../storage/topic-id.ts";
import { versionTrouble } from "../topic/state-codec.ts";
import type { KeptState } from "../topic/storage.ts";

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
  const copies = await checkStateCopies({ disk, folder, limits });
  if (copies.every(({ status }) => status === "missing")) return await missedState(disk, folder);
  const outcome = await outcomeOf(copies, logEndOffset);
  const findings: FileFinding[] = [];
  for (const copy of copies) {
    const file = `${folder}/${copy.name}`;
    const trouble = await troubleOf(copy, logEndOffset);
    if (copy.status === "unreadable") findings.push(unreadableFinding(file, copy.cause));
    else if (trouble !== undefined) {
      findings.push({ kind: "damage", file, message: `it ${trouble}; ${OUTCOMES[outcome]}` });
    }
  }
  return findings;
}

/** The id says whether there was one. */
async function missedState(disk: Disk, folder: string): Promise<FileFinding[]> {
  const identity = await readTopicId(disk, folder).catch(() => undefined);
  if (identity?.hasState !== true) return [];
  const file = `${folder}/${STATE_NAMES[0]}`;
  return [{ kind: "damage", file, message: `it is missing, and so is its copy; ${OUTCOMES.lost}` }];
}

async function outcomeOf(
  copies: readonly VerifiedCopy[],
  logEndOffset: number,
): Promise<keyof typeof OUTCOMES> {
  const newest = usableState(copies, logEndOffset);
  if (newest !== undefined) return (await versionTroubleOf(newest)) === undefined ? "mended" : "refused";
  return copies.some(({ status }) => status === "unreadable") ? "unknown" : "lost";
}

async function troubleOf(copy: VerifiedCopy, logEndOffset: number): Promise<string | undefined> {
  if (copy.status === "missing") return undefined;
  if (copy.status !== "sound") return copy.trouble;
  if (copy.through <= logEndOffset) return await versionTroubleOf(copy);
  return `speaks of ${copy.through} messages, and the log ends at ${logEndOffset}`;
}

function versionTroubleOf({ read }: KeptState): Promise<string | undefined> {
  return read(async (bytes) => versionTrouble(await bytes.at(0, 1)));
}
