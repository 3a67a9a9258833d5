/** The built server, killed by a real SIGKILL while it writes one large payload that consists of frames. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeMessage } from "../../lib/message/message.ts";
import { runProgram, startBuiltServer } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { plainFramesOf } from "../support/old-layout.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const DATA = "00000000000000000000.data";
const PAYLOAD_BYTES = 16 * 1024 * 1024;
/** A kill that comes too late tears nothing; it is a test of its own all the same. */
const KILLS_MAX = 30;
const TORN = 3;
/** How long a write is waited for, on a busy machine. */
const WATCH_MS = 20_000;

/** Frames with offsets from 1,000 on, of messages that nobody posts. */
function forged(): Buffer {
  const message = encodeMessage(Buffer.alloc(5000, "a message that nobody posted. "));
  const count = Math.floor(PAYLOAD_BYTES / (40 + message.length));
  return plainFramesOf(
    Array.from({ length: count }, () => message),
    1000,
    Date.now(),
  );
}

async function post(url: string, body?: string): Promise<Response> {
  return await fetch(url, { method: "POST", ...(body === undefined ? {} : { body }) });
}

/** Watches the file without a pause: the write lasts a few milliseconds, and this process has nothing else to do. */
function waitUntilGrown(path: string, sizeBytes: number): void {
  const deadlineMs = Date.now() + WATCH_MS;
  while (statSync(path).size === sizeBytes && Date.now() < deadlineMs);
}

test("serves what was posted and nothing else, gives the next offsets, and loses nothing at the next kill", async () => {
  const folder = temporaryFolder();
  const payload = forged();
  const payloadFile = join(temporaryFolder(), "payload");
  writeFileSync(payloadFile, payload);
  const acknowledged: string[] = [];
  const torn = new Set<string>();
  let server = await startBuiltServer(folder);
  try {
    await post(`${server.url}/t`);
    for (let kill = 0; kill < KILLS_MAX && torn.size < TORN; kill++) {
      for (let i = 0; i < 5; i++) {
        const text = `message ${acknowledged.length}`;
        const response = await within("a publish", post(`${server.url}/t/payload`, text));
        expect(response.status).toBe(201);
        expect(response.headers.get("x-offset")).toBe(String(acknowledged.length));
        acknowledged.push(text);
      }
      const path = join(folder, "t", DATA);
      const before = statSync(path).size;
      const url = `${server.url}/t/payload`;
      const curl = spawn("curl", ["-sf", "-o", "/dev/null", url, "--data-binary", `@${payloadFile}`]);
      const ended = once(curl, "exit");
      waitUntilGrown(path, before);
      await server.kill();
      const [status] = (await within("the end of curl", ended)) as [number];
      server = await startBuiltServer(folder);
      for (const name of readdirSync(join(folder, "t"))) if (name.includes(".torn-")) torn.add(name);
      const info = (await (await fetch(`${server.url}/t`)).json()) as { latest_offset: number };
      const isKept = info.latest_offset === acknowledged.length;
      if (status === 0) expect(isKept).toBe(true);
      if (isKept) {
        const kept = await fetch(`${server.url}/t/payload/${acknowledged.length}`);
        expect(Buffer.from(await kept.arrayBuffer()).equals(payload)).toBe(true);
        acknowledged.push("");
      }
      expect(info.latest_offset).toBe(acknowledged.length - 1);
    }
    for (const [offset, text] of acknowledged.entries()) {
      if (text !== "") expect(await (await fetch(`${server.url}/t/payload/${offset}`)).text()).toBe(text);
    }
    await server.stop();
    expect(await runProgram(["check", "--dir", folder])).toMatchObject({ status: 0 });
    expect(torn.size).toBeGreaterThan(0);
  } finally {
    await server.kill();
  }
});
