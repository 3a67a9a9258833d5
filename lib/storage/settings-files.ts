/** Keeps the settings of one topic on the disk: made, opened, mended and replaced. What the files look like: settings-copies.ts. */

import type { Logger } from "../base/logger.ts";
import { createFile, replaceFile } from "../disk/atomic-file.ts";
import type { Disk } from "../disk/disk.ts";
import type { TopicSettings } from "../topic/setting-table.ts";
import { encodeSettings, newestSettings, SETTINGS_NAMES, type SettingsCopy } from "./settings-copies.ts";
import { refuseUnreadable, replaceCopy } from "./two-copies.ts";

/** Writes both copies into a new folder; durable when it resolves. @throws what the disk throws. */
export async function createSettings(disk: Disk, folder: string, settings: TopicSettings): Promise<void> {
  const bytes = encodeSettings({ settings, sequence: 1 });
  for (const name of SETTINGS_NAMES) await createFile(disk, `${folder}/${name}`, bytes);
  await disk.syncFolder(folder);
}

/** @throws topic_unavailable where neither copy is sound, and the system does not let one be read: it may be. */
export function requireKnownSettings(copies: readonly SettingsCopy[]): void {
  if (newestSettings(copies) === undefined) refuseUnreadable(copies);
}

/** What opening a topic makes of its copies. */
export interface OpenedSettings {
  readonly settings: TopicSettings;
  readonly files: SettingsFiles;
  /** Where both copies are lost, and `settings` are the server's defaults: what is wrong, and what mends it. */
  readonly trouble: string | undefined;
}

/**
 * The settings that count. Copies that are missing, damaged, older or without a checksum are written anew, as far as the
 * disk lets them: one is enough to go on with. An `unreadable` copy stays as it is.
 */
export async function openSettings(
  { disk, logger, folder }: { readonly disk: Disk; readonly logger: Logger; readonly folder: string },
  copies: readonly SettingsCopy[],
  defaults: TopicSettings,
): Promise<OpenedSettings> {
  const newest = newestSettings(copies);
  const files = new SettingsFiles(disk, logger, folder, newest?.sequence ?? 0);
  if (newest === undefined) {
    const trouble = lossOf(copies);
    logger.error({ folder }, trouble);
    return { settings: { ...defaults }, files, trouble };
  }
  await files.mend(copies, newest.settings);
  return { settings: newest.settings, files, trouble: undefined };
}

function lossOf(copies: readonly SettingsCopy[]): string {
  const troubles = copies.map((copy) => ("trouble" in copy ? `${copy.name} ${copy.trouble}` : copy.name));
  return (
    `the topic's settings are lost (${troubles.join(", ")}): its messages can be read, and nothing is appended; ` +
    "set them anew with PATCH /:topic: what it does not name becomes the server's default"
  );
}

/** Writes the settings of one topic. One call at a time. */
export class SettingsFiles {
  readonly #disk: Disk;
  readonly #logger: Logger;
  readonly #folder: string;
  /** The number of the last write that was tried. */
  #sequence: number;

  constructor(disk: Disk, logger: Logger, folder: string, sequence: number) {
    this.#disk = disk;
    this.#logger = logger;
    this.#folder = folder;
    this.#sequence = sequence;
  }

  /** Makes both copies the settings of the current sequence number. Failures are logged. */
  async mend(copies: readonly SettingsCopy[], settings: TopicSettings): Promise<void> {
    const bytes = encodeSettings({ settings, sequence: this.#sequence });
    for (const copy of copies) {
      const file = `${this.#folder}/${copy.name}`;
      if (copy.status === "damaged" || copy.status === "unreadable") {
        const message = `a copy of the settings ${copy.trouble}; the other one counts`;
        this.#logger.warn({ err: copy.cause, file }, message);
      }
      const isCurrent = "bytes" in copy && copy.bytes.equals(bytes);
      if (!isCurrent && copy.status !== "unreadable") await this.#copy(file, bytes);
    }
  }

  /**
   * Puts other settings in the place of the topic's; durable when it resolves.
   *
   * @throws storage_full, topic_unavailable: the old ones are there; sync_failed: after a loss of power it may be either.
   */
  async replace(settings: TopicSettings): Promise<void> {
    this.#sequence += 1;
    const bytes = encodeSettings({ settings, sequence: this.#sequence });
    const [main, copy] = SETTINGS_NAMES.map((name) => `${this.#folder}/${name}`);
    await replaceCopy(this.#disk, main!, bytes, { start: bytes, what: "the settings" });
    await this.#copy(copy!, bytes);
  }

  async #copy(file: string, bytes: Buffer): Promise<void> {
    try {
      await replaceFile(this.#disk, file, bytes);
    } catch (error) {
      this.#logger.warn(
        { err: error, file },
        "a copy of the settings was not written; the next start does it",
      );
    }
  }
}
