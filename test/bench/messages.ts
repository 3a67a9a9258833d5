/** The messages of all workloads, told apart by their place, so that a reader can check every byte. */
import { crc32 } from "node:zlib";

const HEADER_BYTES = 9;
/** After so many messages a topic's contents repeat. */
export const CYCLE = 1000;

/** Printable, so that it can be a line or an argument; message `place` of a cycle. */
export function payloadOf(place: number, sizeBytes: number): string {
  return `${String(place % CYCLE).padStart(4, "0")} `.repeat(Math.ceil(sizeBytes / 5)).slice(0, sizeBytes);
}

export function cycleOf(sizeBytes: number): string[] {
  return Array.from({ length: CYCLE }, (_, place) => payloadOf(place, sizeBytes));
}

/** A cycle as NetLog's own messages: the body of a batch. */
export function binaryCycle(sizeBytes: number): Buffer {
  return Buffer.concat(
    cycleOf(sizeBytes).map((text) => {
      const payload = Buffer.from(text);
      const header = Buffer.alloc(HEADER_BYTES);
      header.writeUInt32BE(crc32(payload), 1);
      header.writeUInt32BE(payload.length, 5);
      return Buffer.concat([header, payload]);
    }),
  );
}

export function linesOf(payloads: readonly string[]): Buffer {
  return Buffer.from(payloads.map((payload) => `${payload}\n`).join(""));
}
