/** Processes that are started together with all they start themselves. */
import type { ChildProcess } from "node:child_process";
import { onTestFinished } from "vitest";

/** Kills a detached child, and what it has started, when the running test is over. */
export function endWithTest(child: ChildProcess): void {
  onTestFinished(() => {
    try {
      process.kill(-child.pid!, "SIGKILL");
    } catch {
      // Nothing of it runs any more.
    }
  });
}
