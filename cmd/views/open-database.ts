/** Where the tables of a view are: PGlite in the data folder, or a PostgreSQL server. */
import { isAbsolute, join, resolve } from "node:path";
import { type Logger, nodeDisk } from "../../lib/index.ts";
import { type Database, EmbeddedDatabase, ServerDatabase, VIEW_LIMITS } from "../../lib/views/index.ts";
import type { DatabaseVariables, ViewSettings } from "../../server/views/view-program.ts";
import { hideUrlSecrets } from "../cli/hide-secrets.ts";
import { parseSwitch } from "../cli/option-values.ts";
import { UsageError } from "../cli/usage-error.ts";
import { readPem } from "../options/credential-files.ts";
import type { TopicOptions } from "../options/topics.ts";
import { PGLITE, type ViewOptions } from "../options/views.ts";

type FolderOptions = Pick<ViewOptions, "viewsDir"> & Pick<TopicOptions, "dir">;
type DatabaseOptions = FolderOptions & Pick<ViewOptions, "db">;

const LIMITS = VIEW_LIMITS;

/** The databases of the views of one process: views in PGlite share it, and so do those of one `--db`. */
export class Databases {
  readonly #options: DatabaseOptions;
  readonly #logger: Logger;
  readonly #open = new Map<string, Promise<Database>>();

  constructor(options: DatabaseOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
  }

  /** @throws DataFolderError: PGlite's folder is in use, or does not open; UsageError: `--db` is no URL. */
  async open(settings: ViewSettings, variables: DatabaseVariables): Promise<Database> {
    const { db } = this.#options;
    if (db !== PGLITE) return await this.#once(db, () => serverAt(db));
    if (!settings.has(variables.host)) return await this.#once(PGLITE, () => this.#embedded());
    const [host, user, database] = [variables.host, variables.user, variables.name].map((name) =>
      settings.text(name),
    );
    const port = Number(settings.text(variables.port));
    if (!(Number.isInteger(port) && port > 0 && port < 2 ** 16)) {
      throw settings.refusal(variables.port, "a port");
    }
    const description = `${user}@${host}:${port}/${database}`;
    const password = settings.text(variables.password);
    const ssl =
      variables.ssl === undefined ? switchedTls(settings, variables.tls) : sslOf(settings, variables.ssl);
    return await this.#once(description, () =>
      serverOf({ host, port, user, database, password, ssl } as ServerConfig, description),
    );
  }

  /** False: the view's database is PGlite's, and its folder is not there. */
  async has(settings: ViewSettings, { host }: DatabaseVariables): Promise<boolean> {
    if (this.#options.db !== PGLITE || settings.has(host)) return true;
    return (await nodeDisk.stat(embeddedFolder(this.#options))) !== undefined;
  }

  async close(): Promise<void> {
    const all = await Promise.allSettled(this.#open.values());
    await Promise.all(all.map(async (each) => each.status === "fulfilled" && (await each.value.close())));
  }

  #embedded(): Promise<Database> {
    const folder = embeddedFolder(this.#options);
    return EmbeddedDatabase.open({ disk: nodeDisk, folder, logger: this.#logger, ...LIMITS });
  }

  #once(key: string, open: () => Promise<Database>): Promise<Database> {
    let database = this.#open.get(key);
    if (database === undefined) {
      database = open();
      this.#open.set(key, database);
      // What could not be opened may be tried again.
      database.catch(() => this.#open.delete(key));
    }
    return database;
  }
}

export function embeddedFolder({ dir, viewsDir }: FolderOptions): string {
  return isAbsolute(viewsDir) ? viewsDir : join(resolve(dir), viewsDir);
}

type ServerConfig = ConstructorParameters<typeof ServerDatabase>[0]["server"];

async function serverAt(url: string): Promise<Database> {
  const shown = hideUrlSecrets(url);
  try {
    return await serverOf({ connectionString: url }, shown.replace(/\?.*$/s, ""));
  } catch {
    const advice = "percent-encode what is special in its user and password, such as %2F for a slash";
    throw new UsageError(`--db: "${shown}" is no URL of a database; ${advice}`);
  }
}

async function serverOf(server: ServerConfig, description: string): Promise<Database> {
  return new ServerDatabase({ server, description, ...LIMITS });
}

/** What libpq's words mean to pg: whether the server's certificate, and its name, are checked. */
const SSL_MODES: Readonly<Record<string, object | false>> = {
  disable: false,
  require: { rejectUnauthorized: false },
  "verify-ca": { rejectUnauthorized: true, checkServerIdentity: () => undefined },
  "verify-full": { rejectUnauthorized: true },
};

function sslOf(settings: ViewSettings, names: NonNullable<DatabaseVariables["ssl"]>): ServerConfig["ssl"] {
  const word = settings.text(names.mode);
  const mode = Object.hasOwn(SSL_MODES, word) ? SSL_MODES[word] : undefined;
  if (mode === undefined) throw settings.refusal(names.mode, Object.keys(SSL_MODES).join(", "));
  if (mode === false) return false;
  const files = { cert: names.cert, key: names.key, ca: names.rootCert };
  const given = Object.entries(files).flatMap(([part, name]) => {
    const path = settings.text(name);
    return path === "" ? [] : [[part, readPem(path)] as const];
  });
  return { ...mode, ...Object.fromEntries(given) };
}

function switchedTls(settings: ViewSettings, names: DatabaseVariables["tls"]): ServerConfig["ssl"] {
  if (names === undefined) return false;
  const [enabled, insecure] = [names.enabled, names.insecure].map((name) => {
    const value = parseSwitch(settings.text(name));
    if (value === undefined) throw settings.refusal(name, "true or false");
    return value;
  });
  return enabled === true && { rejectUnauthorized: insecure !== true };
}
