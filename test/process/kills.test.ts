/** The built server on a real folder, killed again and again under load: what it answered is there in the end. */
import { expect, test } from "vitest";
import { type BuiltServer, startBuiltServer } from "../support/built-program.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const KILLS = 24;
const PUBLISHERS = 12;
const BATCHERS = 2;
const SCANNERS = 2;
const BATCH = 50;
/** Answered messages between two kills. */
const ANSWERED_A_LIFE = 120;

async function call(url: string, method: string, body?: string): Promise<Response> {
  const options = { method, signal: AbortSignal.timeout(5000) };
  return await fetch(url, body === undefined ? options : { ...options, body });
}

test("nothing answered is lost to two dozen kills while many publish, batch and scan", async () => {
  const folder = temporaryFolder();
  let server: BuiltServer = await startBuiltServer(folder);
  await call(`${server.url}/t`, "POST");
  const { id } = (await (await call(`${server.url}/t/scanner?persist=1`, "POST")).json()) as { id: string };
  const answered = new Map<number, string>();
  const scanned = new Map<number, string>();
  let isOver = false;
  let serial = 0;

  const publish = async (): Promise<void> => {
    const payload = `single ${serial++}`;
    const reply = await call(`${server.url}/t/payload`, "POST", payload);
    if (reply.status === 201) answered.set(Number(reply.headers.get("x-offset")), payload);
  };
  const batch = async (): Promise<void> => {
    const first = serial++;
    const lines = Array.from({ length: BATCH }, (_, line) => `batch ${first} line ${line}`);
    const reply = await call(`${server.url}/t/batch?format=lines`, "POST", lines.join("\n"));
    if (reply.status !== 201) return;
    const offset = Number(reply.headers.get("x-offset"));
    for (const [line, payload] of lines.entries()) answered.set(offset + line, payload);
  };
  const scan = async (): Promise<void> => {
    const reply = await call(`${server.url}/t/scan?id=${id}&wait=100ms`, "GET");
    const payload = await reply.text();
    if (reply.status === 200) scanned.set(Number(reply.headers.get("x-offset")), payload);
  };
  const load = [
    ...Array.from({ length: PUBLISHERS }, () => publish),
    ...Array.from({ length: BATCHERS }, () => batch),
    ...Array.from({ length: SCANNERS }, () => scan),
  ].map(async (act) => {
    // While the server is gone: whatever was under way is unknown.
    while (!isOver) {
      await act().catch((error: unknown) => {
        if (!(error instanceof TypeError) && !(error instanceof DOMException)) throw error;
      });
    }
  });

  for (let kill = 1; kill <= KILLS; kill++) {
    const enough = answered.size + ANSWERED_A_LIFE;
    while (answered.size < enough) await call(`${server.url}/-/health`, "GET");
    await server.kill();
    server = await startBuiltServer(folder);
  }
  isOver = true;
  await Promise.all(load);

  expect(await (await call(`${server.url}/t/check`, "GET")).json()).toMatchObject({
    message: "topic healthy",
  });
  const stream = await (await call(`${server.url}/t/stream?follow=0&format=lines`, "GET")).text();
  const stored = stream.split("\n").slice(0, -1);
  for (const [offset, payload] of answered) expect(stored[offset]).toBe(payload);
  for (const [offset, payload] of scanned) expect(stored[offset]).toBe(payload);
  for (const [offset, payload] of stored.entries()) {
    if (!payload.endsWith(" line 0")) continue;
    const name = payload.slice(0, -" line 0".length);
    const whole = Array.from({ length: BATCH }, (_, line) => `${name} line ${line}`);
    expect(stored.slice(offset, offset + BATCH)).toEqual(whole);
  }
  await server.kill();
}, 180_000);
