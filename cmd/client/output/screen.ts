/** Text that is shown anew in place on a terminal, and one below the other where there is none. */
import { type Output, writeAll } from "../../cli/command.ts";

const CLEAR = "\x1b[2J";
const HOME = "\x1b[H";
const CLEAR_TO_LINE_END = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
/** For a terminal that does not say how high it is. */
const DEFAULT_ROWS = 24;

export class Screen {
  readonly #output: Output;
  #isCleared = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** `text` ends with a line end. Lines that do not fit are left out, and counted. */
  async show(text: string): Promise<void> {
    if (this.#output.isTTY !== true) return await writeAll(this.#output, text);
    const lines = text.trimEnd().split("\n");
    const lineLimit = (this.#output.rows || DEFAULT_ROWS) - 1;
    const shown = lines.length <= lineLimit ? lines : lines.slice(0, lineLimit - 1);
    if (shown.length < lines.length) shown.push(`… and ${lines.length - shown.length} more`);
    const begin = this.#isCleared ? HOME : `${CLEAR}${HOME}`;
    this.#isCleared = true;
    // Line by line over the old ones: a screen that is cleared first flickers.
    const drawn = shown.map((line) => `${line}${CLEAR_TO_LINE_END}\n`).join("");
    await writeAll(this.#output, `${begin}${drawn}${CLEAR_BELOW}`);
  }
}
