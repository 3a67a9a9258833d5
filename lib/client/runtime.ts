/** What the client takes from its surroundings beside fetch: time, timers and chance. Injected, for tests. */

export interface ClientTimer {
  /** Idempotent; a cancelled timer never fires. */
  cancel(): void;
}

export interface ClientRuntime {
  /** Wall clock, ms since 1970. */
  now(): number;
  /** Calls `fire` once, `delayMs` from now. */
  setTimer(delayMs: number, fire: () => void): ClientTimer;
  /** At least 0 and less than 1. */
  random(): number;
}

/** A longer timer would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock, timers and chance of the platform. A timer that waits keeps a Node process alive. */
export const platformRuntime: ClientRuntime = {
  now: () => Date.now(),
  setTimer(delayMs, fire) {
    const timeout = setTimeout(fire, Math.min(delayMs, LONGEST_TIMER_MS));
    return { cancel: () => clearTimeout(timeout) };
  },
  random: () => Math.random(),
};

/** Resolves `delayMs` from now; rejects with the signal's reason as soon as it is aborted. */
export function sleep(runtime: ClientRuntime, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const stop = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = runtime.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", stop);
      resolve();
    });
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** A random UUID (version 4). `crypto.randomUUID` is missing on pages that came without TLS. */
export function randomUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
