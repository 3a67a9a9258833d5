import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { binaryCycle, CYCLE, cycleOf, linesOf } from "../messages.ts";
import { type BodyCheck, checkFrames, checkLines, checkNdjson } from "./body-checks.ts";

const PAYLOADS = cycleOf(20);
const FRAMES = 3;

/** As lib/log/frame.ts and lib/message/message.ts draw it, with what the check looks at. */
function frame(place: number): Buffer {
  const batch = binaryCycle(20);
  const header = Buffer.alloc(49);
  header.write("NLF");
  header.writeBigUInt64BE(BigInt(place * CYCLE), 4);
  header.writeUInt32BE(CYCLE, 24);
  header.writeUInt32BE(9 + batch.length, 28);
  header.writeUInt32BE(crc32(header.subarray(0, 36)), 36);
  header.writeUInt32BE(crc32(batch), 41);
  return Buffer.concat([header, batch]);
}

function ndjson(): Buffer {
  const lines = Array.from({ length: FRAMES * CYCLE }, (_, offset) => {
    const payload = PAYLOADS[offset % CYCLE]!;
    const timestamp = "2026-11-20T23:27:59.023Z";
    return JSON.stringify({ offset, timestamp, crc32: crc32(payload), payload });
  });
  return Buffer.from(`${lines.join("\n")}\n`);
}

const CASES: readonly { name: string; body: Buffer; open: () => BodyCheck }[] = [
  {
    name: "frames",
    body: Buffer.concat(Array.from({ length: FRAMES }, (_, place) => frame(place))),
    open: () => checkFrames(PAYLOADS),
  },
  {
    name: "lines",
    body: linesOf(Array.from({ length: FRAMES * CYCLE }, (_, place) => PAYLOADS[place % CYCLE]!)),
    open: () => checkLines(PAYLOADS),
  },
  { name: "ndjson", body: ndjson(), open: () => checkNdjson(PAYLOADS) },
];

function run(check: BodyCheck, body: Buffer, pieceBytes: number): number {
  for (let at = 0; at < body.length; at += pieceBytes) check.take(body.subarray(at, at + pieceBytes));
  return check.end();
}

test.each(CASES)(
  "$name that came back as they were sent are counted, however they are cut",
  ({ body, open }) => {
    for (const pieceBytes of [7, 4096, body.length]) {
      expect(run(open(), body, pieceBytes)).toBe(FRAMES * CYCLE);
    }
  },
);

test.each(CASES)("a byte that came back as another one fails $name", ({ body, open }) => {
  for (const at of [5, body.length >> 1, body.length - 2]) {
    const changed = Buffer.from(body);
    changed[at]! ^= 1;
    expect(() => run(open(), changed, 4096)).toThrow("came back");
  }
});

test.each(CASES)("a last message that came back cut fails $name", ({ body, open }) => {
  expect(() => run(open(), body.subarray(0, -3), 4096)).toThrow("came back");
});
