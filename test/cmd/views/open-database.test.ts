import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { Databases } from "../../../cmd/views/open-database.ts";
import { silentLogger } from "../../../lib/index.ts";
import { messagesProgram } from "../../../server/views/messages/program.ts";
import { payloadsProgram } from "../../../server/views/payloads/program.ts";
import { storeSettings } from "../../server/views/messages/store-fixture.ts";
import { testCertificate } from "../../support/certificate.ts";
import { rejection } from "../../support/rejection.ts";
import { settingsFor } from "../../support/views/tracker.ts";

const open = (db: string) =>
  new Databases({ db, dir: "data", viewsDir: ".views" }, silentLogger).open(
    settingsFor({}),
    payloadsProgram.databaseVariables,
  );

test("refuses a URL that is none, says what to do, and shows no password", async () => {
  for (const db of ["postgres://netlog:s3c/ret@host/db", "postgres://netlog:s3cret@host:99999/db"]) {
    const refusal = String(await rejection(open(db)));
    expect(refusal).toContain('--db: "postgres://netlog:***@host');
    expect(refusal).toContain("percent-encode");
    expect(refusal).not.toContain("s3c");
  }
});

test("describes the database without its password", async () => {
  const database = await open("postgres://netlog:s3cret@host:5433/db?sslmode=require&password=s3cret");
  expect(database.description).toBe("postgres://netlog:***@host:5433/db");
  await database.close();
});

/** What PostgreSQL's clients send before TLS: https://www.postgresql.org/docs/15/protocol-message-formats.html */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Notes what a client of PostgreSQL does first, and hangs up. */
async function firstSteps(): Promise<{ readonly port: number; readonly steps: readonly string[] }> {
  const { cert, key } = await testCertificate();
  const steps: string[] = [];
  const server = createServer((socket: Socket) => {
    socket.on("error", () => {});
    socket.once("data", (first: Buffer) => {
      if (!first.equals(SSL_REQUEST)) {
        steps.push("plain");
        socket.destroy();
        return;
      }
      socket.write("S");
      const secure = new TLSSocket(socket, { isServer: true, cert, key });
      let step = "refused";
      secure.on("error", () => {});
      secure.once("data", () => {
        step = "TLS";
        socket.destroy();
      });
      secure.once("close", () => steps.push(step));
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, steps };
}

test.each([
  ["false", "false", "plain"],
  ["true", "true", "TLS"],
  ["true", "false", "refused"],
])("the store's DB_TLS_ENABLED=%s and DB_TLS_INSECURE=%s: %s", async (enabled, insecure, step) => {
  const { port, steps } = await firstSteps();
  const database = await new Databases({ db: "pglite", dir: "data", viewsDir: ".views" }, silentLogger).open(
    storeSettings({
      DB_HOST: "127.0.0.1",
      DB_PORT: String(port),
      DB_TLS_ENABLED: enabled,
      DB_TLS_INSECURE: insecure,
    }),
    messagesProgram.databaseVariables,
  );
  await rejection(database.ping());
  await database.close();
  await expect.poll(() => steps).toEqual([step]);
});

test("a switch of the store that is neither on nor off is refused", async () => {
  const settings = storeSettings({ DB_HOST: "127.0.0.1", DB_TLS_ENABLED: "perhaps" });
  const databases = new Databases({ db: "pglite", dir: "data", viewsDir: ".views" }, silentLogger);
  const refusal = await rejection(databases.open(settings, messagesProgram.databaseVariables));
  expect(String(refusal)).toContain("DB_TLS_ENABLED takes true or false");
});
