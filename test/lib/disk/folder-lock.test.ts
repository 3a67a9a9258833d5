import { execFile } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, unlinkSync } from "node:fs";

import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { lockFolder } from "../../../lib/disk/folder-lock.ts";
import { within } from "../../support/deadline.ts";
import { buildLockPrograms, LockHolder } from "../../support/lock-holder.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const BUSY = expect.objectContaining({ code: "EBUSY" });

describe("between processes", () => {
  let programs: string;
  beforeAll(() => {
    programs = mkdtempSync(join(tmpdir(), "netlog-lock-"));
    buildLockPrograms(programs);
  });
  afterAll(() => rmSync(programs, { recursive: true, force: true }));

  test("is refused while another process holds it, and free when that was killed", async () => {
    const folder = temporaryFolder();
    const holder = new LockHolder(programs);
    expect(await holder.lock(folder)).toBe("locked");
    await expect(lockFolder(folder)).rejects.toThrow(BUSY);
    await holder.kill();
    expect(readdirSync(folder)).toEqual([".lock"]);
    const lock = await lockFolder(folder);
    expect(await new LockHolder(programs).lock(folder)).toBe("EBUSY");
    await lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("holds in a folder whose path no socket address can take", async () => {
    const folder = join(temporaryFolder(), "n".repeat(200), "ä".repeat(100));
    mkdirSync(folder, { recursive: true });
    const holder = new LockHolder(programs);
    expect(await holder.lock(folder)).toBe("locked");
    await expect(lockFolder(folder)).rejects.toThrow(BUSY);
    await holder.kill();
    const lock = await lockFolder(folder);
    expect(readdirSync(folder)).toEqual([".lock"]);
    await lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("goes to one of many that find it stale at the same time", async () => {
    const folder = temporaryFolder();
    let holders = Array.from({ length: 5 }, () => new LockHolder(programs));
    while (holders.length > 1) {
      const outcomes = await Promise.all(holders.map((holder) => holder.lock(folder)));
      expect(outcomes.toSorted()).toEqual([...Array(holders.length - 1).fill("EBUSY"), "locked"]);
      const winner = holders[outcomes.indexOf("locked")]!;
      await winner.kill();
      holders = holders.filter((holder) => holder !== winner);
    }
  });

  test("does not keep a process alive", async () => {
    const folder = temporaryFolder();
    const run = promisify(execFile)(process.execPath, [join(programs, "passer-by.js"), folder]);
    await within("the process that has nothing else to do", run);
    await (await lockFolder(folder)).release();
  });
});

describe("over what was left behind", () => {
  test("goes to one of many callers", async () => {
    const folder = temporaryFolder();
    await leaveDeadSocket(folder, ".lock");
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));
    const locks = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    expect(locks.length).toBe(1);
    expect(outcomes.filter((outcome) => outcome.status === "rejected").map((one) => one.reason)).toEqual(
      Array(19).fill(BUSY),
    );
    await locks[0]!.release();
  });

  test("replaces sockets of servers that died while they took the lock", async () => {
    const folder = temporaryFolder();
    for (const name of [".lock", ".lock~", ".lock~~", ".lock.0123456789ab"])
      await leaveDeadSocket(folder, name);
    const lock = await lockFolder(folder);
    expect(readdirSync(folder)).toEqual([".lock"]);
    await expect(lockFolder(folder)).rejects.toThrow(BUSY);
    await lock.release();
  });

  test("waits for nobody who is just replacing a dead socket", async () => {
    const folder = temporaryFolder();
    await leaveDeadSocket(folder, ".lock");
    await listen(folder, ".lock~");
    await expect(lockFolder(folder)).rejects.toThrow(BUSY);
    expect(readdirSync(folder).toSorted()).toEqual([".lock", ".lock~"]);
  });

  test("leaves alone the lock of another when its own name was taken away", async () => {
    const folder = temporaryFolder();
    const first = await lockFolder(folder);
    unlinkSync(join(folder, ".lock"));
    const second = await lockFolder(folder);
    await first.release();
    await expect(lockFolder(folder)).rejects.toThrow(BUSY);
    await second.release();
  });
});

async function listen(folder: string, name: string): Promise<net.Server> {
  const server = net.createServer((socket) => socket.destroy());
  await within(
    `listening at ${name}`,
    new Promise<void>((resolve) => server.listen(join(folder, name), resolve)),
  );
  onTestFinished(() => void server.close());
  return server;
}

/** A socket that nobody listens on any more: its server is gone, and only knew another name of it. */
async function leaveDeadSocket(folder: string, name: string): Promise<void> {
  const server = await listen(folder, "alive");
  linkSync(join(folder, "alive"), join(folder, name));
  await within(`the end of ${name}`, new Promise<unknown>((resolve) => server.close(resolve)));
}
