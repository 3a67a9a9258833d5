/** TLS to a PostgreSQL server whose certificate is its own authority. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Databases } from "../../../cmd/views/open-database.ts";
import { silentLogger } from "../../../lib/index.ts";
import { journalProgram } from "../../../server/views/journal/program.ts";
import { messagesProgram } from "../../../server/views/messages/program.ts";
import type { ViewProgram } from "../../../server/views/view-program.ts";
import { testCertificate } from "../../support/certificate.ts";
import { hasPostgres, Postgres } from "../../support/postgres.ts";
import { rejection } from "../../support/rejection.ts";
import { settingsOf } from "../../support/views/tracker.ts";

const IS_ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

/** Whether the connection is encrypted. */
async function ask(program: ViewProgram, db: string, variables: Record<string, string>): Promise<unknown> {
  const databases = new Databases({ db, dir: "data", viewsDir: ".views" }, silentLogger);
  try {
    const database = await databases.open(settingsOf(program, variables), program.databaseVariables);
    const [row] = await database.reads("public").query<{ ssl: boolean }>(IS_ENCRYPTED);
    return row?.ssl;
  } finally {
    await databases.close();
  }
}

describe.skipIf(!hasPostgres)("TLS", () => {
  let postgres: Postgres;
  let port: number;
  /** The server's certificate, and another server's. */
  let [own, other] = ["", ""];
  beforeAll(async () => {
    postgres = await Postgres.start();
    port = await freePort();
    const certificate = await testCertificate(undefined, ["localhost"]);
    await postgres.serveTls(certificate, port);
    [own, other] = [join(postgres.folder, "own.pem"), join(postgres.folder, "other.pem")];
    writeFileSync(own, certificate.cert);
    writeFileSync(other, (await testCertificate()).cert);
  });
  afterAll(() => postgres.remove());

  test("a URL has libpq's modes", async () => {
    const at = (host: string, query: string) =>
      ask(messagesProgram, `postgres://netlog@${host}:${port}/postgres${query}`, {});
    expect(await at("127.0.0.1", "")).toBe(false);
    expect(await at("127.0.0.1", "?sslmode=disable")).toBe(false);
    expect(await at("127.0.0.1", "?sslmode=require")).toBe(true);
    expect(await at("127.0.0.1", `?sslmode=verify-ca&sslrootcert=${own}`)).toBe(true);
    expect(await at("localhost", `?sslrootcert=${own}`)).toBe(true);
    for (const [host, query, reason] of [
      ["localhost", "?sslmode=verify-full", "self-signed certificate"],
      ["localhost", `?sslmode=verify-ca&sslrootcert=${other}`, "self-signed certificate"],
      ["127.0.0.1", `?sslmode=verify-full&sslrootcert=${own}`, "127.0.0.1"],
      ["localhost", "?sslmode=verify", "has an unknown sslmode; there are disable, require"],
      ["localhost", "?sslmode=verify-full&sslrootcert=/nowhere.pem", "certificate or key /nowhere.pem"],
    ] as const) {
      expect(String(await rejection(at(host, query))), query).toContain(reason);
    }
  });

  test("variables have upstream's: a mode with files, or two switches", async () => {
    const journal = (variables: Record<string, string>, host = "localhost") =>
      ask(journalProgram, "pglite", {
        DB_HOST: host,
        DB_PORT: String(port),
        DB_USER: "netlog",
        DB_NAME: "postgres",
        ...variables,
      });
    expect(await journal({})).toBe(false);
    expect(await journal({ DB_SSL_MODE: "require" })).toBe(true);
    expect(await journal({ DB_SSL_MODE: "verify-full", DB_SSL_ROOT_CERT: own })).toBe(true);
    const wrong = { DB_SSL_MODE: "verify-full", DB_SSL_ROOT_CERT: other };
    expect(String(await rejection(journal(wrong)))).toContain("self-signed certificate");
    expect(String(await rejection(journal({ DB_SSL_MODE: "prefer" })))).toContain(
      "DB_SSL_MODE takes disable",
    );
    const store = { DB_HOST: "localhost", DB_PORT: String(port), DB_USERNAME: "netlog", DB_NAME: "postgres" };
    const messages = (variables: Record<string, string>) =>
      ask(messagesProgram, "pglite", { ...store, ...variables });
    expect(await messages({})).toBe(false);
    expect(await messages({ DB_TLS_ENABLED: "true", DB_TLS_INSECURE: "true" })).toBe(true);
    expect(String(await rejection(messages({ DB_TLS_ENABLED: "true" })))).toContain(
      "self-signed certificate",
    );
  });
});
