import { PLAIN_PIECE_BYTES } from "./loop-share.ts";

/** Copies long bytes to `position` of `target`, with the event loop given back in between. */
export async function copyInPieces(
  bytes: Uint8Array,
  target: Uint8Array,
  position: number,
  pause: () => Promise<void>,
): Promise<void> {
  for (let start = 0; start < bytes.length; start += PLAIN_PIECE_BYTES) {
    if (start > 0) await pause();
    target.set(bytes.subarray(start, start + PLAIN_PIECE_BYTES), position + start);
  }
}
