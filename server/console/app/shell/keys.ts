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
