/** Two servers for one folder, each process 1 of a process namespace of its own, as in two containers. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { builtServerForTest, runProgram } from "../support/built-program.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const CONTAINED = ["unshare", "--pid", "--mount-proc", "--fork", "--kill-child"];
/** For those who are not root, where the system gives them namespaces. */
const CONTAINED_AS_USER = ["unshare", "--user", "--map-root-user", ...CONTAINED.slice(1)];

/** True when a program that is run under `command` is process 1. */
function isProcessOne(command: readonly string[]): boolean {
  const [program, ...args] = [...command, process.execPath, "-p", "String(process.pid)"];
  try {
    return execFileSync(program!, args, { stdio: ["ignore", "pipe", "ignore"] }).toString() === "1\n";
  } catch {
    return false;
  }
}

test("two servers that are both process 1 do not share a folder, and the second gets it after a kill", async (context) => {
  const under = [CONTAINED, CONTAINED_AS_USER].find(isProcessOne);
  if (under === undefined) return context.skip("process namespaces are not allowed here");
  const folder = temporaryFolder();
  const first = await builtServerForTest(folder, [], { under });
  await fetch(`${first.url}/t`, { method: "POST" });
  const reply = await fetch(`${first.url}/t/payload`, { method: "POST", body: "kept" });
  expect(reply.status).toBe(201);

  const refused = await runProgram(["serve", "-listen", "127.0.0.1:0", "-dir", folder], { under });
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining("in use by another server") });

  await first.kill();
  const second = await builtServerForTest(folder, [], { under });
  expect(await (await fetch(`${second.url}/t/payload/0`)).text()).toBe("kept");
});
