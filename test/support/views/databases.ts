/** The two databases that views are tested on. One of each serves a whole file of tests. */
import type { Database } from "../../../lib/views/database/database.ts";
import { ServerDatabase } from "../../../lib/views/database/server-database.ts";
import { LIMITS as VIEW_LIMITS } from "../../../lib/views/limits.ts";
import { openPglite } from "../pglite.ts";
import { hasPostgres, Postgres } from "../postgres.ts";
import { STATEMENT_MS } from "../soak.ts";

export interface TestDatabase {
  readonly database: Database;
  /** `undefined`: it is PGlite. */
  readonly postgres: Postgres | undefined;
  /** Another handle on the same database, as another process would have. Only PostgreSQL has one. */
  another(): ServerDatabase;
  /** Removes everything. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export interface DatabaseTarget {
  readonly name: string;
  readonly isMissing: boolean;
  readonly isServer: boolean;
  open(): Promise<TestDatabase>;
}

const LIMITS = { ...VIEW_LIMITS, statementMs: STATEMENT_MS, writeMs: 60_000, readConnections: 3 };

/** Removes every schema of views. */
export async function clearDatabase(database: Database): Promise<void> {
  const schemas = await database
    .reads("public")
    .query<{ name: string }>(
      "SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('public', 'information_schema')",
    );
  const writer = await database.openWriter("netlog_test");
  for (const { name } of schemas) {
    await writer?.transaction((transaction) => transaction.query(`DROP SCHEMA "${name}" CASCADE`));
  }
  await writer?.close();
}

export const DATABASES: readonly DatabaseTarget[] = [
  {
    name: "PGlite",
    isMissing: false,
    isServer: false,
    async open() {
      const { database, close } = await openPglite();
      return {
        database,
        postgres: undefined,
        another: () => {
          throw new Error("PGlite has one process");
        },
        clear: () => clearDatabase(database),
        close,
      };
    },
  },
  {
    name: "PostgreSQL",
    isMissing: !hasPostgres,
    isServer: true,
    async open() {
      const postgres = await Postgres.start();
      const another = (): ServerDatabase =>
        new ServerDatabase({ server: postgres.config, description: "PostgreSQL", ...LIMITS });
      const database = another();
      return {
        database,
        postgres,
        another,
        clear: () => clearDatabase(database),
        close: async () => {
          await database.close();
          await postgres.remove();
        },
      };
    },
  },
];

/** For what is the same on both: PostgreSQL, which starts sooner, where it is installed. */
export const EITHER_DATABASE: DatabaseTarget = DATABASES.findLast(
  ({ isMissing }) => !isMissing,
) as DatabaseTarget;
