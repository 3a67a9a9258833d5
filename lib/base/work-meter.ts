/** Counts the work of something long, so that it gives the event loop back after each piece. */
import { PIECE_WORK_BYTES } from "./loop-share.ts";

export class WorkMeter {
  #bytes = 0;

  /** Adds work, in bytes as PIECE_WORK_BYTES has it. True when a piece is done: the caller is to pause. */
  isDue(bytes: number): boolean {
    this.#bytes += bytes;
    if (this.#bytes < PIECE_WORK_BYTES) return false;
    this.#bytes = 0;
    return true;
  }
}
