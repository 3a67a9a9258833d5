import type { Socket } from "node:net";
import { expect, it } from "vitest";
import { ReaderWatch } from "../../../server/http/reader-watch.ts";
import { LIMITS } from "../../../server/index.ts";

const ROUNDS = LIMITS.stalledMs / LIMITS.heartbeatMs;

/** What it reports in each of twice the rounds after which a reader counts as stalled. */
function rounds(handle: object, next: () => void): boolean[] {
  const watch = new ReaderWatch({ _handle: handle } as unknown as Socket, LIMITS);
  return Array.from({ length: 2 * ROUNDS }, () => {
    next();
    return watch.isStalled();
  });
}

it("takes a reader for stalled when nothing of what waits was taken for long enough", () => {
  const told = rounds({ writeQueueSize: 1000 }, () => {});
  expect(told.indexOf(true)).toBe(ROUNDS);
});

it("takes no reader for stalled that takes a little each time, under TLS either", () => {
  const plain = { writeQueueSize: 1000 };
  expect(rounds(plain, () => (plain.writeQueueSize -= 1))).not.toContain(true);
  // As Node has it: the upper count stays until a whole write was taken.
  const below = { writeQueueSize: 1000 };
  expect(rounds({ writeQueueSize: 5000, _parent: below }, () => (below.writeQueueSize -= 1))).not.toContain(
    true,
  );
  expect(rounds({ writeQueueSize: 5000, _parent: below }, () => {})).toContain(true);
});
