/** The signals that end the program: the first one asks, the second one ends the process at once. */
import { constants } from "node:os";

type StopSignal = "SIGINT" | "SIGTERM";

const STOP_SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM"];

/** A shell reports 128 + n for a process that died of signal n. */
const SIGNAL_STATUS = 128;

/** The exit status of a process that a signal stopped. */
export function statusOf(signal: NodeJS.Signals): number {
  return SIGNAL_STATUS + constants.signals[signal];
}

/** For work that is to leave nothing behind: `received` is the first signal; a second one ends the process at once. */
export interface StopWatch {
  readonly received: NodeJS.Signals | undefined;
  /** Aborted by the first one. */
  readonly signal: AbortSignal;
  /** Stops listening: signals then do what they do without this. */
  end(): void;
}

/** Listens from this call on, until it is ended. */
export function watchStopSignals(): StopWatch {
  let received: NodeJS.Signals | undefined;
  const stopped = new AbortController();
  const note = (signal: NodeJS.Signals): void => {
    if (received !== undefined) process.exit(statusOf(signal));
    received = signal;
    stopped.abort();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, note);
  return {
    get received() {
      return received;
    },
    signal: stopped.signal,
    end() {
      for (const signal of STOP_SIGNALS) process.off(signal, note);
    },
  };
}

/** Listens from this call on; resolves to the first signal. */
export function nextStopSignal(): Promise<StopSignal> {
  return new Promise((resolve) => {
    let isAsked = false;
    for (const signal of STOP_SIGNALS) {
      process.on(signal, () => {
        if (isAsked) process.exit(statusOf(signal));
        isAsked = true;
        resolve(signal);
      });
    }
  });
}
