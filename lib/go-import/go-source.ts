/** Distinguishes a data folder of the Go NetLog from other folders that a user may name. */
import { basename, dirname } from "node:path/posix";
import { NetlogError } from "../base/errors.ts";
import type { Disk } from "../disk/disk.ts";
import { decodeSegmentHeader, isDataFileName, OpenFiles, SEGMENT_HEADER_BYTES } from "../log/index.ts";
import { DataFolderError } from "../storage/data-folder.ts";
import { isSegmentFileName } from "./go-segment-files.ts";
import { GO_SETTINGS_NAME } from "./go-settings.ts";

export interface GoSource {
  /** Names of folders that hold a topic of the Go NetLog, sorted. */
  readonly topics: readonly string[];
  /** Names of what is none of its topics; hidden ones left out. */
  readonly strangers: readonly string[];
}

/** @throws DataFolderError when this is no data folder of the Go NetLog: says what it is instead. */
export async function requireGoSource(disk: Disk, folder: string): Promise<GoSource> {
  const names = await listFolder(disk, folder);
  if (names.some(isSegmentFileName)) {
    const hint = `netlog import ${dirname(folder)} ${basename(folder)}`;
    throw new DataFolderError(`${folder} is the folder of one topic; name the data folder: ${hint}`);
  }
  const topics: string[] = [];
  const strangers: string[] = [];
  let hasOwn = false;
  for (const name of names.filter((candidate) => !candidate.startsWith("."))) {
    const kind = await kindOf(disk, `${folder}/${name}`);
    if (kind === "go-netlog") topics.push(name);
    else strangers.push(name);
    hasOwn ||= kind === "own";
  }
  if (topics.length > 0) return { topics, strangers };
  const trouble = hasOwn
    ? `${folder} is a data folder of this netlog already; nothing has to be imported: netlog --dir ${folder}`
    : `there is no topic of the Go NetLog in ${folder}`;
  throw new DataFolderError(trouble);
}

/** The topics to import: all, where none is named. @throws topic_not_found, whose reason names what there is. */
export function chooseTopics(topics: readonly string[], wanted: readonly string[]): readonly string[] {
  const missing = wanted.find((name) => !topics.includes(name));
  if (missing !== undefined) {
    const reason = `there is no topic ${JSON.stringify(missing)} to import; there are ${topics.join(", ")}`;
    throw new NetlogError("topic_not_found", { reason });
  }
  return wanted.length === 0 ? topics : topics.filter((name) => wanted.includes(name));
}

async function listFolder(disk: Disk, folder: string): Promise<string[]> {
  try {
    const stat = await disk.stat(folder);
    if (stat === undefined) throw new DataFolderError(`there is nothing at ${folder}`);
    if (stat.kind !== "folder") throw new DataFolderError(`${folder} is not a folder`);
    return await disk.list(folder);
  } catch (error) {
    if (error instanceof DataFolderError) throw error;
    const words = error instanceof Error ? error.message : String(error);
    throw new DataFolderError(`the folder ${folder} cannot be read: ${words}`, error);
  }
}

/** What cannot be looked into may be a topic: importing it tells why it fails. */
async function kindOf(disk: Disk, folder: string): Promise<"go-netlog" | "own" | "stranger"> {
  try {
    if ((await disk.stat(folder))?.kind !== "folder") return "stranger";
    const names = await disk.list(folder);
    if (!names.some((name) => isSegmentFileName(name) || name === GO_SETTINGS_NAME)) return "stranger";
    for (const name of names.filter(isDataFileName)) {
      const file = new OpenFiles(disk, 1).file(`${folder}/${name}`);
      try {
        const { kind } = decodeSegmentHeader(await file.read(0, SEGMENT_HEADER_BYTES));
        if (kind !== "damaged") return kind === "valid" ? "own" : "go-netlog";
      } finally {
        file.drop();
      }
    }
  } catch {
    return "go-netlog";
  }
  return "go-netlog";
}
