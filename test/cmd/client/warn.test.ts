import { expect, test } from "vitest";
import { warn, warnOfRetry } from "../../../cmd/client/call/warn.ts";
import { NetlogClientError } from "../../../lib/client/index.ts";

function outputOf(isTTY = false): {
  lines: string[];
  stderr: { write(text: unknown): unknown; isTTY: boolean };
} {
  const lines: string[] = [];
  return { lines, stderr: { write: (text) => lines.push(String(text)), isTTY } };
}

test("the same failure is printed once, and again when the wait is long", () => {
  const { lines, stderr } = outputOf();
  const onRetry = warnOfRetry(stderr);
  const away = new NetlogClientError("unreachable", "no connection");
  for (const delayMs of [50, 90, 400]) onRetry(away, delayMs);
  onRetry(new NetlogClientError("shutting_down", "shutting down"), 10);
  onRetry(away, 1500);
  onRetry(away, 2500);
  expect(lines).toEqual([
    "netlog: no connection; trying again in 0.1 s\n",
    "netlog: shutting down; trying again in 0.0 s\n",
    "netlog: no connection; trying again in 1.5 s\n",
    "netlog: no connection; trying again in 2.5 s\n",
  ]);
});

test("on a terminal a warning takes the place of a progress bar, and cannot move the cursor", () => {
  const { lines, stderr } = outputOf(true);
  warn(stderr, "odd \x1b[2J");
  expect(lines).toEqual(["\r\x1b[Knetlog: odd \\x1b[2J\n"]);
});
