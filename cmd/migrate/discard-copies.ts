/** Gives copies up that are not whole; and what NATS has kept of topics that have moved away, where these are named. */
import type { CopyingStorage } from "../../lib/index.ts";
import { EXIT } from "../cli/command.ts";
import { printable } from "../cli/printable.ts";
import { UsageError } from "../cli/usage-error.ts";
import { type Migration, reasonOf, withFolder, withNats } from "./migration.ts";

export function discardCopies(migration: Migration): Promise<number> {
  const { options } = migration;
  const open = options.isBack ? withFolder : withNats;
  return open(options, (storage) => discardAll(migration, storage));
}

async function discardAll({ options, topics, context }: Migration, storage: CopyingStorage): Promise<number> {
  const copies = storage.copies.map(({ name }) => name);
  const missing = topics.find((name) => !(copies.includes(name) || storage.moved.includes(name)));
  if (missing !== undefined) throw new UsageError(`there is no unfinished copy of "${missing}"`);
  let status: number = EXIT.ok;
  for (const name of topics.length > 0 ? topics : copies.sort()) {
    try {
      await storage.discardCopy(name);
      const text = printable(`discarded: ${name}`);
      context.stdout.write(`${options.json ? JSON.stringify({ name, isDiscarded: true }) : text}\n`);
    } catch (error) {
      status = EXIT.failed;
      const reason = reasonOf(error);
      const text = printable(`not discarded: ${name}: ${reason}`);
      context.stdout.write(`${options.json ? JSON.stringify({ name, isDiscarded: false, reason }) : text}\n`);
    }
  }
  return status;
}
