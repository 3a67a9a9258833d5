/** A PostgreSQL server of Debian's packages, on a socket in a folder of its own, as it is configured by default. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { awaitReady, ServerProcess } from "./server-process.ts";

const BINARIES = "/usr/lib/postgresql";
const USER = "netlog";
/** `nobody`: initdb and the server refuse to run as root. */
const NOBODY = 65_534;

export class PostgresProcess extends ServerProcess {
  readonly #programs: string;
  readonly #folder: string;

  constructor(programs: string, folder: string, child: ConstructorParameters<typeof ServerProcess>[0]) {
    super(child, 0);
    this.#programs = programs;
    this.#folder = folder;
  }

  /** Makes an empty database; gives what `--db` takes. */
  createDatabase(name: string): string {
    this.#run("createdb", [name]);
    return `postgres://${USER}@/${name}?host=${encodeURIComponent(this.#folder)}`;
  }

  /** What autovacuum does within minutes. */
  vacuum(name: string): void {
    this.#run("vacuumdb", ["--analyze", "--quiet", name]);
  }

  /** Cuts its connections. */
  override async stop(): Promise<void> {
    await super.stop("SIGINT");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #run(program: string, args: readonly string[]): void {
    const all = ["-h", this.#folder, "-U", USER, ...args];
    const { status, stderr } = spawnSync(join(this.#programs, program), all, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${program}: ${stderr}`);
  }
}

/** `undefined`: it is not installed. */
export async function startPostgres(): Promise<PostgresProcess | undefined> {
  const programs = findPrograms();
  if (programs === undefined) return undefined;
  // Not below the benchmark's own folder: the path of a socket is short, and `nobody` has to reach it.
  const folder = mkdtempSync(join(tmpdir(), "bench-postgres-"));
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined;
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
  const data = join(folder, "data");
  const init = ["-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale"];
  const made = spawnSync(join(programs, "initdb"), init, { ...user, cwd: folder, encoding: "utf8" });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  const args = ["-D", data, "-k", folder, "-c", "listen_addresses="];
  const child = spawn(join(programs, "postgres"), args, { ...user, cwd: folder, stdio: "ignore" });
  const postgres = new PostgresProcess(programs, folder, child);
  await awaitReady(async () => {
    const { status } = spawnSync(join(programs, "pg_isready"), ["-h", folder, "-U", USER]);
    if (status !== 0) throw new Error(`PostgreSQL does not take connections (pg_isready: ${status})`);
  });
  return postgres;
}

function findPrograms(): string | undefined {
  if (!existsSync(BINARIES)) return undefined;
  return readdirSync(BINARIES)
    .map((version) => join(BINARIES, version, "bin"))
    .find((programs) => existsSync(join(programs, "postgres")));
}
