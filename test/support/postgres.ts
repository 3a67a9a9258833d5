/** Debian's PostgreSQL in a temporary folder, as a user that is not root, on a socket there. It syncs nothing. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { Certificate } from "../../server/http/certificate.ts";
import { copyTemplate } from "./database-templates.ts";
import { within } from "./deadline.ts";

const BINARIES = "/usr/lib/postgresql";
const USER = "netlog";
/** `nobody`: initdb and the server refuse to run as root. */
const NOBODY = 65_534;
const POLL_MS = 20;
const REMOVAL = { recursive: true, force: true };

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
  /** Its socket is named after it. */
  #port = 5432;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(): Promise<Postgres> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "netlog-postgres-")));
    const user = asNobody();
    if (user !== undefined) chownSync(folder, user.uid, user.gid);
    chmodSync(folder, 0o700);
    const data = join(folder, "data");
    await copyTemplate(`postgres-${version()}`, data, (fresh) => rmSync(makeData(folder, fresh), REMOVAL));
    if (user !== undefined) execFileSync("chown", ["-R", `${user.uid}:${user.gid}`, data]);
    chmodSync(data, 0o700);
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

  /** Starts it again behind a stop, with these settings beside its own. */
  async restart(settings: readonly string[] = []): Promise<void> {
    const args = ["-D", join(this.folder, "data"), "-k", this.folder];
    for (const setting of ["listen_addresses=", "fsync=off", "max_connections=60", ...settings])
      args.push("-c", setting);
    const server = spawn(join(programs ?? "", "postgres"), args, {
      ...asNobody(),
      cwd: this.folder,
      stdio: "ignore",
    });
    this.#server = server;
    await within("PostgreSQL to start", this.#answers(server));
  }

  /** Starts it again on this port of 127.0.0.1, where it speaks TLS. */
  async serveTls({ cert, key }: Certificate, port: number): Promise<void> {
    await this.stop();
    const files = { cert: join(this.folder, "server.crt"), key: join(this.folder, "server.key") };
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key, { mode: 0o600 });
    const user = asNobody();
    if (user !== undefined) chownSync(files.key, user.uid, user.gid);
    const names = [`ssl_cert_file=${files.cert}`, `ssl_key_file=${files.key}`];
    this.#port = port;
    await this.restart(["listen_addresses=127.0.0.1", `port=${port}`, "ssl=on", ...names]);
  }

  /** Its processes take what comes and answer nothing, until they go on. */
  async silence(): Promise<{ goOn(): void }> {
    const rows = await this.query<{ pid: number }>("SELECT pid FROM pg_stat_activity");
    const pids = [this.#server?.pid ?? 0, ...rows.map(({ pid }) => pid)];
    const signal = (name: NodeJS.Signals): void => {
      for (const pid of pids) {
        try {
          process.kill(pid, name);
        } catch (error) {
          // One of them asked for the others, and has ended.
          if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
        }
      }
    };
    signal("SIGSTOP");
    return { goOn: () => signal("SIGCONT") };
  }

  /** Ends it at once, as `kill -9` would; what was committed is there when it is started again. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || server.exitCode !== null) return;
    const exited = once(server, "exit");
    server.kill("SIGQUIT");
    server.kill("SIGCONT");
    await within("PostgreSQL to stop", exited);
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, REMOVAL);
  }

  /** One statement on a connection of its own. */
  async query<Result extends pg.QueryResultRow>(sql: string, parameters: unknown[] = []): Promise<Result[]> {
    const client = new pg.Client({ ...this.config, port: this.#port });
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

/** Makes a database in `folder`, copies it to `target`, and gives where it was made. */
function makeData(folder: string, target: string): string {
  const made = join(folder, "made");
  const args = ["-D", made, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"];
  const { status, stderr } = spawnSync(join(programs ?? "", "initdb"), args, {
    ...asNobody(),
    cwd: folder,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`initdb failed: ${stderr}`);
  cpSync(made, target, { recursive: true });
  return made;
}

function version(): string {
  const text = execFileSync(join(programs ?? "", "postgres"), ["--version"], { encoding: "utf8" });
  return text.trim().replaceAll(/[^\w.]+/g, "-");
}

function asNobody(): { readonly uid: number; readonly gid: number } | undefined {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined;
}
