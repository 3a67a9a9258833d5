/** A disk that is really full: a small tmpfs, where the system lets one be mounted. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { type BuiltServer, startBuiltServer } from "../support/built-program.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const DISK_BYTES = 4 * 1024 * 1024;
const PAYLOAD = "x".repeat(100_000);

/** A folder on a small disk of its own, or `undefined` where mounting is not allowed. */
function smallDisk(): string | undefined {
  const folder = temporaryFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  return folder;
}

test("a full disk refuses with 507, reads go on, and room that returns is used", async (context) => {
  const disk = smallDisk();
  if (disk === undefined) return context.skip("mounting a tmpfs is not allowed here");
  onTestFinished(() => void execFileSync("umount", ["-l", disk]));
  const data = `${disk}/data`;
  mkdirSync(data);
  const filler = `${disk}/filler`;
  writeFileSync(filler, Buffer.alloc(DISK_BYTES / 4));
  let server: BuiltServer = await startBuiltServer(data);
  const publish = () => fetch(`${server.url}/t/payload`, { method: "POST", body: PAYLOAD });
  await fetch(`${server.url}/t`, { method: "POST" });
  let stored = 0;
  let reply = await publish();
  for (; reply.status === 201; reply = await publish()) stored++;
  expect(reply.status).toBe(507);
  expect(await reply.json()).toMatchObject({ error: "netlog: storage full", reason: expect.any(String) });
  expect(await (await fetch(`${server.url}/t/payload/${stored - 1}`)).text()).toBe(PAYLOAD);
  rmSync(filler);
  expect((await publish()).status).toBe(201);
  await server.kill();
  server = await startBuiltServer(data);
  expect(await (await fetch(`${server.url}/t`)).json()).toMatchObject({ latest_offset: stored });
  expect(await (await fetch(`${server.url}/t/check`)).json()).toMatchObject({ message: "topic healthy" });
  await server.kill();
}, 60_000);
