/** The files of PGlite's database within its folder: made whole or not at all, and what to say where they do not open. */
import { DataFolderError, type Disk } from "../../index.ts";

/** Beside them lies the lock of the folder. */
export const FILES = "database";
/** While they are made: a process that ends meanwhile leaves nothing that looks like a database. */
const MAKING = "database.new";

/** The folder is there and free, and its database does not open. */
export class OpeningError extends DataFolderError {
  /** The message without its advice. */
  readonly trouble: string;

  constructor(message: string, trouble: string = message) {
    super(message);
    this.trouble = trouble;
  }
}

/** It will not open later either. */
export class DamagedDatabaseError extends OpeningError {}

/** What PostgreSQL says where its files may be whole, and this process cannot open them now. */
const PASSING = /no space left|permission denied|read-only file system|too many open files|memory/i;

/** The path of the database's files, which `make` makes where there are none. @throws DataFolderError. */
export async function filesOf(
  disk: Disk,
  folder: string,
  make: (files: string) => Promise<void>,
): Promise<string> {
  const files = `${folder}/${FILES}`;
  const found = await disk.stat(files);
  if (found === undefined) {
    const making = `${folder}/${MAKING}`;
    await disk.removeTree(making);
    await make(making);
    await disk.rename(making, files);
  } else if (found.kind !== "folder" || (await disk.stat(`${files}/PG_VERSION`)) === undefined) {
    // PGlite would make a new database there.
    throw openingError(folder, `${files} is no folder of a database`);
  }
  return files;
}

/** What to throw where the database of a folder does not open, `why` being the words of PostgreSQL. */
export function openingError(folder: string, why: string): OpeningError {
  const trouble = `the database of views in ${folder} does not open (${why})`;
  if (PASSING.test(why)) return new OpeningError(`${trouble}; mend this and start again`, trouble);
  const advice =
    "netlog view rebuild <name> --set-aside-database keeps its files and makes it anew from the log";
  return new DamagedDatabaseError(`${trouble}; ${advice}`, trouble);
}
