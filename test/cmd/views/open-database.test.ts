import { expect, test } from "vitest";
import { Databases } from "../../../cmd/views/open-database.ts";
import { silentLogger } from "../../../lib/index.ts";
import { payloadsProgram } from "../../../server/views/payloads/program.ts";
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
