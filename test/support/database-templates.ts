/**
 * The folders of databases as their first start makes them. That takes seconds of a processor, so it is done once on a
 * machine, for each version, and tests get copies. They lie where tools keep what they can make again.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const CACHE = fileURLToPath(new URL("../../node_modules/.cache/netlog-databases/", import.meta.url));

/** Copies the template `name` to the folder `target`, which `make` fills where there is no template yet. */
export async function copyTemplate(
  name: string,
  target: string,
  make: (folder: string) => Promise<void> | void,
): Promise<void> {
  const template = `${CACHE}${name}`;
  if (!existsSync(template)) {
    mkdirSync(CACHE, { recursive: true });
    const fresh = mkdtempSync(`${CACHE}new-`);
    await make(fresh);
    try {
      renameSync(fresh, template);
    } catch {
      // Another process was quicker.
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  cpSync(template, target, { recursive: true });
}
