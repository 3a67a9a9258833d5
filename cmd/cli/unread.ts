/**
 * Notices that the reader of a pipe has left, also while nothing is written to it: `netlog tail demo | head` ends when
 * head does, not when the next message comes. Node reports a broken pipe only at a write. GNU tail polls its output, and
 * SIGPIPE ends it at once. Where there is no GNU tail, the next write finds out.
 */
import { spawn } from "node:child_process";
import { fstatSync } from "node:fs";
import type { Socket } from "node:net";

const STDOUT = 1;
const LIFELINE = 3;

/**
 * Becomes tail on a file that does not grow, and ends it when the lifeline breaks, as it does whatever ends this
 * process: a tail that stays would keep the pipe open, and its reader waiting.
 */
const SCRIPT = `{ read -r _; kill $$; } <&${LIFELINE} ${LIFELINE}<&- >/dev/null 2>&1 & exec tail -n0 -f "$0" ${LIFELINE}<&-`;

/** Calls `onUnread` at most once. */
export function watchStdout(onUnread: () => void): void {
  if (!fstatSync(STDOUT).isFIFO()) return;
  const watcher = spawn("sh", ["-c", SCRIPT, import.meta.filename], {
    stdio: ["ignore", STDOUT, "ignore", "pipe"],
  });
  watcher.on("error", () => {});
  watcher.on("exit", (_status, signal) => {
    if (signal === "SIGPIPE") onUnread();
  });
  watcher.unref();
  const lifeline = watcher.stdio[LIFELINE] as Socket;
  lifeline.on("error", () => {});
  lifeline.unref();
}
