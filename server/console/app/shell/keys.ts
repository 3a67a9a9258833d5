/** The keys that the console knows, and sequences of them such as `g t`. Knows no page: what a key does is given to it. */

/** Keys, with a space between those of a sequence. */
export type KeyMap = Readonly<Record<string, () => void>>;

/** A sequence that is not ended within this time is none. */
const SEQUENCE_MS = 1500;

export class KeySequences {
  #before = "";
  #beforeMs = 0;

  /** What the key does; `undefined` where it is none of `keys`, or only begins a sequence. */
  press(key: string, atMs: number, keys: KeyMap): (() => void) | undefined {
    const isLate = atMs - this.#beforeMs > SEQUENCE_MS;
    const whole = this.#before === "" || isLate ? key : `${this.#before} ${key}`;
    const found = keys[whole] ?? keys[key];
    this.#before = found === undefined && isBeginning(key, keys) ? key : "";
    this.#beforeMs = atMs;
    return found;
  }
}

function isBeginning(key: string, keys: KeyMap): boolean {
  return Object.keys(keys).some((sequence) => sequence.startsWith(`${key} `));
}

/** A key that is typed into a field belongs to the field, and one with Ctrl, Alt or Meta to the browser. */
export function isForPage(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return false;
  const { target } = event;
  if (!(target instanceof Element)) return true;
  return target.closest("input, textarea, select, [contenteditable], dialog[open]") === null;
}

/** Rows that `j` and `k` go through: what is marked so holds the focus, or a link that does. */
export const ROW_MARK = "data-row";

/** Moves the focus to the next or the previous row of the page. */
export function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>(`[${ROW_MARK}]`)];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at === -1 ? (step === 1 ? 0 : rows.length - 1) : at + step];
  const target = next?.matches("a, button, [tabindex]")
    ? next
    : next?.querySelector<HTMLElement>("a, button");
  target?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
