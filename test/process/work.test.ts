/** Workers that share a scanner while they and the server are killed: every job is settled, and none is lost. */
import { expect, test } from "vitest";
import { type BuiltServer, startBuiltServer } from "../support/built-program.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const JOBS = 400;
const WORKERS = 8;
const KILLS = 3;
/** Early, for its deliveries take their time. */
const POISON = 23;
/** More than a slow machine takes for an ack, or other jobs would be given up as well. */
const ACK_WAIT = "1s";

interface Scanner {
  readonly next: number;
  readonly pending: number;
  readonly dead_lettered: number;
}

async function answer(url: string, method: string, body?: string): Promise<Response> {
  const options = { method, signal: AbortSignal.timeout(60_000) };
  return await fetch(url, body === undefined ? options : { ...options, body });
}

test("every job is settled, none is lost, and the poisonous one is in the dead letter", async () => {
  const folder = temporaryFolder();
  let server: BuiltServer = await startBuiltServer(folder);
  await answer(`${server.url}/jobs`, "POST");
  const jobs = Array.from({ length: JOBS }, (_, index) => `job ${index}`);
  await answer(`${server.url}/jobs/batch?format=lines`, "POST", jobs.join("\n"));
  const asked = `id=w&ack=explicit&from=0&ack_wait=${ACK_WAIT}&max_deliver=4&dead_letter=dead`;
  expect((await answer(`${server.url}/jobs/scanner?${asked}`, "POST")).status).toBe(201);

  const done = new Set<number>();
  const acknowledged = new Set<number>();
  const givenAgain = new Set<number>();
  let isOver = false;
  const workOnce = async (turn: number): Promise<void> => {
    const scan = await answer(`${server.url}/jobs/scan?id=w&wait=200ms`, "GET");
    const payload = await scan.text();
    if (scan.status !== 200) return;
    const offset = Number(scan.headers.get("x-offset"));
    expect(payload).toBe(`job ${offset}`);
    if (acknowledged.has(offset)) givenAgain.add(offset);
    const isNew = !done.has(offset);
    done.add(offset);
    // A worker that dies with its job; once with each, so that one alone is given up.
    if (offset === POISON || (isNew && turn % 20 === 0)) return;
    const lease = scan.headers.get("x-lease") ?? "";
    const ack = await answer(`${server.url}/jobs/ack?id=w&offset=${offset}&lease=${lease}`, "POST");
    if (ack.status === 200) acknowledged.add(offset);
  };
  const workers = Array.from({ length: WORKERS }, async (_, which) => {
    for (let turn = which; !isOver; turn += WORKERS) {
      // The server is gone: whatever was under way is unknown.
      await workOnce(turn).catch((error: unknown) => {
        if (!(error instanceof TypeError) && !(error instanceof DOMException)) throw error;
      });
    }
  });
  for (let kill = 1; kill <= KILLS; kill++) {
    while (acknowledged.size < (kill * JOBS) / (KILLS + 1)) await answer(`${server.url}/-/health`, "GET");
    await server.kill();
    server = await startBuiltServer(folder);
  }
  let scanner: Scanner;
  do {
    const told = await answer(`${server.url}/jobs/scanner?id=w`, "GET");
    scanner = (await told.json()) as Scanner;
  } while (scanner.next < JOBS || scanner.pending > 0);
  isOver = true;
  await Promise.all(workers);
  expect([...done].sort((a, b) => a - b)).toEqual(jobs.map((_, index) => index));
  expect([...givenAgain]).toEqual([]);
  expect(await (await answer(`${server.url}/dead/payload/0`, "GET")).text()).toBe(`job ${POISON}`);
  expect((await server.stop()).status).toBe(0);
});
