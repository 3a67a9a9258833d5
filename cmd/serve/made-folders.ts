/** Takes back the folders that a start made for its data, where the start failed. */
import { existsSync, rmdirSync } from "node:fs";
import { dirname } from "node:path";

/** `path`, which is absolute, and the folders around it that are not there, the innermost first. */
export function missingFolders(path: string): string[] {
  const missing: string[] = [];
  for (let folder = path; !existsSync(folder); folder = dirname(folder)) missing.push(folder);
  return missing;
}

/** Removes those that are there and empty. */
export function removeEmptyFolders(folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      rmdirSync(folder);
    } catch {
      // It was not made, or another program has put something into it.
      return;
    }
  }
}
