/** Where the tables of a view are: PGlite in the data folder, or a PostgreSQL server. */
import { isAbsolute, join, resolve } from "node:path";
import { type Logger, nodeDisk } from "../../lib/index.ts";
import { type Database, EmbeddedDatabase, ServerDatabase, VIEW_LIMITS } from "../../lib/views/index.ts";
import type { DatabaseVariables, ViewSettings } from "../../server/views/view-program.ts";
import { hideUrlSecrets } from "../cli/hide-secrets.ts";
import { UsageError } from "../cli/usage-error.ts";
import type { TopicOptions } from "../options/topics.ts";
import { PGLITE, type ViewOptions } from "../options/views.ts";
import { type DatabaseTls, SSL_WORDS, tlsOfMode, tlsOfSwitches, tlsOfUrl } from "./database-tls.ts";

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
    const ssl = tlsOf(settings, variables);
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

  /** See Database.cut. */
  cut(): void {
    for (const opened of this.#open.values()) void opened.then((database) => database.cut()).catch(() => {});
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

async function serverAt(given: string): Promise<Database> {
  const shown = hideUrlSecrets(given);
  const { url, ssl, isUnknown } = tlsOfUrl(given);
  if (isUnknown) throw new UsageError(`--db: "${shown}" has an unknown sslmode; there are ${SSL_WORDS}`);
  const server = { connectionString: url, ...(ssl === undefined ? {} : { ssl }) };
  try {
    return await serverOf(server as ServerConfig, shown.replace(/\?.*$/s, ""));
  } catch {
    const advice = "percent-encode what is special in its user and password, such as %2F for a slash";
    throw new UsageError(`--db: "${shown}" is no URL of a database; ${advice}`);
  }
}

async function serverOf(server: ServerConfig, description: string): Promise<Database> {
  return new ServerDatabase({ server, description, ...LIMITS });
}

/** @throws ViewSettings.refusal; CredentialError. */
function tlsOf(settings: ViewSettings, { ssl, tls }: DatabaseVariables): DatabaseTls {
  if (ssl === undefined) return tls === undefined ? false : tlsOfSwitches(settings, tls);
  const { mode, cert, key, rootCert } = ssl;
  const files = { cert: settings.text(cert), key: settings.text(key), ca: settings.text(rootCert) };
  const found = tlsOfMode(settings.text(mode), files);
  if (found === undefined) throw settings.refusal(mode, SSL_WORDS);
  return found;
}
