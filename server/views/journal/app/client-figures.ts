/** A client's telemetry by the second, over the time that its page is open: the page looks at its totals again and again. */
import { RateMeter, TimeSeries } from "../../../console/app/figures/series.ts";
import type { Telemetry } from "./journal-link.ts";

/** So many clients are remembered while the tab is open. */
const MOST_KEPT = 10;
/** By `key`. They outlive the page, so that a look at the client's journal begins no new plot. */
const kept = new Map<string, ClientFigures>();

/** Those of the client that `key` names; the one that was first looked at is forgotten for a new one. */
export function figuresOf(key: string): ClientFigures {
  const figures = kept.get(key) ?? new ClientFigures();
  kept.set(key, figures);
  const [oldest] = kept.keys();
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
  return figures;
}

export class ClientFigures {
  /** Messages a second. */
  readonly rates: TimeSeries = new TimeSeries();
  readonly #inbound = new RateMeter();
  readonly #outbound = new RateMeter();
  #first: { readonly telemetry: Telemetry; readonly atMs: number } | undefined;
  #last: Telemetry | undefined;

  /** Takes what was answered at `atMs`. */
  note(telemetry: Telemetry, atMs: number): void {
    const { inbound_messages, outbound_messages } = telemetry;
    // A client that was removed and came back counts from zero.
    const isLess = inbound_messages < (this.#last?.inbound_messages ?? 0);
    if (this.#first === undefined || isLess) this.#first = { telemetry, atMs };
    this.#last = telemetry;
    this.rates.add(atMs, {
      published: this.#inbound.look(atMs, inbound_messages),
      delivered: this.#outbound.look(atMs, outbound_messages),
    });
  }

  /** What was counted since the first look; `undefined`: there was none. */
  get since(): { readonly atMs: number; readonly published: number; readonly delivered: number } | undefined {
    if (this.#first === undefined || this.#last === undefined) return undefined;
    const { telemetry, atMs } = this.#first;
    return {
      atMs,
      published: this.#last.inbound_messages - telemetry.inbound_messages,
      delivered: this.#last.outbound_messages - telemetry.outbound_messages,
    };
  }
}
