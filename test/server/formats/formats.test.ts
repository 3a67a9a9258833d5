import { isUtf8 } from "node:buffer";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Message } from "../../../lib/index.ts";
import { ByteWriter } from "../../../server/formats/byte-writer.ts";
import type { Encoding } from "../../../server/formats/encoding.ts";
import { requireEncoding } from "../../../server/formats/encodings.ts";
import { MessageBody } from "../../../server/formats/message-body.ts";
import { MessagePieces } from "../../../server/formats/message-pieces.ts";
import { STEP_BYTES, TEXT_BYTES } from "../../../server/formats/steps.ts";
import "../../support/fixed-seed.ts";

const KIB = 1024;
const FORMATS = ["ndjson", "json", "lines", "sse"] as const;

/** Bytes that a cut could fall into: each is a unit that may stand anywhere in a payload. */
const UNITS = [
  "a",
  "é",
  "€",
  "\u{1F600}",
  "\ufeff",
  "\u2028",
  '"',
  "\\",
  "\0",
  "\t",
  "\x7f",
  "\n",
  "\r",
  "\r\n",
  "\n\n",
].map((text) => Buffer.from(text));
/** Not UTF-8: stray, cut and overlong sequences, half of a surrogate pair. */
const BROKEN = [
  [0x80],
  [0xff],
  [0xc3],
  [0xe2, 0x82],
  [0xf0, 0x9f, 0x98],
  [0xc0, 0x80],
  [0xed, 0xa0, 0x80],
].map((bytes) => Buffer.from(bytes));

function messageOf(payload: Buffer, offset = 7): Message {
  return { offset, timestampMs: 1_780_000_000_123, crc32: crc32(payload), payload, fieldBytes: undefined };
}

/** What the format is, told by what the language has for it, whole. */
function told(
  format: (typeof FORMATS)[number],
  { offset, timestampMs, crc32: crc, payload }: Message,
): string {
  const isText = isUtf8(payload);
  switch (format) {
    case "lines":
      return `${payload.toString("latin1")}\n`;
    case "sse": {
      if (!isText || payload.includes("\r")) {
        return `id: ${offset}\nevent: base64\ndata: ${payload.toString("base64")}\n\n`;
      }
      const lines = payload.toString("latin1").split("\n");
      return `id: ${offset}\n${lines.map((line) => `data: ${line}\n`).join("")}\n`;
    }
    default: {
      const content = isText
        ? { payload: payload.toString() }
        : { payload_base64: payload.toString("base64") };
      const timestamp = new Date(timestampMs).toISOString();
      const json = JSON.stringify({ offset, timestamp, crc32: crc, ...content });
      return `${Buffer.from(json).toString("latin1")}${format === "ndjson" ? "\n" : ""}`;
    }
  }
}

function whole(encoding: Encoding, message: Message): string {
  const writer = new ByteWriter();
  encoding.encode(writer, message, true);
  return writer.view.toString("latin1");
}

/** The steps' bytes, the writer emptied behind each, as a stream does. */
function inSteps(encoding: Encoding, message: Message): string {
  const writer = new ByteWriter();
  let text = "";
  for (const steps = encoding.encodeInSteps(writer, message, true); ; writer.truncate(0)) {
    const { done } = steps.next();
    expect(writer.length).toBeLessThanOrEqual(STEP_BYTES);
    text += writer.view.toString("latin1");
    if (done === true) return text;
  }
}

/** Memory without end. */
const memory = {
  mayUse: () => true,
  giveBack: () => {},
  hold: () => true,
  shrinkTo: () => {},
  release: () => {},
  pause: () => Promise.resolve(),
};

describe.each(FORMATS)("a payload as %s", (format) => {
  const encoding = requireEncoding(format);

  test("is the same in steps as whole, whatever bytes stand where a step ends", () => {
    for (const unit of [...UNITS, ...BROKEN]) {
      for (let shift = 0; shift <= unit.length; shift++) {
        const before = Buffer.alloc(TEXT_BYTES - shift, "x");
        for (const behind of ["", "x", "\n"]) {
          const message = messageOf(Buffer.concat([before, unit, Buffer.from(behind)]));
          const expected = told(format, message);
          expect(inSteps(encoding, message), `${unit.toString("hex")} ${shift}`).toBe(expected);
          expect(whole(encoding, message)).toBe(expected);
        }
      }
    }
  });

  test.each([
    ["ASCII", Buffer.from("x")],
    ["what JSON escapes", Buffer.from("\u0001")],
    ["empty lines", Buffer.from("\n")],
    ["characters of four bytes", Buffer.from("\u{1F600}")],
    ["bytes that are no text", Buffer.from([0xff, 0xfe])],
    ["carriage returns", Buffer.from("\r")],
  ])("of %s becomes no longer than the format says, in steps that are small", (_name, unit) => {
    for (const bytes of [1, 3 * TEXT_BYTES, 300 * KIB + 1]) {
      const message = messageOf(Buffer.alloc(bytes - (bytes % unit.length) || unit.length, unit));
      const text = inSteps(encoding, message);
      expect(text).toBe(told(format, message));
      expect(text.length).toBeLessThanOrEqual(encoding.mostBytes(message.payload.length));
    }
  });

  test("of any bytes is the same in steps, whole, in a body and in the pieces of a stream", async () => {
    const unit = fc.constantFrom(...UNITS, ...UNITS, ...BROKEN);
    const run = fc
      .tuple(unit, fc.nat(20_000))
      .map(([bytes, count]) => Buffer.alloc(bytes.length * count, bytes));
    const payload = fc
      .array(fc.oneof(unit, run), { minLength: 1, maxLength: 30 })
      .map((parts) => Buffer.concat(parts))
      .filter(({ length }) => length > 0);
    await fc.assert(
      fc.asyncProperty(fc.array(payload, { minLength: 1, maxLength: 4 }), async (payloads) => {
        const messages = payloads
          .map((bytes, offset) => messageOf(bytes, offset))
          .filter((message) => encoding.refusal?.(message.payload) === undefined);
        const texts = messages.map((message) => told(format, message));
        for (const [i, message] of messages.entries()) {
          expect(inSteps(encoding, message) === texts[i]).toBe(true);
          expect(whole(encoding, message) === texts[i]).toBe(true);
        }
        const expected = texts.join(format === "json" ? "," : "");
        expect(
          (await inBody(encoding, messages)) === `${encoding.opening}${expected}${encoding.closing}`,
        ).toBe(true);
        expect(inPieces(encoding, messages) === expected).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

async function inBody(encoding: Encoding, messages: readonly Message[]): Promise<string> {
  const body = new MessageBody(encoding, { max: 1000, maxBytes: Number.POSITIVE_INFINITY }, memory);
  for (const message of messages) expect(body.take(message)).toBe(true);
  expect(await body.render()).toBe(true);
  return Buffer.concat(body.close()).toString("latin1");
}

function inPieces(encoding: Encoding, messages: readonly Message[]): string {
  const maxBytes = 512 * KIB;
  const pieces = new MessagePieces(encoding, { max: 1000, maxBytes }, memory);
  let text = "";
  const waiting = [...messages];
  while (waiting.length > 0 || pieces.isOpen) {
    pieces.clear();
    while (pieces.fill());
    while (waiting[0] !== undefined && pieces.take(waiting[0], 0) !== false) {
      waiting.shift();
      while (pieces.fill());
    }
    expect(pieces.view.length).toBeGreaterThan(0);
    // The memory is what counts, and a view tells all of it.
    expect(pieces.view.buffer.byteLength).toBeLessThanOrEqual(maxBytes);
    text += pieces.view.toString("latin1");
  }
  return text;
}
