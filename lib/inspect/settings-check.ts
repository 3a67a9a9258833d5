/** Checks the two copies of a topic's settings, and says what the next start makes of them. */
import type { Disk } from "../disk/disk.ts";
import { type FileFinding, unreadableFinding } from "../log/index.ts";
import type { Limits } from "../storage/limits.ts";
import { newestSettings, readSettingsCopies, type SettingsCopy } from "../storage/settings-copies.ts";
import { DEFAULT_SETTINGS } from "../topic/setting-table.ts";

/** A copy that is not what it should be: what becomes of the topic. */
const OUTCOMES = {
  mended: "the other copy counts, and the next start writes this one anew",
  lost: "neither copy is sound: the topic's messages can be read, and it takes none until PATCH sets its settings anew",
  unknown: "the other copy cannot be read",
} as const;

export async function checkSettings({
  disk,
  folder,
  limits,
}: {
  readonly disk: Disk;
  /** The topic's folder. */
  readonly folder: string;
  readonly limits: Limits;
}): Promise<FileFinding[]> {
  const copies = await readSettingsCopies(disk, folder, DEFAULT_SETTINGS, limits);
  const outcome = outcomeOf(copies);
  return copies.flatMap((copy) => findingOf(copy, copies, outcome, `${folder}/${copy.name}`));
}

function outcomeOf(copies: readonly SettingsCopy[]): keyof typeof OUTCOMES {
  if (newestSettings(copies) !== undefined) return "mended";
  return copies.some(({ status }) => status === "unreadable") ? "unknown" : "lost";
}

function findingOf(
  copy: SettingsCopy,
  copies: readonly SettingsCopy[],
  outcome: keyof typeof OUTCOMES,
  file: string,
): FileFinding[] {
  switch (copy.status) {
    case "sealed":
      if (copies.every((other) => other.status !== "sealed" || other.sequence <= copy.sequence)) return [];
      return [{ kind: "note", file, message: `it is older than the other copy; ${OUTCOMES.mended}` }];
    case "plain":
      return [{ kind: "note", file, message: "it has no checksum; the next start gives it one" }];
    case "unreadable":
      return [unreadableFinding(file, copy.cause)];
    default: {
      const kind = copy.status === "missing" && outcome === "mended" ? "note" : "damage";
      return [{ kind, file, message: `it ${copy.trouble}; ${OUTCOMES[outcome]}` }];
    }
  }
}
