/** SHA-256 of a body as it is after unpacking, which tells the bodies of one idempotency key apart. */
import { createHash, type Hash } from "node:crypto";
import { PIECE_WORK_BYTES, type Runtime } from "../../lib/index.ts";

export class BodyDigest {
  readonly #hash: Hash = createHash("sha256");

  /** `meaning` is what else has to be the same: the same bytes may mean something else. */
  constructor(meaning: readonly (string | boolean | null)[]) {
    this.#hash.update(`${JSON.stringify(meaning)}\n`);
  }

  /** A piece, of little work. */
  add(piece: Uint8Array): void {
    this.#hash.update(piece);
  }

  /** All of a body, with the event loop given back in between. */
  async addAll(body: Uint8Array, { pause }: Pick<Runtime, "pause">): Promise<void> {
    for (let start = 0; start < body.length; start += PIECE_WORK_BYTES) {
      if (start > 0) await pause();
      this.add(body.subarray(start, start + PIECE_WORK_BYTES));
    }
  }

  /** To be called once. */
  end(): Buffer {
    return this.#hash.digest();
  }
}
