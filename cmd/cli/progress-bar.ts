/**
 * One line on a terminal that shows how far long work has come: share, bar, bytes, rate. Where stderr is no
 * terminal, it shows nothing.
 */

import type { Output } from "./command.ts";
import { formatBytes } from "./figures.ts";

const REDRAW_MS = 100;
const BAR_CHARACTERS = 24;
/** What is counted. */
interface Unit {
  readonly format: (amount: number) => string;
  /** Behind an amount, with its space. */
  readonly noun: string;
}

const BYTES: Unit = { format: formatBytes, noun: "" };

/** For a terminal that does not say how wide it is. */
const DEFAULT_COLUMNS = 80;
const MS_PER_SECOND = 1000;
/** Back to the beginning of the line, and clear it. */
const CLEAR_LINE = "\r\x1b[K";

export class ProgressBar {
  readonly #output: Output;
  readonly #label: string;
  readonly #now: () => number;
  readonly #startedAtMs: number;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #isShown = false;

  /** `now` gives ms of a clock that never goes back. */
  constructor(output: Output, label: string, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#label = label;
    this.#now = now;
    this.#startedAtMs = now();
  }

  /** Draws anew, if the last time is long enough ago. Without a total there is no bar. `note` stands at the end. */
  update(done: number, total: number | undefined, note = "", unit: Unit = BYTES): void {
    const nowMs = this.#now();
    if (this.#output.isTTY !== true || nowMs - this.#drawnAtMs < REDRAW_MS) return;
    this.#drawnAtMs = nowMs;
    this.#isShown = true;
    const elapsedMs = Math.max(1, nowMs - this.#startedAtMs);
    const rate = unit.format(Math.round((done * MS_PER_SECOND) / elapsedMs));
    const parts = [barText(done, total, unit), `${rate}/s`, note].filter((part) => part !== "");
    const line = `${this.#label} ${parts.join("  ")}`;
    // A line that wraps could not be cleared; some terminals say that they have no columns.
    const columns = this.#output.columns || DEFAULT_COLUMNS;
    this.#output.write(CLEAR_LINE + line.slice(0, columns - 1));
  }

  /** Takes the line away, so that something else can be written; the next update draws it again. */
  clear(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#drawnAtMs = Number.NEGATIVE_INFINITY;
    this.#output.write(CLEAR_LINE);
  }
}

function barText(done: number, total: number | undefined, { format, noun }: Unit): string {
  if (total === undefined) return `${format(done)}${noun}`;
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * BAR_CHARACTERS);
  const bar = "#".repeat(filled).padEnd(BAR_CHARACTERS, ".");
  const percent = `${Math.floor(share * 100)}%`.padStart(3);
  return `${percent} [${bar}] ${format(done)} / ${format(total)}${noun}`;
}
