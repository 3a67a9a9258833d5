/** The signals that end the server: the first one asks, the second one ends the process at once. */
import { constants } from "node:os";

type StopSignal = "SIGINT" | "SIGTERM";

const STOP_SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM"];

/** What a shell reports for a process that died of signal n is 128 + n. */
const SIGNAL_STATUS = 128;

/** Listens from this call on; resolves to the first signal. */
export function nextStopSignal(): Promise<StopSignal> {
  return new Promise((resolve) => {
    let isAsked = false;
    for (const signal of STOP_SIGNALS) {
      process.on(signal, () => {
        if (isAsked) process.exit(SIGNAL_STATUS + constants.signals[signal]);
        isAsked = true;
        resolve(signal);
      });
    }
  });
}
