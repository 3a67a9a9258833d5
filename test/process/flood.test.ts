import { existsSync, readFileSync } from "node:fs";
import { Pool } from "undici";
import { expect, onTestFinished, test } from "vitest";
import { RawConnection } from "../contract/raw.ts";
import { builtServerForTest } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const MIB = 1024 * 1024;
const MESSAGE_BYTES = 8 * MIB;
const CLIENTS = 100;
const LARGE_BYTES = 16 * MIB;
const MESSAGES = 5;

/** The most memory that a process has had so far. */
function peakBytes(pid: number): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) * 1024;
}

test("a flood of large bodies takes no more memory than is allowed", async (context) => {
  if (!existsSync("/proc/self/status")) context.skip("this system does not tell a process's memory");
  const args = [
    "--max-bytes-in-flight",
    String(4 * MESSAGE_BYTES),
    "--max-message-size",
    String(MESSAGE_BYTES),
  ];
  const server = await builtServerForTest(temporaryFolder(), args);
  const pool = new Pool(server.url, { connections: CLIENTS });
  onTestFinished(() => pool.destroy());
  const call = async (path: string, body: Buffer | null) => {
    const answer = await pool.request({ method: "POST", path, body });
    await answer.body.dump();
    return answer;
  };
  await call("/t", null);
  const payload = Buffer.alloc(MESSAGE_BYTES, "x");
  await call("/t/payload", payload);
  const before = peakBytes(server.pid);

  const flood = Promise.allSettled(Array.from({ length: CLIENTS }, () => call("/t/payload", payload)));
  const answers = await within("the flood's end", flood);
  const statuses = answers.map((answer) => (answer.status === "fulfilled" ? answer.value.statusCode : 0));
  // One that went on sending what nobody wants may find its connection closed before it has read why.
  expect(statuses.filter((status) => ![201, 429, 0].includes(status))).toEqual([]);
  expect(statuses).toContain(201);
  const metrics = await (await fetch(`${server.url}/-/metrics`)).text();
  expect(metrics).toMatch(
    /^netlog_http_requests_total\{route="\/:topic\/payload",method="POST",status="429"\} [1-9]/m,
  );
  for (const answer of answers) {
    if (answer.status === "fulfilled" && answer.value.statusCode === 429) {
      expect(answer.value.headers["retry-after"]).toMatch(/^[1-9]/);
    }
  }
  // 800 MiB came; beside what may be in flight there are its copies on their way to the file, and garbage.
  expect(peakBytes(server.pid) - before).toBeLessThan(300 * MIB);
  await expect.poll(async () => (await call("/t/payload", payload)).statusCode).toBe(201);
});

test("a crowd that asks for large messages and takes nothing costs no more memory than is allowed", async (context) => {
  if (!existsSync("/proc/self/status")) context.skip("this system does not tell a process's memory");
  const server = await builtServerForTest(temporaryFolder(), [
    "--max-bytes-in-flight",
    String(4 * LARGE_BYTES),
  ]);
  const post = (path: string, body: Buffer | null) => fetch(`${server.url}${path}`, { method: "POST", body });
  await post("/t", null);
  for (let i = 0; i < MESSAGES; i++) await post("/t/payload", Buffer.alloc(LARGE_BYTES, "x"));
  const before = peakBytes(server.pid);

  for (let client = 0; client < CLIENTS; client++) {
    const connection = await RawConnection.open(server.url);
    onTestFinished(() => connection.leave());
    connection.pause();
    connection.send(`GET /t/payload/${client % MESSAGES} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  }
  const refused =
    /^netlog_http_requests_total\{route="\/:topic\/payload\/:offset",method="GET",status="429"\} (\d+)$/m;
  const refusedCount = async () => {
    const metrics = await (await fetch(`${server.url}/-/metrics`)).text();
    return Number(refused.exec(metrics)?.[1] ?? 0);
  };
  await expect.poll(refusedCount).toBe(CLIENTS - 4);
  // They asked for 1.6 GiB. What was read, and refused before it was sent, is garbage for a while.
  expect(peakBytes(server.pid) - before).toBeLessThan(800 * MIB);
  expect((await post("/t/payload", Buffer.from("x"))).status).toBe(201);
});

test("large bodies that are stored one after the other take the memory of a few", async (context) => {
  if (!existsSync("/proc/self/status")) context.skip("this system does not tell a process's memory");
  const server = await builtServerForTest(temporaryFolder());
  const post = (path: string, body: Buffer | null) => fetch(`${server.url}${path}`, { method: "POST", body });
  await post("/t", null);
  const payload = Buffer.alloc(LARGE_BYTES, "x");
  await post("/t/payload", payload);
  const before = peakBytes(server.pid);
  for (let i = 0; i < 40; i++) expect((await post("/t/payload", payload)).status).toBe(201);
  // One on its way, one in the tail, and what the collector has not seen yet.
  expect(peakBytes(server.pid) - before).toBeLessThan(128 * MIB);
});
