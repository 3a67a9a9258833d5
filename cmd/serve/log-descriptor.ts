/** The descriptor that log lines are written to: stderr, opened so that no write of this process waits for a reader. */
import { constants, fstatSync, openSync } from "node:fs";
import { isatty } from "node:tty";

const STDERR = 2;
/** Linux: the pipe or terminal behind a descriptor, to be opened anew. */
const STDERR_PATH = `/proc/self/fd/${STDERR}`;

/**
 * Whether writes wait is a property that all processes share that hold the same open pipe or terminal, and any of them
 * may change it. So this opens one of its own where the system lets it. Files and devices stay what they are: writes to
 * them end at once, and only stderr itself knows where to append.
 */
export function openLogDescriptor(): number {
  if (!fstatSync(STDERR).isFIFO() && !isatty(STDERR)) return makeNonBlocking();
  try {
    return openSync(STDERR_PATH, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return makeNonBlocking();
  }
}

/** Node does that itself to a pipe or socket when it makes a stream of it, which it does at the first look. */
function makeNonBlocking(): number {
  void process.stderr;
  return STDERR;
}
