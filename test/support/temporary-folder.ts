/** Folders on the real disk, one a test, removed when the test is over. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A browser's helpers write into its profile for a moment after it has ended. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 };

/** The absolute path of a new empty folder that belongs to the running test. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "netlog-test-")));
  onTestFinished(() => rmSync(folder, REMOVAL));
  return folder;
}
