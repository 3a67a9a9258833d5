/** Messages of a scanner given to a function: acknowledged when it is done, given back when it fails. */
import type { Delivery } from "./delivery.ts";
import { invalidArgument, isNetlogClientError } from "./errors.ts";
import type { ClientRuntime, ClientTimer } from "./runtime.ts";
import { scanned } from "./scanned.ts";
import type { CallOptions, PatienceOptions } from "./session.ts";
import type { ScannerDescription } from "./wire.ts";

/** Units of durations as the server spells them. */
const UNIT_MS: Readonly<Record<string, number>> = {
  year: 31_536_000_000,
  month: 2_592_000_000,
  week: 604_800_000,
  day: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};

export interface WorkOptions extends PatienceOptions {
  /** Messages handled at the same time, 1 by default. */
  readonly concurrency?: number | undefined;
  /** Ends when so many messages were handled, and takes no more than those; Infinity by default. */
  readonly count?: number | undefined;
  /** A message whose handling failed is given out again so much later, in ms; 1,000 by default. */
  readonly retryDelayMs?: number | undefined;
  /** Told what handling rejected with. */
  readonly onError?: ((error: unknown, message: Delivery) => void) | undefined;
  /** Told when handling took so long that another worker has the message. */
  readonly onLeaseLost?: ((message: Delivery) => void) | undefined;
  /** Ends when no message came for so long, in ms; Infinity by default. */
  readonly waitMs?: number | undefined;
}

export type Handle = (message: Delivery) => Promise<void> | void;

type Loops = Parameters<typeof scanned>;

interface Worker {
  /** The scanner, patient until the signal of these options is aborted. */
  readonly source: (options: PatienceOptions) => Source;
  readonly returns: Loops[1];
  readonly runtime: ClientRuntime;
}

type Source = Loops[0] & { info(options: CallOptions): Promise<ScannerDescription> };

const DEFAULT_RETRY_DELAY_MS = 1000;
/** A lease is kept alive so many times while it lasts, so that one failure does not end it. */
const TOUCHES_A_LEASE = 3;

export async function work(worker: Worker, handle: Handle, options: WorkOptions): Promise<void> {
  const { concurrency = 1, count = Number.POSITIVE_INFINITY, signal, onRetry } = options;
  if (!(concurrency >= 1)) throw invalidArgument(`concurrency is ${concurrency}; it takes 1 or more`);
  if (!(count >= 1)) throw invalidArgument(`count is ${count}; it takes 1 or more`);
  const failed = new AbortController();
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const source = worker.source({ signal: stop, onRetry });
  const touchMs = await touchInterval(source, stop);
  const counted = atMost(source, count);
  let failure: { readonly error: unknown } | undefined;
  const loops = Array.from({ length: concurrency }, async () => {
    try {
      await loop({ ...worker, source: counted }, handle, { ...options, signal: stop }, touchMs);
    } catch (error) {
      // The others end what they have begun.
      failure ??= { error };
      failed.abort();
    }
  });
  await Promise.all(loops);
  if (failure !== undefined) throw failure.error;
}

/** In ms; `undefined` where nothing is leased, and when it is aborted. */
async function touchInterval(source: Source, signal: AbortSignal): Promise<number | undefined> {
  try {
    const { ack_wait: ackWait } = (await source.info({ signal })).settings;
    return ackWait === undefined ? undefined : parseDurationMs(ackWait) / TOUCHES_A_LEASE;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Counted before they are asked for: what several loops take at once would be too much, and leased for nobody. */
function atMost(source: Source, count: number): Loops[0] {
  let left = count;
  return {
    scanBatch: (options) => source.scanBatch(options),
    async scan(options) {
      if (left < 1) return undefined;
      left--;
      const message = await source.scan(options);
      if (message === undefined) left++;
      return message;
    },
  };
}

async function loop(
  { source, returns, runtime }: { readonly source: Loops[0] } & Omit<Worker, "source">,
  handle: Handle,
  options: WorkOptions,
  touchMs: number | undefined,
): Promise<void> {
  const { signal, waitMs, onLeaseLost, onError, retryDelayMs = DEFAULT_RETRY_DELAY_MS } = options;
  for await (const message of scanned(source, returns, { signal, waitMs, onLeaseLost })) {
    const alive = keepAlive(message, touchMs, runtime);
    try {
      await handle(message);
    } catch (error) {
      onError?.(error, message);
      if (!message.isSettled) await giveBack(message, retryDelayMs, onLeaseLost);
    } finally {
      alive.cancel();
    }
  }
}

async function giveBack(
  message: Delivery,
  delayMs: number,
  onLeaseLost: WorkOptions["onLeaseLost"],
): Promise<void> {
  try {
    await message.nack({ delayMs });
  } catch (error) {
    if (!isNetlogClientError(error, "lease_lost")) throw error;
    onLeaseLost?.(message);
  }
}

/** Touches the message from time to time, until it is cancelled. When a touch fails, the acknowledgement shows it. */
function keepAlive(message: Delivery, touchMs: number | undefined, runtime: ClientRuntime): ClientTimer {
  if (message.isSettled || touchMs === undefined) return { cancel: () => {} };
  let timer: ClientTimer;
  const stop = new AbortController();
  const touch = (): void => {
    timer = runtime.setTimer(touchMs, touch);
    if (!message.isSettled) message.touch({ signal: stop.signal }).catch(() => {});
  };
  timer = runtime.setTimer(touchMs, touch);
  return {
    cancel: () => {
      timer.cancel();
      stop.abort();
    },
  };
}

/** `1m30s` is 90,000; `0` is 0. What is smaller than a millisecond counts for nothing. */
function parseDurationMs(text: string): number {
  let ms = 0;
  for (const [, count = "0", unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)([a-zµ]+)/g)) {
    ms += Number(count) * (UNIT_MS[unit] ?? 0);
  }
  return ms;
}
