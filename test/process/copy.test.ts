import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  type BuiltServer,
  builtServerForTest,
  programForTest,
  type RunningProgram,
  runProgram,
} from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Enough that a copy takes several batches. */
const LINES = `${Array.from({ length: 150_000 }, (_, i) => `line ${i}`).join("\n")}\n`;

interface Ground {
  readonly folder: string;
  readonly server: BuiltServer;
  readonly environment: Readonly<Record<string, string>>;
  copy(): RunningProgram;
}

/** A server with the topic `big`, a message a line of LINES. */
async function ground(): Promise<Ground> {
  const folder = temporaryFolder();
  const server = await builtServerForTest(folder);
  const environment = { NETLOG_URL: server.url };
  const path = join(temporaryFolder(), "lines");
  writeFileSync(path, LINES);
  const published = await runProgram(
    ["publish", "--create", "big", "--lines", "--batch", "--json", "--file", path],
    { environment },
  );
  expect(JSON.parse(published.stdout)).toMatchObject({ count: 150_000, offset: 0, last_offset: 149_999 });
  const copy = (): RunningProgram => programForTest(["copy", "big", "copied", "--json"], { environment });
  return { folder, server, environment, copy };
}

/** Resolves when `copied` holds more than so many messages. */
async function copiedMoreThan(count: number, url: string): Promise<void> {
  const grown = async (): Promise<void> => {
    for (;;) {
      const answer = await fetch(`${url}/copied`).catch(() => undefined);
      const info = answer?.ok === true ? ((await answer.json()) as { latest_offset: number }) : undefined;
      if (info !== undefined && info.latest_offset >= count) return;
    }
  };
  await within(`more than ${count} messages copied`, grown());
}

async function expectWhole({ environment }: Pick<Ground, "environment">): Promise<void> {
  const { status, stdout } = await runProgram(["export", "copied", "--format", "lines"], { environment });
  expect(status).toBe(0);
  expect(stdout === LINES).toBe(true);
}

test("a copy that was killed goes on with the same command, and has each message once", async () => {
  const all = await ground();
  const killed = all.copy();
  await copiedMoreThan(0, all.server.url);
  killed.signal("SIGKILL");
  await killed.ended();
  const { status, stdout } = await all.copy().ended();
  const { held, copied } = JSON.parse(stdout) as { held: number; copied: number };
  expect(status).toBe(0);
  expect(held).toBeGreaterThan(0);
  expect(held + copied).toBe(150_000);
  await expectWhole(all);
});

test("a copy outlives the server, and has each message once", async () => {
  const all = await ground();
  const copying = all.copy();
  await copiedMoreThan(0, all.server.url);
  await all.server.kill();
  await builtServerForTest(all.folder, ["-listen", `127.0.0.1:${all.server.port}`]);
  const { status, stdout } = await copying.ended();
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ held: 0, copied: 150_000 });
  await expectWhole(all);
});

test("a copy that is asked to end tells what is done", async () => {
  const all = await ground();
  const asked = all.copy();
  await copiedMoreThan(0, all.server.url);
  asked.signal("SIGTERM");
  const { status, stdout } = await asked.ended();
  const { copied } = JSON.parse(stdout) as { copied: number };
  const info = (await (await fetch(`${all.server.url}/copied`)).json()) as { latest_offset: number };
  expect(info.latest_offset).toBe(copied - 1);
  // A machine that is fast enough is done before the signal comes.
  expect(status).toBe(copied < 150_000 ? 143 : status);
});

test("an export that was killed goes on with the same command", async () => {
  const all = await ground();
  const path = join(temporaryFolder(), "big.log");
  writeFileSync(path, "");
  const args = ["export", "big", path, "--format", "lines", "--json"];
  const killed = programForTest(args, { environment: all.environment });
  const begun = async (): Promise<void> => {
    while (readFileSync(path).length === 0) await new Promise(setImmediate);
  };
  await within("the beginning of the file", begun());
  killed.signal("SIGKILL");
  await killed.ended();
  const { stdout } = await runProgram(args, { environment: all.environment });
  const { held, copied } = JSON.parse(stdout) as { held: number; copied: number };
  expect(held).toBeGreaterThan(0);
  expect(held + copied).toBe(150_000);
  expect(readFileSync(path, "utf8") === LINES).toBe(true);
});
