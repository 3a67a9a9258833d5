/** Views of a process without a log: what their ports tell of them, and how they stop. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { callOf } from "../../../cmd/view/view.ts";
import type { ViewSet } from "../../../cmd/views/view-set.ts";
import { HttpLogReader } from "../../../lib/views/index.ts";
import { type ServerFixture, serverForTest } from "../../server/server-fixture.ts";
import { within } from "../../support/deadline.ts";
import { LineLogger } from "../../support/netlog-fixture.ts";
import { hasPostgres, Postgres } from "../../support/postgres.ts";
import { runCommand } from "../../support/run-command.ts";

const TOPIC = "platform.payload-status";
const STATUS = { service: "a", status: "received", date: "2022-03-17T16:56:10Z", request_id: "0".repeat(32) };
const ENVIRONMENT = { PUBLICPORT: "0", METRICSPORT: "0", SMQ_JOURNAL_HTTP_PORT: "0" };

interface Started {
  readonly views: ViewSet;
  readonly logger: LineLogger;
  readonly api: string;
}

/** As `netlog view <name>` starts it. */
async function start(name: string, { server }: ServerFixture, args: readonly string[]): Promise<Started> {
  const output = { write: () => true };
  const { call } = callOf({
    args,
    environment: ENVIRONMENT,
    version: "1.2.3",
    stdin: () => (async function* () {})(),
    stdout: output,
    stderr: output,
  });
  const logger = new LineLogger();
  const views = await call.prepare([name], logger);
  await views.start({
    log: new HttpLogReader(server.url, { token: undefined }),
    ports: {},
    consoleUrl: undefined,
    checkAddress: async ({ host }) => host,
  });
  const port = logger.lines.find(({ message }) => message.includes(`of ${name} listens on`));
  return { views, logger, api: String(port?.fields.url) };
}

describe.skipIf(!hasPostgres)("a view alone", () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await Postgres.start();
  });
  afterAll(() => postgres.remove());

  /** A database of its own. */
  const newDatabase = async (name: string): Promise<string> => {
    await postgres.query(`CREATE DATABASE ${name}`);
    return postgres.url.replace("/postgres?", `/${name}?`);
  };
  const publishTo = ({ api }: ServerFixture) => api.post(`/${TOPIC}/payload`, JSON.stringify(STATUS));

  test("has the routes of views on its own port, where netlog view finds them", async () => {
    const log = await serverForTest();
    await log.api.post(`/${TOPIC}`);
    await publishTo(log);
    const { views, api } = await start("payloads", log, ["--db", await newDatabase("routes")]);
    onTestFinished(() => views.stop());
    const status = async (): Promise<unknown> => (await fetch(`${api}/-/views`)).json();
    await expect.poll(status).toMatchObject([{ name: "payloads", rows: 1, ready: true }]);
    expect(await runCommand(["view", "rebuild", "payloads", "--log", api])).toMatchObject({
      status: 0,
      out: "payloads is rebuilt from 1 message\n",
    });
    expect(await (await fetch(api)).text()).toBe("lubdub");
  });

  test("has none where its port lets in others than the server's tokens do", async () => {
    const log = await serverForTest();
    const jwks = ["--journal-auth", "jwks", "--jwks-url", "http://127.0.0.1:9/keys"];
    const jwt = ["--jwt-issuer", "i", "--jwt-audience", "a"];
    const { views, api } = await start("journal", log, ["--db", postgres.url, ...jwks, ...jwt]);
    onTestFinished(() => views.stop());
    expect((await fetch(`${api}/-/views/journal/rebuild`, { method: "POST" })).status).toBe(404);
  });

  test("is cut off from a database that answers nothing when the time for a stop is over", async () => {
    const log = await serverForTest();
    await log.api.post(`/${TOPIC}`);
    await publishTo(log);
    const args = ["--db", postgres.url, "--stop-timeout", "500ms"];
    const { views, logger } = await start("payloads", log, args);
    await expect.poll(async () => (await views.status())[0]?.rows).toBe(1);
    const silent = await postgres.silence();
    onTestFinished(() => silent.goOn());
    await publishTo(log);
    await within("the stop", views.stop());
    expect(logger.messages("warn")).toEqual([
      "the database of a view does not answer: its last batch may be missing",
    ]);
    silent.goOn();
    const next = await postgres.query<{ next: string }>("SELECT next FROM netlog_views.place");
    const [kept] = await postgres.query<{ payload_statuses: string }>("SELECT * FROM payloads.totals");
    expect(kept?.payload_statuses).toBe(next[0]?.next);
  });
});
