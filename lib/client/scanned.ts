/** A scanner as an async iterable: acknowledged as the loop goes on, given back when it is left. */
import type { Delivery } from "./delivery.ts";
import { isNetlogClientError } from "./errors.ts";
import type { PatienceOptions } from "./session.ts";

export interface ScannedOptions extends PatienceOptions {
  /**
   * Messages fetched at a time, 1 by default. More are faster, and their leases all run from the fetch. What was fetched
   * and not reached is given back when the loop is left, or comes again when this process ends; without acknowledgements
   * it is lost.
   */
  readonly max?: number | undefined;
  /** The loop ends when no message came for so long, in ms; Infinity by default. */
  readonly waitMs?: number | undefined;
  /** `after`, the default: a message is acknowledged when the loop asks for the next one. `manual`: never by itself. */
  readonly ack?: "after" | "manual" | undefined;
  /** Told when an acknowledgement came too late: another worker has the message. */
  readonly onLeaseLost?: ((message: Delivery) => void) | undefined;
}

interface Source {
  scan(options: ScannedOptions): Promise<Delivery | undefined>;
  scanBatch(options: ScannedOptions): Promise<Delivery[]>;
}

interface Returns {
  nack(offsets: readonly number[], options: { readonly lease: string }): Promise<unknown>;
}

/** `source` is patient; `returns`, which takes back what was not handled, tries for as long as any call. */
export async function* scanned(
  source: Source,
  returns: Returns,
  options: ScannedOptions,
): AsyncGenerator<Delivery, void, undefined> {
  const { max = 1, waitMs = Number.POSITIVE_INFINITY, ack = "after", signal, onLeaseLost } = options;
  let fetched: readonly Delivery[] = [];
  let done = 0;
  try {
    while (!isAborted(signal)) {
      done = 0;
      fetched = await fetchMessages(source, { max, waitMs, signal });
      if (fetched.length === 0) return;
      for (const message of fetched) {
        if (ack === "manual") done++;
        yield message;
        if (ack === "after") {
          await acknowledge(message, signal, onLeaseLost);
          done++;
        }
        if (isAborted(signal)) return;
      }
    }
  } catch (error) {
    if (!isAborted(signal)) throw error;
  } finally {
    await giveBack(returns, fetched.slice(done));
  }
}

async function fetchMessages(source: Source, options: ScannedOptions): Promise<readonly Delivery[]> {
  if (options.max !== 1) return await source.scanBatch(options);
  const message = await source.scan(options);
  return message === undefined ? [] : [message];
}

/** A late acknowledgement is no failure: the message comes again, to another worker or this one. */
async function acknowledge(
  message: Delivery,
  signal: AbortSignal | undefined,
  onLeaseLost: ScannedOptions["onLeaseLost"],
): Promise<void> {
  if (message.isSettled) return;
  try {
    await message.ack({ signal }).catch(async (error: unknown) => {
      if (!isAborted(signal)) throw error;
      // It was handled: that the loop is to end takes nothing back, also while this was on its way.
      await message.ack();
    });
  } catch (error) {
    if (!isNetlogClientError(error, "lease_lost")) throw error;
    onLeaseLost?.(message);
  }
}

/** Best effort: what cannot be given back comes again when its lease is over. */
async function giveBack(returns: Returns, messages: readonly Delivery[]): Promise<void> {
  const unsettled = messages.filter(({ isSettled }) => !isSettled);
  const lease = unsettled[0]?.lease;
  if (lease === undefined) return;
  const offsets = unsettled.map(({ offset }) => offset);
  await returns.nack(offsets, { lease }).catch(() => {});
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
