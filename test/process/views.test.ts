/** The built program with a view, beside the log and alone, over PGlite and PostgreSQL. view-kills.test.ts kills it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  type BuiltServer,
  builtServerForTest,
  programForTest,
  runProgram,
  startBuiltServer,
} from "../support/built-program.ts";
import { fillPgliteFolder } from "../support/pglite.ts";
import { hasPostgres, Postgres } from "../support/postgres.ts";
import { MESSAGES_PER_LIFE } from "../support/soak.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const TOPIC = "platform.payload-status";
const PAYLOADS = MESSAGES_PER_LIFE;
const FREE_PORTS = ["--view-set", "payloads.PUBLICPORT=0,payloads.METRICSPORT=0"];

interface Shown {
  readonly ready: boolean;
  readonly rows: number;
  readonly topics: readonly { readonly lag?: number }[];
}

async function viewsOf({ url }: Pick<BuiltServer, "url">): Promise<readonly Shown[]> {
  return (await (await fetch(`${url}/-/views`)).json()) as Shown[];
}

function requestId(number: number): string {
  return number.toString(16).padStart(32, "0");
}

/** A status of each payload from one service, stored together. */
async function publish({ url }: Pick<BuiltServer, "url">, service: string): Promise<void> {
  const lines = Array.from({ length: PAYLOADS }, (_, number) => {
    const status = { service, status: "received", date: "2022-03-17T16:56:10Z", org_id: "7" };
    return JSON.stringify({ ...status, request_id: requestId(number) });
  });
  const answer = await fetch(`${url}/${TOPIC}/batch`, {
    method: "POST",
    body: lines.join("\n"),
    headers: { "content-type": "application/x-ndjson" },
  });
  expect(answer.status).toBe(201);
}

async function apiOf(server: BuiltServer): Promise<string> {
  const { url } = await server.logged("the api of payloads listens");
  return String(url);
}

test.skipIf(!hasPostgres)(
  "a view alone reads the log of a server, and keeps its tables in PostgreSQL",
  async () => {
    const postgres = await Postgres.start();
    onTestFinished(() => postgres.remove());
    const server = await builtServerForTest(temporaryFolder());
    await fetch(`${server.url}/${TOPIC}`, { method: "POST" });
    await publish(server, "ingress");
    const environment = { NETLOG_DB: postgres.url, PUBLICPORT: "0", METRICSPORT: "0" };
    const view = programForTest(["view", "payloads", "--log", server.url], { environment });
    const [, api] = await view.printed(/the api of payloads listens on (http:\/\/[\d.:]+)/);
    const ask = async (): Promise<number> => (await fetch(`${api}/api/v1/payloads/${requestId(3)}`)).status;
    await expect.poll(ask).toBe(200);
    view.signal("SIGTERM");
    expect((await view.ended()).status).toBe(0);
    const [row] = await postgres.query<{ next: string }>("SELECT next FROM netlog_views.place");
    expect(row?.next).toBe(String(PAYLOADS));
  },
);

test("nothing of views is loaded where none runs, and a folder in use is refused with a clear line", async () => {
  const folder = temporaryFolder();
  const plain = await startBuiltServer(folder);
  expect(await viewsOf(plain)).toEqual([]);
  await plain.stop();
  expect(existsSync(join(folder, ".views"))).toBe(false);
  const views = temporaryFolder();
  await fillPgliteFolder(views);
  const first = await startBuiltServer(folder, ["--view", "payloads", "--views-dir", views, ...FREE_PORTS]);
  await apiOf(first);
  const args = ["serve", "--listen", "127.0.0.1:0", "--dir", temporaryFolder(), "--view", "payloads"];
  const second = await runProgram([...args, "--views-dir", views, ...FREE_PORTS]);
  expect(second.status).toBe(1);
  expect(second.stderr).toContain(`netlog: the data folder ${views} is in use by another server`);
  await first.stop();
});
