/**
 * Notices that nobody reads a pipe any more, also while nothing is written to it: `netlog tail demo | head` is to end
 * when head does, not when the next message comes. Node tells of a broken pipe only at a write; GNU tail, which polls
 * its output, ends at once by SIGPIPE. Where there is no GNU tail, the next write tells.
 */
import { spawn } from "node:child_process";
import { fstatSync } from "node:fs";

const STDOUT = 1;

/** Calls `onUnread` at most once. */
export function watchStdout(onUnread: () => void): void {
  if (!fstatSync(STDOUT).isFIFO()) return;
  // --pid: it must not keep the pipe open when this process is gone.
  const watcher = spawn("tail", ["-n0", "-f", `--pid=${process.pid}`, import.meta.filename], {
    stdio: ["ignore", STDOUT, "ignore"],
  });
  watcher.unref();
  watcher.on("error", () => {});
  watcher.on("exit", (_status, signal) => {
    if (signal === "SIGPIPE") onUnread();
  });
  process.once("exit", () => watcher.kill());
}
