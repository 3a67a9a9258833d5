/** Debian's PostgreSQL in a temporary folder, as a user that is not root, on a socket there. It syncs nothing. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { within } from "./deadline.ts";

const BINARIES = "/usr/lib/postgresql";
const USER = "netlog";
/** `nobody`: initdb and the server refuse to run as root. */
const NOBODY = 65_534;
const POLL_MS = 20;

/** The folder of its programs, the newest there is; `undefined`: it is not installed. */
const programs: string | undefined = existsSync(BINARIES)
  ? readdirSync(BINARIES)
      .toSorted((a, b) => Number(b) - Number(a))
      .map((version) => join(BINARIES, version, "bin"))
      .find((folder) => existsSync(join(folder, "postgres")))
  : undefined;

export const hasPostgres: boolean = programs !== undefined;
if (!hasPostgres) console.warn("PostgreSQL is not installed (Debian: postgresql); its tests are skipped");

export class Postgres {
  readonly folder: string;
  #server: ChildProcess | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(): Promise<Postgres> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "netlog-postgres-")));
    const user = asNobody();
    if (user !== undefined) chownSync(folder, user.uid, user.gid);
    chmodSync(folder, 0o700);
    const made = spawnSync(
      join(programs ?? "", "initdb"),
      ["-D", join(folder, "data"), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
      { ...user, cwd: folder, encoding: "utf8" },
    );
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
    const postgres = new Postgres(folder);
    await postgres.restart();
    return postgres;
  }

  /** What pg and `--db` take. */
  get url(): string {
    return `postgres://${USER}@/postgres?host=${encodeURIComponent(this.folder)}`;
  }

  get config(): pg.ClientConfig {
    return { host: this.folder, user: USER, database: "postgres" };
  }

  /** Starts it again behind a stop. */
  async restart(): Promise<void> {
    const args = ["-D", join(this.folder, "data"), "-k", this.folder];
    for (const setting of ["listen_addresses=", "fsync=off", "max_connections=60"]) args.push("-c", setting);
    const server = spawn(join(programs ?? "", "postgres"), args, {
      ...asNobody(),
      cwd: this.folder,
      stdio: "ignore",
    });
    this.#server = server;
    await within("PostgreSQL to start", this.#answers(server));
  }

  /** Ends it at once, as `kill -9` would; what was committed is there when it is started again. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || server.exitCode !== null) return;
    const exited = once(server, "exit");
    server.kill("SIGQUIT");
    await within("PostgreSQL to stop", exited);
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** One statement on a connection of its own. */
  async query<Result extends pg.QueryResultRow>(sql: string, parameters: unknown[] = []): Promise<Result[]> {
    const client = new pg.Client(this.config);
    await client.connect();
    try {
      return (await client.query<Result>(sql, parameters)).rows;
    } finally {
      await client.end();
    }
  }

  async #answers(server: ChildProcess): Promise<void> {
    for (;;) {
      if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`);
      try {
        await this.query("SELECT 1");
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    }
  }
}

function asNobody(): { readonly uid: number; readonly gid: number } | undefined {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined;
}
