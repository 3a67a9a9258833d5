/**
 * The waits of one scanner: scans that there is nothing for end at once, or wait until their time is over, and the
 * scanner waits for the log on their behalf.
 */
import { type ErrorCode, NetlogError } from "../base/errors.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Log, WakeReason } from "../log/log.ts";
import type { Limits } from "./limits.ts";
import type { PendingScan, ScanQueue } from "./scan-queue.ts";
import type { ScannerPosition } from "./scanner-position.ts";

export interface ScanWaitsOptions {
  readonly queue: ScanQueue;
  readonly position: ScannerPosition;
  readonly log: Log;
  readonly runtime: Runtime;
  readonly limits: Limits;
  /** There may be something to give, or to answer. */
  readonly serve: () => void;
  /** The client of a scan left, which is out of the queue; what it has got goes back. */
  readonly leave: (scan: PendingScan) => void;
  /** The log has ended for readers, too. */
  readonly end: (code: ErrorCode) => void;
}

export class ScanWaits {
  readonly #options: ScanWaitsOptions;
  #isArmed = false;
  #disarm: (() => void) | undefined;
  #refusesNew = false;

  constructor(options: ScanWaitsOptions) {
    this.#options = options;
  }

  /** There is nothing to give: scans that came since the last time wait, or end without a message. */
  begin(): void {
    const { queue, position, log } = this.#options;
    // Nothing more comes to a closed topic, but what was given out may come back.
    if (log.isEnded && !position.hasUnsettled) queue.endAll({ isClosed: true });
    let scan = queue.last;
    // One that has a deadline was here before, as were all before it. One that left meanwhile had the rest served.
    while (scan?.isQueued === true && scan.deadline === undefined) {
      const before: PendingScan | undefined = scan.before;
      this.#start(scan);
      scan = before;
    }
    if (queue.first === undefined || this.#isArmed || log.isEnded) return;
    const { awaited } = position;
    if (awaited === undefined) return;
    this.#isArmed = true;
    const disarm = log.waitFor(awaited, this.#wake);
    if (this.#isArmed) this.#disarm = disarm;
  }

  /** Waits for the log no more, until `begin` is called again. */
  stop(): void {
    this.#isArmed = false;
    this.#disarm?.();
    this.#disarm = undefined;
  }

  /** Scans that would wait from now on end with shutting_down. */
  refuseNew(): void {
    this.#refusesNew = true;
    this.stop();
  }

  #start(scan: PendingScan): void {
    const { queue, runtime, limits, serve, leave } = this.#options;
    const { waitMs, onWaiting } = scan.request;
    if (waitMs <= 0 || this.#refusesNew) {
      queue.remove(scan);
      scan.reject(new NetlogError(waitMs <= 0 ? "end_of_topic" : "shutting_down"));
      return;
    }
    scan.deadline = runtime.setTimer(Math.min(waitMs, limits.waitMs), () => {
      if (!queue.remove(scan)) return;
      scan.reject(new NetlogError("end_of_topic"));
      serve();
    });
    onWaiting?.(() => {
      if (queue.remove(scan)) leave(scan);
    });
  }

  readonly #wake = (reason: WakeReason): void => {
    this.#isArmed = false;
    this.#disarm = undefined;
    if (reason === "readable" || reason === "ended") this.#options.serve();
    else this.#options.end(reason === "deleted" ? "topic_not_found" : "shutting_down");
  };
}
