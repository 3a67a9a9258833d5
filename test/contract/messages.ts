/** NetLog's own messages as a client makes them: a 9-byte header and the payload. */
import { crc32 } from "node:zlib";

export function binaryMessage(payload: string | Buffer): Buffer {
  return wrap(0, Buffer.from(payload));
}

/** A message set of messages that are packed as `compression` tells. */
export function binarySet(compression: number, packed: Buffer): Buffer {
  return wrap(compression, packed);
}

function wrap(compver: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header[0] = compver;
  header.writeUInt32BE(crc32(payload), 1);
  header.writeUInt32BE(payload.length, 5);
  return Buffer.concat([header, payload]);
}
