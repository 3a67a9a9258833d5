/** A topic's folder: made so that a crash leaves a whole topic or none, recognized, and its settings read. */
import { replaceFile } from "./disk/atomic-file.ts";
import type { Disk } from "./disk/disk.ts";
import { hasCode } from "./disk/disk-error.ts";
import { isNetlogError, NetlogError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import { errorCode, refusedWrite } from "./log/disk-errors.ts";
import { createLogFolder } from "./log/index.ts";
import type { Runtime } from "./runtime.ts";
import { resolveSettings, type TopicSettings } from "./settings.ts";
import { writeTopicId } from "./topic-id.ts";

export const SETTINGS_NAME = "settings.json";
/** Of the log, and of the Go NetLog's. */
const DATA_SUFFIX = ".data";

/** Builds a topic's folder, durably except for its own name, which is the caller's to give and to sync. */
export async function buildTopicFolder(
  disk: Disk,
  folder: string,
  content: { readonly id: string; readonly settings: TopicSettings },
  runtime: Runtime,
): Promise<void> {
  await disk.makeFolder(folder);
  await writeTopicId(disk, folder, content.id);
  await writeSettings(disk, folder, content.settings);
  await createLogFolder({ disk, runtime, folder });
}

/** Durable when it resolves. @throws what the disk throws. */
export async function writeSettings(disk: Disk, folder: string, settings: TopicSettings): Promise<void> {
  await replaceFile(disk, `${folder}/${SETTINGS_NAME}`, encodeSettings(settings));
}

/**
 * Puts other settings in the place of a topic's; durable when it resolves.
 *
 * @throws storage_full, topic_unavailable: the old ones are there; sync_failed: after a loss of power it may be either.
 */
export async function replaceSettings(disk: Disk, folder: string, settings: TopicSettings): Promise<void> {
  try {
    await writeSettings(disk, folder, settings);
  } catch (error) {
    if (!(await holdsSettings(disk, folder, settings))) throw refusedWrite(error);
    const reason = "the disk did not confirm the settings; they may be there after a restart";
    throw new NetlogError("sync_failed", { reason, cause: error });
  }
}

/** False also when that cannot be told. */
async function holdsSettings(disk: Disk, folder: string, settings: TopicSettings): Promise<boolean> {
  try {
    return encodeSettings(settings).equals(await disk.readFile(`${folder}/${SETTINGS_NAME}`));
  } catch {
    return false;
  }
}

function encodeSettings(settings: TopicSettings): Buffer {
  return Buffer.from(`${JSON.stringify(settings)}\n`);
}

/** True for a folder with settings or with a segment in it, whatever their state. */
export async function looksLikeTopic(disk: Disk, folder: string): Promise<boolean> {
  if ((await disk.stat(folder))?.kind !== "folder") return false;
  const names = await disk.list(folder);
  return names.some((name) => name === SETTINGS_NAME || name.endsWith(DATA_SUFFIX));
}

/**
 * The settings of a topic on the disk; what they leave out is the server's default.
 *
 * @throws topic_unavailable, with a reason that says what is wrong with them.
 */
export async function readSettings(
  disk: Disk,
  folder: string,
  defaults: TopicSettings,
  limits: Limits,
): Promise<TopicSettings> {
  try {
    const bytes = await disk.readFile(`${folder}/${SETTINGS_NAME}`);
    return resolveSettings(JSON.parse(bytes.toString()), defaults, limits);
  } catch (error) {
    throw new NetlogError("topic_unavailable", {
      reason: `${SETTINGS_NAME} ${troubleOf(error)}`,
      cause: error,
    });
  }
}

function troubleOf(error: unknown): string {
  if (error instanceof SyntaxError) return "is not JSON";
  if (isNetlogError(error)) return `is not valid: ${error.reason ?? error.message}`;
  return hasCode(error, "ENOENT") ? "is missing" : `cannot be read (${errorCode(error)})`;
}
