import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { takeBody } from "../../../server/http/body.ts";
import { BodySource } from "../../../server/http/body-source.ts";
import type { IdleWatch } from "../../../server/http/idle-watch.ts";

const PIECE_BYTES = 64 * 1024;
const watch = { add: () => {}, remove: () => {} } as unknown as IdleWatch;

/** How often others had their turn while a body of so many pieces was taken. */
async function pausesOf(pieceCount: number): Promise<number> {
  const pieces = Array.from({ length: pieceCount }, (_, i) => Buffer.alloc(PIECE_BYTES, i));
  const source = new BodySource(Readable.from(pieces, { objectMode: false }) as IncomingMessage, undefined);
  let pauses = 0;
  const pause = async (): Promise<void> => {
    pauses += 1;
  };
  const sizeBytes = pieceCount * PIECE_BYTES;
  const body = await takeBody(source, sizeBytes, sizeBytes, watch, 0, () => {}, pause);
  expect(body.equals(Buffer.concat(pieces))).toBe(true);
  return pauses;
}

test("a long body gives way to others while it comes, and a short one does not", async () => {
  expect(await pausesOf(4)).toBe(0);
  expect(await pausesOf(64)).toBeGreaterThan(8);
});
