/** The data folder as a whole: taking it for this process, and telling topics from everything else in it. */
import { dirname } from "node:path/posix";
import { mapConcurrently } from "../base/concurrency.ts";
import type { Logger } from "../base/logger.ts";
import { isSafeName } from "../base/names.ts";
import type { Disk, DiskLock } from "../disk/disk.ts";
import { hasCode } from "../disk/disk-error.ts";
import { isDataFileName } from "../log/index.ts";
import type { Limits } from "./limits.ts";
import { type FolderKind, kindOfFolder } from "./topic-folder.ts";

/** The folder cannot be served from. The message is one line for the person who started the server. */
export class DataFolderError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "DataFolderError";
  }
}

/** Names of folders begin like this while a topic is made, and after it was deleted. */
export const CREATING_PREFIX = ".creating-";
export const DELETED_PREFIX = ".deleted-";
/** Has folders of topics of another storage, while they are copied to here (topic-copies.ts). */
export const COPYING_NAME = ".copying";
/** The lock's own name, and how the others begin that it takes meanwhile. */
export const LOCK_PREFIX = ".lock";
/** Written and removed again to see whether that is possible. */
export const PROBE_NAME = ".probe";
/** The tables of views, where they are beside the topics: `--views-dir`. */
const VIEWS_NAME = ".views";
/** Keeps the project's own `data/` in git. */
const PLACEHOLDER_NAME = ".gitkeep";
const OWN_NAMES: ReadonlySet<string> = new Set([PROBE_NAME, COPYING_NAME, VIEWS_NAME, PLACEHOLDER_NAME]);

/**
 * Makes the folder when it is missing, with the folders that it lies in, and locks it.
 *
 * @throws DataFolderError: it is a file, cannot be made, is not writable, or is in use by another server.
 */
export async function takeDataFolder(disk: Disk, folder: string): Promise<DiskLock> {
  await requireFolder(disk, folder);
  try {
    return await disk.lock(folder);
  } catch (error) {
    if (hasCode(error, "EBUSY")) {
      throw new DataFolderError(`the data folder ${folder} is in use by another server`, error);
    }
    throw new DataFolderError(`the data folder ${folder} ${lockTrouble(error)}`, error);
  }
}

export interface DataFolderContent {
  /** Names of folders that hold a topic. */
  readonly topics: readonly string[];
  /** Names of those that say that they are forks, or have some: topics, and what is left of deleted ones. */
  readonly related: readonly string[];
  /** Names of folders that an interrupted creation, or a deletion, left; to be removed. */
  readonly leftovers: readonly string[];
  /** Names of topics of another storage of which there is a copy that is not whole. */
  readonly copies: readonly string[];
  /** Names of what is neither; left alone. */
  readonly strangers: readonly string[];
}

/** What is no topic's is named in the log. @throws DataFolderError: it cannot be read, or is the folder of one topic. */
export async function listDataFolder(
  disk: Disk,
  folder: string,
  limits: Limits,
  logger: Logger,
): Promise<DataFolderContent> {
  let names: string[];
  try {
    names = await disk.list(folder);
  } catch (error) {
    throw new DataFolderError(`the data folder ${folder} cannot be read: ${messageOf(error)}`, error);
  }
  const leftovers = names.filter(
    (name) => name.startsWith(CREATING_PREFIX) || name.startsWith(DELETED_PREFIX),
  );
  const isOurs = (name: string) => name.startsWith(LOCK_PREFIX) || OWN_NAMES.has(name);
  const others = names.filter((name) => !leftovers.includes(name) && !isOurs(name));
  const kinds = await mapConcurrently(
    others,
    limits.topicsInTransition,
    async (name): Promise<FolderKind> => {
      // One that cannot be looked into may be a topic: opening it tells why it fails.
      const kind = () => kindOfFolder(disk, `${folder}/${name}`).catch(() => "topic" as const);
      return isSafeName(name, limits.topicNameLength) ? await kind() : "stranger";
    },
  );
  const named = (...wanted: readonly FolderKind[]) =>
    others.filter((_name, index) => wanted.includes(kinds[index]!));
  const topics = named("topic", "related");
  const strangers = named("stranger");
  if (topics.length === 0 && strangers.some(isDataFileName)) {
    const hint = `the data folder is ${dirname(folder)}, the folder around it`;
    throw new DataFolderError(`${folder} is the folder of one topic; ${hint}`);
  }
  for (const name of strangers) {
    logger.warn({ path: `${folder}/${name}` }, "left alone: this is no topic");
  }
  return {
    topics,
    related: named("related", "remains"),
    leftovers,
    copies: await listFolder(disk, `${folder}/${COPYING_NAME}`),
    strangers,
  };
}

/**
 * Locks an existing folder for a command that only reads it: while a server writes, everything moves.
 *
 * @returns the lock, or why none can be had where the folder lets nobody write.
 * @throws DataFolderError: it is missing, no folder, or in use by a server.
 */
export async function lockForReading(
  disk: Disk,
  folder: string,
): Promise<{ readonly release: () => Promise<void>; readonly doubt?: string }> {
  const stat = await disk.stat(folder).catch((error: unknown) => {
    throw new DataFolderError(`the data folder ${folder} cannot be read: ${messageOf(error)}`, error);
  });
  if (stat === undefined) throw new DataFolderError(`there is no data folder ${folder}`);
  if (stat.kind !== "folder") throw new DataFolderError(`the data folder ${folder} is not a folder`);
  try {
    return await disk.lock(folder);
  } catch (error) {
    if (hasCode(error, "EBUSY")) {
      const message = `the data folder ${folder} is in use by a server; stop it, or ask it: GET /<topic>/check`;
      throw new DataFolderError(message, error);
    }
    return { release: () => Promise.resolve(), doubt: messageOf(error) };
  }
}

/** Nothing where there is no folder. */
async function listFolder(disk: Disk, path: string): Promise<string[]> {
  return (await disk.stat(path))?.kind === "folder" ? await disk.list(path) : [];
}

async function requireFolder(disk: Disk, folder: string): Promise<void> {
  try {
    const stat = await disk.stat(folder);
    if (stat?.kind === "folder") return;
    if (stat !== undefined) throw new DataFolderError(`the data folder ${folder} is not a folder`);
    await makeFolders(disk, folder);
  } catch (error) {
    if (error instanceof DataFolderError) throw error;
    throw new DataFolderError(`the data folder ${folder} cannot be made: ${messageOf(error)}`, error);
  }
}

/** Durable when it resolves, as are the folders around it that were missing. */
async function makeFolders(disk: Disk, folder: string): Promise<void> {
  const parent = dirname(folder);
  if (parent !== folder && (await disk.stat(parent)) === undefined) await makeFolders(disk, parent);
  await disk.makeFolder(folder);
  await disk.syncFolder(parent);
}

/** Why a folder that is there cannot be locked, and what to do about it. */
function lockTrouble(error: unknown): string {
  const otherFolder = "or choose another folder with --dir";
  if (hasCode(error, "EROFS")) {
    return `is not writable (EROFS): mount its file system for writing, ${otherFolder}`;
  }
  for (const code of ["EACCES", "EPERM"]) {
    if (!hasCode(error, code)) continue;
    return `is not writable (${code}): give this program's user the right to write there, ${otherFolder}`;
  }
  return `cannot be locked: ${messageOf(error)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
