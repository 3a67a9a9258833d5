/** The built program over a folder that was damaged while it was stopped: what clients get, and what the tools say. */
import { execFile } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { encodeFrame } from "../../lib/log/frame.ts";
import { builtServerForTest, runProgram } from "../support/built-program.ts";
import { flipBitOf } from "../support/damage-fixture.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const SHIM = fileURLToPath(new URL("../../cmd/netlog.cjs", import.meta.url));
const DATA = "00000000000000000000.data";
/** Header and the frames of `message 0`, `message 1`: 40 bytes, 9 of message header, 9 of payload. */
const FRAME_BYTES = 58;

/** A body goes as bytes: fetch gives a text a content type, which would be kept. */
async function post(url: string, body?: string): Promise<Response> {
  return await fetch(url, { method: "POST", ...(body === undefined ? {} : { body: Buffer.from(body) }) });
}

test("a flipped bit is named by check, over HTTP and without a server, and costs a scanner one message", async () => {
  const folder = temporaryFolder();
  const server = await builtServerForTest(folder);
  await post(`${server.url}/t`);
  for (let i = 0; i < 5; i++) await post(`${server.url}/t/payload`, `message ${i}`);
  await server.stop();
  const path = join(folder, "t", DATA);
  flipBitOf(path, 24 + 2 * FRAME_BYTES + 50, 3);

  const checked = await runProgram(["check", "--json", "--dir", folder]);
  expect(checked).toMatchObject({ status: 1, stderr: "" });
  const finding = { kind: "damage", topic: "t", file: path, position: 140, offset: 2, nextOffset: 3 };
  expect(JSON.parse(checked.stdout.split("\n")[0]!)).toMatchObject(finding);

  const { url } = await builtServerForTest(folder);
  const findings = await (await fetch(`${url}/t/check`)).json();
  expect(findings).toEqual([
    { offset: 2, odelta: 1, type: "checksum", expected: expect.any(String), actual: expect.any(String) },
  ]);
  const { id } = (await (await post(`${url}/t/scanner?from=1`)).json()) as { id: string };
  const scans: [number, string][] = [];
  for (let i = 0; i < 5; i++) {
    const response = await fetch(`${url}/t/scan?id=${id}`);
    const text = await response.text();
    const error = response.headers.get("x-netlog-error");
    if (error === "checksum_error") {
      expect(response.headers.get("x-offset")).toBe("2");
      expect(response.headers.get("x-next-offset")).toBe("3");
    }
    scans.push([response.status, error ?? text]);
  }
  expect(scans).toEqual([
    [200, "message 1"],
    [500, "checksum_error"],
    [200, "message 3"],
    [200, "message 4"],
    [404, "end_of_topic"],
  ]);
});

test("check while a server runs refuses, and after a kill finds nothing wrong", async () => {
  const folder = temporaryFolder();
  const server = await builtServerForTest(folder);
  await post(`${server.url}/t`);
  await post(`${server.url}/t/payload`, "message");
  const refused = await runProgram(["check", "--dir", folder]);
  expect(refused).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringContaining("in use by a server"),
  });
  await server.kill();
  const checked = await runProgram(["check", "--dir", folder]);
  expect(checked).toMatchObject({ status: 0, stdout: expect.stringMatching(/^healthy: 1 topic, /) });
  expect(readdirSync(folder)).toEqual(["t"]);
});

describe("dump into a pipe", () => {
  /** Damaged, and its dump several times what a pipe holds. */
  function longFile(): string {
    const path = join(temporaryFolder(), DATA);
    const frame = Buffer.alloc(60);
    const header = { baseOffset: 0, timestampMs: 0, unsyncedCount: 0, messageCount: 1 };
    encodeFrame(frame, 0, header, Buffer.alloc(20));
    writeFileSync(path, Buffer.concat(Array.from({ length: 4000 }, () => frame)));
    return path;
  }

  /** What the shell prints, when `dump` stands for a dump of the file, and the end of every part of a pipe counts. */
  async function shell(command: string): Promise<string> {
    const dump = `dump() { "${process.execPath}" "${SHIM}" dump "${longFile()}"; }`;
    const run = promisify(execFile);
    const script = `set -o pipefail\n${dump}\n${command}`;
    return (await within(command, run("bash", ["-c", script]))).stdout;
  }

  test("whose reader leaves is no error", async () => {
    expect(await shell("dump 2>&1 | head -n 1")).toMatch(/: data file, 240000 bytes/);
  });

  test("brings all of it, however slow the reader", async () => {
    const counts = await shell(
      `(dump || test $? = 1) | (read -r line; echo "$line"; cat) | wc -l; dump | wc -l || true`,
    );
    const [slow, fast] = counts.trim().split("\n");
    expect(Number(slow)).toBe(12_000);
    expect(slow).toBe(fast);
  });
});
