/** SHA-256 of a body as it is after unpacking, which tells the bodies of one idempotency key apart. */
import { createHash, type Hash } from "node:crypto";
import { KiB, PIECE_WORK_BYTES, type Runtime, sha256 } from "../../lib/index.ts";

/** What else has to be the same: the same bytes may mean something else. */
export type BodyMeaning = readonly (string | boolean | null)[];

/** Room for the meaning and the body of most requests: to join them in memory of their own takes as long as the sum. */
const scratch = Buffer.allocUnsafeSlow(16 * KiB);
const MOST_BYTES_OF_CHARACTER = 3;

/** The digest of a whole body, of little work. */
export function digestOf(meaning: BodyMeaning, body: Uint8Array): Buffer {
  const text = beginning(meaning);
  if (text.length * MOST_BYTES_OF_CHARACTER + body.length > scratch.length) {
    return sha256(Buffer.concat([Buffer.from(text), body]));
  }
  const textBytes = scratch.write(text);
  scratch.set(body, textBytes);
  return sha256(scratch.subarray(0, textBytes + body.length));
}

function beginning(meaning: BodyMeaning): string {
  return `${JSON.stringify(meaning)}\n`;
}

export class BodyDigest {
  readonly #hash: Hash = createHash("sha256");

  constructor(meaning: BodyMeaning) {
    this.#hash.update(beginning(meaning));
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
