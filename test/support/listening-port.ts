/** Finds the port of a server whose log cannot be read, as Linux tells it. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { expect } from "vitest";

const LISTENING = "0A";

/** Resolves when the process listens on one IPv4 port. */
export async function listeningPort(pid: number): Promise<number> {
  await expect.poll(() => portOf(pid), { message: `a port of process ${pid}` }).toBeDefined();
  return portOf(pid)!;
}

function portOf(pid: number): number | undefined {
  const sockets = new Set(readdirSync(`/proc/${pid}/fd`).map((name) => linkOf(`/proc/${pid}/fd/${name}`)));
  for (const row of readFileSync("/proc/net/tcp", "utf8").split("\n").slice(1)) {
    const [, local = "", , state, , , , , , inode] = row.trim().split(/\s+/);
    if (state === LISTENING && sockets.has(`socket:[${inode}]`))
      return Number.parseInt(local.split(":")[1]!, 16);
  }
  return undefined;
}

/** A descriptor may be closed meanwhile. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
