/** Changes the settings of an open topic: first what is stored, then everything that goes by them. */
import type { Limits } from "./limits.ts";
import type { TopicSettings } from "./setting-table.ts";
import { changeSettings, logLimitsOf } from "./settings.ts";
import type { TopicParts } from "./topic-parts.ts";

interface ChangeTerms {
  readonly defaults: TopicSettings;
  readonly limits: Limits;
  readonly nowMs: number;
  /** Resolves when all that was published so far is on the disk. */
  readonly sync: () => Promise<void>;
}

/** As Topic.updateSettings. What was published before goes to the log as the settings were. */
export async function changeTopicSettings(
  parts: TopicParts,
  change: unknown,
  { defaults, limits, nowMs, sync }: ChangeTerms,
): Promise<void> {
  const { stored, publisher, life, waysIn, waysOut } = parts;
  const { settings: inForce, log } = stored;
  const areLost = publisher.refusedFor !== undefined;
  const settings = changeSettings(change, inForce, { defaults, limits, nowMs, areLost });
  if (settings.durability === "synced" && inForce.durability === "written") await sync();
  await stored.replaceSettings(settings);
  await publisher.flush();
  Object.assign(inForce, settings);
  publisher.settingsChanged();
  life.settingsChanged();
  waysIn.settingsChanged();
  waysOut.settingsChanged();
  await log.setLimits(logLimitsOf(settings));
  publisher.refuse(undefined);
}
