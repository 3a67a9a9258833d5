/**
 * What the engine takes from its surroundings besides the disk: time, timers, the end of a turn of the event
 * loop, random ids. Injected, so that one seed replays a run exactly.
 */
import { v4 } from "uuid";
import { LoopShare } from "./loop-share.ts";

export interface Timer {
  /** Idempotent; a cancelled timer never fires. */
  cancel(): void;
}

export interface Runtime {
  /** Wall clock, ms since 1970. May jump both ways. */
  now(): number;
  /** ms since some moment: time that passes, whatever the wall clock does. */
  elapsedMs(): number;
  /** Calls `fire` once, `delayMs` from now (at most 2^31-1 ms). Does not keep the process alive. */
  setTimer(delayMs: number, fire: () => void): Timer;
  /** Calls `run` when what arrived in this turn of the event loop was handled. Order is kept. */
  endOfTurn(run: () => void): void;
  /**
   * Resolves when others had their turn of the event loop. Long work awaits this itself between two pieces of it, of
   * a few ms at most, and shares the loop with the long work of others. A caller that reads on from a connection says
   * how much it lets come.
   */
  pause(comingBytes?: number): Promise<void>;
  /** Long work is to take little of this turn of the event loop. */
  shortenTurn(): void;
  /** A new UUID. */
  randomId(): string;
}

/** One for the process, as there is one event loop. */
const loopShare = new LoopShare(
  () => performance.now(),
  (run) => void setImmediate(run),
);

export const nodeRuntime: Runtime = {
  now: () => Date.now(),
  elapsedMs: () => performance.now(),
  setTimer(delayMs, fire) {
    const timeout = setTimeout(fire, delayMs);
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
  endOfTurn: (run) => {
    setImmediate(run);
  },
  pause: (comingBytes) => loopShare.pause(comingBytes),
  shortenTurn: () => loopShare.shorten(),
  randomId: () => v4(),
};
