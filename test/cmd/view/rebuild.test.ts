/** `netlog view rebuild` where no server runs the view: which log it reads, and what becomes of a database that does not open. */
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { callOf } from "../../../cmd/view/view.ts";
import type { ViewCall } from "../../../cmd/view/view-call.ts";
import { rebuildCommand } from "../../../cmd/view/view-rebuild.ts";
import { viewsOf } from "../../../cmd/view/view-server.ts";
import type { ViewSet } from "../../../cmd/views/view-set.ts";
import { DataFolderError } from "../../../lib/index.ts";
import { DamagedDatabaseError } from "../../../lib/views/index.ts";
import { fillPgliteFolder } from "../../support/pglite.ts";
import { rejection } from "../../support/rejection.ts";
import { runCommand } from "../../support/run-command.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { serverForTest } from "../client/client-commands.ts";

const TOPIC = "platform.payload-status";

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

/** Nothing listens there any more. */
async function closedUrl(): Promise<string> {
  const server = createServer();
  const url = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return url;
}

interface Kept {
  out: string;
  err: string;
}

/** The call of a command that was given no address, on a machine where no server runs. */
async function offlineCall(...args: string[]): Promise<{ readonly call: ViewCall; readonly kept: Kept }> {
  const kept = { out: "", err: "" };
  const outputTo = (part: keyof Kept) => ({
    write: (piece: string | Uint8Array) => {
      kept[part] += Buffer.from(piece).toString();
      return true;
    },
  });
  const { call } = callOf({
    args: ["--log", await closedUrl(), ...args],
    environment: {},
    version: "1.2.3",
    stdin: () => (async function* () {})(),
    stdout: outputTo("out"),
    stderr: outputTo("err"),
  });
  return { call: { ...call, isLogGiven: false }, kept };
}

async function rebuildOffline(...args: string[]): Promise<Kept & { readonly status: number }> {
  const { call, kept } = await offlineCall(...args);
  const status = await rebuildCommand(call, "payloads");
  return { status, ...kept };
}

/** A data folder with statuses, which a server has made. */
async function folderWithLog(count: number): Promise<string> {
  const folder = temporaryFolder();
  const { url, stop } = await serverForTest(folder);
  const lines = Array.from({ length: count }, (_, number) => {
    const request_id = number.toString(16).padStart(32, "0");
    return JSON.stringify({ request_id, service: "a", status: "received", date: "2022-03-17T16:56:10Z" });
  });
  await fetch(`${url}/${TOPIC}`, { method: "POST" });
  const answer = await fetch(`${url}/${TOPIC}/batch`, {
    method: "POST",
    body: lines.join("\n"),
    headers: { "content-type": "application/x-ndjson" },
  });
  expect(answer.status).toBe(201);
  await stop();
  return folder;
}

test("an address that was given and does not answer is an error, and no folder is read in its place", async () => {
  const folder = temporaryFolder();
  const url = await closedUrl();
  const ran = await runCommand([
    "view",
    "rebuild",
    "payloads",
    "--forget-older",
    "--log",
    url,
    "--dir",
    folder,
  ]);
  expect(ran).toMatchObject({ status: 4, out: "" });
  expect(ran.err).toContain(`the server at ${url} does not answer (ECONNREFUSED)`);
  expect(ran.err).toContain("nothing is changed");
  expect(readdirSync(folder)).toEqual([]);
});

test("knows an address that was given from the default", () => {
  const surroundings = { version: "1", stdin: () => (async function* () {})() };
  const outputs = { stdout: { write: () => true }, stderr: { write: () => true } };
  const isGiven = (args: readonly string[], environment: Readonly<Record<string, string>>): boolean =>
    callOf({ ...surroundings, ...outputs, args, environment }).call.isLogGiven;
  expect(isGiven([], {})).toBe(false);
  expect(isGiven(["--log", "http://127.0.0.1:7200"], {})).toBe(true);
  expect(isGiven([], { NETLOG_URL: "http://127.0.0.1:7200" })).toBe(true);
});

test("an address that nobody gave is no reason either where something listens there, or no folder is", async () => {
  const breaking = createServer((socket) => socket.destroy());
  onTestFinished(() => void breaking.close());
  const { call } = await offlineCall("--log", await listening(breaking));
  const error = await rejection(viewsOf(call));
  expect(error).toMatchObject({ isNone: false, message: expect.stringContaining("does not answer") });
  const folder = join(temporaryFolder(), "data");
  const ran = await rebuildOffline("--dir", folder);
  expect(ran).toMatchObject({ status: 1, err: expect.stringContaining(`there is no data folder ${folder}`) });
  expect(existsSync(folder)).toBe(false);
});

test("reads the data folder where no server runs, and says so", async () => {
  const folder = await folderWithLog(7);
  await fillPgliteFolder(join(folder, ".views"));
  const rebuilt = await rebuildOffline("--dir", folder);
  expect(rebuilt).toMatchObject({ status: 0, out: "payloads is rebuilt from 7 messages\n" });
  expect(rebuilt.err).toBe(`payloads is rebuilt from the log in ${folder}\n`);
});

test("leaves a database that does not open as it is, unless it may be set aside, and then keeps its files", async () => {
  const folder = temporaryFolder();
  const views = join(folder, ".views");
  mkdirSync(join(views, "database"), { recursive: true });
  writeFileSync(join(views, "database", "PG_VERSION"), "18");
  const rebuild = async (trouble: Error, ...args: string[]): Promise<string> => {
    const { call, kept } = await offlineCall("--dir", folder, ...args);
    const set = {
      open: async () => {
        if (existsSync(join(views, "database"))) throw trouble;
      },
      rebuild: async () => {},
      stop: async () => {},
    };
    const status = await rebuildCommand(
      { ...call, prepare: async () => set as unknown as ViewSet },
      "payloads",
    );
    return `${status} ${kept.err}`;
  };
  const damaged = new DamagedDatabaseError("it does not open");
  expect(await rebuild(damaged)).toContain("1 payloads");
  expect(await rebuild(new DataFolderError("no memory"), "--set-aside-database")).toContain("no memory");
  expect(readdirSync(join(views, "database"))).toEqual(["PG_VERSION"]);
  const done = await rebuild(damaged, "--set-aside-database");
  const aside = readdirSync(views).find((name) => name.startsWith("database.damaged-")) ?? "";
  expect(done).toContain(
    `is kept in ${join(views, aside)}; it may hold the tables of journal, messages as well`,
  );
  expect(readFileSync(join(views, aside, "PG_VERSION"), "utf8")).toBe("18");
});
