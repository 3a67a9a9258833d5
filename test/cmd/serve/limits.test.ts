import { expect, test } from "vitest";
import { LIMITS, limitsOf } from "../../../cmd/options/limits.ts";
import { SERVE_OPTIONS } from "../../../cmd/options/options.ts";
import { parseOptions } from "../../../cmd/options/parse-options.ts";

function options(...args: string[]) {
  return parseOptions(SERVE_OPTIONS, args, {});
}

test("nothing given leaves the limits as they are", () => {
  expect(limitsOf(options())).toEqual(LIMITS);
});

test("what is given is in force, and nothing else changes", () => {
  const limits = limitsOf(options("--max-topics", "7", "--body-timeout", "5s"));
  expect(limits).toEqual({ ...LIMITS, topics: 7, bodyIdleMs: 5000 });
});

test("connections leave open files to the log, whatever was asked for", () => {
  const { openFiles, openScannerFiles } = LIMITS;
  const allowed = 4096;
  const { connections } = limitsOf(options("--max-connections", "100000"), allowed);
  expect(connections).toBeLessThan(allowed - openFiles - openScannerFiles);
  expect(connections).toBeGreaterThan(allowed / 2);
  expect(limitsOf(options("--max-connections", "100"), allowed).connections).toBe(100);
  expect(limitsOf(options(), 16).connections).toBeGreaterThan(0);
});

test("where few files may be open, half of them is for connections, and the rest is shared", () => {
  const allowed = 1024;
  const { connections, surplusConnections, openFiles, openScannerFiles } = limitsOf(options(), allowed);
  expect(connections).toBeGreaterThanOrEqual(allowed / 2);
  expect(connections + surplusConnections + openFiles + openScannerFiles).toBeLessThan((3 / 4) * allowed + 1);
  for (const limit of [surplusConnections, openFiles, openScannerFiles]) expect(limit).toBeGreaterThan(16);
  const { openFiles: ours, surplusConnections: surplus } = limitsOf(options(), 20_000);
  expect([ours, surplus]).toEqual([LIMITS.openFiles, LIMITS.surplusConnections]);
});
