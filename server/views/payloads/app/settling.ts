/** Whether answers still change: a page that follows something stops to ask when nothing happens any more. */

/** So many answers in a row that say the same. */
const UNCHANGED_ANSWERS = 10;

export class Settling {
  #last: string | undefined;
  #unchangedCount = 0;

  /** Takes note of an answer; true when it is one too many that says nothing new. */
  note(answer: unknown): boolean {
    const text = JSON.stringify(answer);
    this.#unchangedCount = text === this.#last ? this.#unchangedCount + 1 : 0;
    this.#last = text;
    return this.isSettled;
  }

  get isSettled(): boolean {
    return this.#unchangedCount >= UNCHANGED_ANSWERS;
  }

  /** Another row of answers begins. */
  restart(): void {
    this.#unchangedCount = 0;
  }
}
