/** PGlite's folder on a disk that is full, after `kill -9` in its first start, and with files that are damaged. */
import { existsSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type BuiltServer, runProgram, startBuiltServer } from "../support/built-program.ts";
import { fillPgliteFolder } from "../support/pglite.ts";
import { smallDisk } from "../support/small-disk.ts";
import { isSoak } from "../support/soak.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const TOPIC = "platform.payload-status";
const FREE_PORTS = ["--view-set", "payloads.PUBLICPORT=0,payloads.METRICSPORT=0"];
/** A new database takes 40 MB. */
const DISK_BYTES = 60 * 2 ** 20;
const TEXT = "x".repeat(60_000);

interface Shown {
  readonly ready: boolean;
  readonly trouble?: string;
  readonly rows?: number;
  readonly topics: readonly { readonly next?: number; readonly lag?: number }[];
}

async function viewOf({ url }: BuiltServer): Promise<Shown> {
  return ((await (await fetch(`${url}/-/views`)).json()) as [Shown])[0];
}

async function publish({ url }: BuiltServer, from: number, count: number, text = ""): Promise<void> {
  const status = { service: "puptoo", status: "success", date: "2022-03-17T16:56:10Z", status_msg: text };
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({ ...status, request_id: (from + index).toString(16).padStart(32, "0") }),
  );
  const answer = await fetch(`${url}/${TOPIC}/batch?format=lines`, {
    method: "POST",
    body: lines.join("\n"),
  });
  expect(answer.status).toBe(201);
}

async function serve(folder: string, views: string): Promise<BuiltServer> {
  const server = await startBuiltServer(folder, ["--view", "payloads", "--views-dir", views, ...FREE_PORTS]);
  onTestFinished(() => server.kill().then(() => {}));
  return server;
}

test("a full disk under PGlite: the view says so, waits, serves reads, and goes on with all messages", async (context) => {
  const disk = smallDisk(DISK_BYTES);
  if (disk === undefined) return context.skip("mounting a tmpfs is not allowed here");
  const views = join(disk, "views");
  await fillPgliteFolder(views);
  const server = await serve(temporaryFolder(), views);
  const { url } = await server.logged("the api of payloads listens");
  const countOf = async (): Promise<number> =>
    ((await (await fetch(`${url}/api/v1/statuses?page_size=1`)).json()) as { count: number }).count;
  await fetch(`${server.url}/${TOPIC}`, { method: "POST" });
  await publish(server, 0, 10);
  await expect.poll(() => viewOf(server)).toMatchObject({ rows: 10, ready: true });

  const filler = join(disk, "filler");
  expect(() => writeFileSync(filler, Buffer.alloc(DISK_BYTES))).toThrow("ENOSPC");
  for (let from = 10; from < 250; from += 60) await publish(server, from, 60, TEXT);
  await expect
    .poll(() => viewOf(server))
    .toMatchObject({ ready: false, trouble: expect.stringContaining("No space left on device") });
  expect(await countOf()).toBe(10);
  expect(await (await fetch(`${server.url}/${TOPIC}/check`)).json()).toMatchObject({
    message: "topic healthy",
  });

  rmSync(filler);
  await expect.poll(() => viewOf(server)).toMatchObject({ ready: true, rows: 250, topics: [{ lag: 0 }] });
  expect(await countOf()).toBe(250);
  const lines = server.logLines().filter(({ msg }) => String(msg).startsWith("the view "));
  expect(lines.slice(-2)).toMatchObject([
    { level: "error", msg: expect.stringContaining("the view waits for its database: could not") },
    { level: "info", msg: "the view applies messages" },
  ]);
});

test("kill -9 in the first start harms nothing; a damaged database is refused with the reason", async () => {
  const folder = temporaryFolder();
  const views = join(folder, ".views");
  const first = await serve(folder, views);
  await first.logged(`making the database of views in ${views}`);
  await expect.poll(() => existsSync(join(views, "database.new"))).toBe(true);
  await first.kill();
  expect(existsSync(join(views, "database"))).toBe(false);
  // As a second start would, in less time.
  await fillPgliteFolder(views);
  const second = await serve(folder, views);
  await second.logged("the api of payloads listens");
  await fetch(`${second.url}/${TOPIC}`, { method: "POST" });
  await publish(second, 0, 30);
  await expect.poll(() => viewOf(second)).toMatchObject({ rows: 30 });
  await second.kill();

  truncateSync(join(views, "database/global/pg_control"), 0);
  const args = ["--listen", "127.0.0.1:0", "--dir", folder, "--views-dir", views, ...FREE_PORTS];
  const refused = await runProgram(["serve", "--view", "payloads", ...args]);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain(
    `netlog: the database of views in ${views} does not open (could not read file "global/pg_control": read 0 of 296); ` +
      "netlog view rebuild <name> --set-aside-database keeps its files and makes it anew from the log\n",
  );
  // A new database takes seconds to make.
  if (!isSoak) return;
  const where = ["--dir", folder, "--views-dir", views];
  const rebuilt = await runProgram(["view", "rebuild", "payloads", "--set-aside-database", ...where]);
  expect(rebuilt).toMatchObject({ status: 0, stdout: "payloads is rebuilt from 30 messages\n" });
  expect(rebuilt.stderr).toContain(`the database that does not open is kept in ${views}/database.damaged-`);
  const third = await serve(folder, views);
  await expect.poll(() => viewOf(third)).toMatchObject({ rows: 30, ready: true });
});
