/** PGlite in a folder of its own. Its database is a copy, since making one takes 5 s of a processor. */
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { nodeDisk, silentLogger } from "../../lib/index.ts";
import { EmbeddedDatabase } from "../../lib/views/database/embedded-database.ts";
import { LIMITS } from "../../lib/views/limits.ts";
import { copyTemplate } from "./database-templates.ts";
import { STATEMENT_MS } from "./soak.ts";

const DATABASE_LIMITS = {
  ...LIMITS,
  statementMs: STATEMENT_MS,
  writeMs: 60_000,
  embeddedBytes: 256 * 2 ** 20,
};

/** Makes `folder` a folder of views as a server leaves it that has applied nothing yet. */
export async function fillPgliteFolder(folder: string): Promise<void> {
  await copyTemplate(`pglite-${version()}`, join(folder, "database"), async (fresh) => {
    const { PGlite } = await import("@electric-sql/pglite");
    const database = await PGlite.create({ dataDir: fresh });
    await database.close();
  });
}

export interface OpenPglite {
  readonly database: EmbeddedDatabase;
  /** Ends it and removes its folder. */
  close(): Promise<void>;
}

export async function openPglite(): Promise<OpenPglite> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "netlog-pglite-")));
  await fillPgliteFolder(folder);
  const database = await EmbeddedDatabase.open({
    disk: nodeDisk,
    folder,
    logger: silentLogger,
    ...DATABASE_LIMITS,
  });
  return {
    database,
    async close() {
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function version(): string {
  const main = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  const description = readFileSync(join(dirname(main), "../package.json"), "utf8");
  return (JSON.parse(description) as { version: string }).version;
}
