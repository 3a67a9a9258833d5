/**
 * Shares the event loop among long work that is done in pieces: in each turn of the loop as many of them go on as fit
 * into a few ms, first come, first served, so that a hundred long answers keep other requests waiting no longer than
 * one does.
 */

/** So many bytes are a piece of work, of one or two ms; a message counts as so many beside its own. */
export const PIECE_WORK_BYTES: number = 128 * 1024;
export const MESSAGE_WORK_BYTES = 100;
/** Bytes that are only summed, copied or written are a longer piece; up to twice as many are dealt with in one go. */
export const PLAIN_PIECE_BYTES: number = 512 * 1024;
export const LONG_BYTES: number = 2 * PLAIN_PIECE_BYTES;

/** Pieces of one turn begin within this. The longest hold is this and one piece. */
const SHARE_MS = 5;
/** What a piece lets a connection bring takes its time later in the turn: a ms for so many bytes, read and decrypted. */
const COMING_BYTES_PER_MS = 256 * 1024;

interface Waiting {
  readonly goOn: () => void;
  readonly comingMs: number;
}

export class LoopShare {
  readonly #elapsedMs: () => number;
  readonly #endOfTurn: (run: () => void) => void;
  /** Those that wait for their turn; `#first` is the place of the one that is next. */
  #waiting: Waiting[] = [];
  #first = 0;
  #isShort = false;

  constructor(elapsedMs: () => number, endOfTurn: (run: () => void) => void) {
    this.#elapsedMs = elapsedMs;
    this.#endOfTurn = endOfTurn;
  }

  /**
   * Resolves when it is the caller's turn: what arrived meanwhile was handled before. The caller then lets a connection
   * bring `comingBytes`.
   */
  pause(comingBytes = 0): Promise<void> {
    return new Promise((goOn) => {
      this.#waiting.push({ goOn, comingMs: comingBytes / COMING_BYTES_PER_MS });
      if (this.#waiting.length === 1) this.#endOfTurn(this.#turn);
    });
  }

  /** In this turn of the loop one piece goes on and no more: something may wait for the next turn. */
  shorten(): void {
    this.#isShort = true;
  }

  readonly #turn = (): void => {
    void this.#runTurn();
  };

  async #runTurn(): Promise<void> {
    let endMs = this.#elapsedMs() + (this.#isShort ? 0 : SHARE_MS);
    this.#isShort = false;
    // Those that come meanwhile belong to the next turn.
    const last = this.#waiting.length;
    do {
      const { goOn, comingMs } = this.#waiting[this.#first++]!;
      endMs -= comingMs;
      goOn();
      // The piece is done in the microtask that this lets pass, for its caller awaits the promise itself.
      await undefined;
    } while (this.#first < last && this.#elapsedMs() < endMs);
    this.#waiting.splice(0, this.#first);
    this.#first = 0;
    if (this.#waiting.length > 0) this.#endOfTurn(this.#turn);
  }
}
