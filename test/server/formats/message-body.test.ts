import { describe, expect, it } from "vitest";
import type { Message } from "../../../lib/index.ts";
import { encodeFields } from "../../../lib/message/fields.ts";
import { requireEncoding } from "../../../server/formats/encodings.ts";
import { MessageBody } from "../../../server/formats/message-body.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const LARGE_BYTES = 300 * KIB;
const FIELD_BYTES = encodeFields({ headers: [["x-meta-a", "v".repeat(7000)]] });

/** Memory of `mostBytes`; `usedBytes` is what the body says that it uses, `heldBytes` what it holds of payloads. */
class ToldMemory {
  readonly #mostBytes: number;
  usedBytes = 0;
  heldBytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  mayUse(bytes: number): boolean {
    if (bytes > this.#mostBytes) return false;
    this.usedBytes = Math.max(this.usedBytes, bytes);
    return true;
  }

  shrinkTo(bytes: number): void {
    this.usedBytes = Math.min(this.usedBytes, bytes);
  }

  hold({ length }: Buffer): boolean {
    this.heldBytes += length;
    return true;
  }

  release({ length }: Buffer): void {
    this.heldBytes -= length;
  }

  pause(): Promise<void> {
    return Promise.resolve();
  }
}

function message(offset: number, payloadBytes: number, fieldBytes: Buffer | undefined): Message {
  return { offset, timestampMs: 0, crc32: 0, payload: Buffer.alloc(payloadBytes, "x"), fieldBytes };
}

/** Takes a large message, and small ones with `fieldBytes` behind it until no more fit in. */
function fill(format: "ndjson" | "json" | "lines", memory: ToldMemory, fieldBytes: Buffer | undefined) {
  const bounds = { max: 100_000, maxBytes: 8 * MIB };
  const body = new MessageBody(requireEncoding(format), bounds, memory);
  expect(body.take(message(0, LARGE_BYTES, undefined))).toBe(true);
  let smallCount = 0;
  while (body.take(message(1 + smallCount, 1, fieldBytes))) smallCount += 1;
  return { body, smallCount };
}

describe("a body of messages behind a large one", () => {
  it.each(["ndjson", "json"] as const)("holds no more fields than it may write: %s", async (format) => {
    const memory = new ToldMemory(256 * MIB);
    const { body, smallCount } = fill(format, memory, FIELD_BYTES);
    expect(smallCount * FIELD_BYTES.length).toBeLessThanOrEqual(8 * MIB - LARGE_BYTES);
    expect(smallCount * FIELD_BYTES.length).toBeGreaterThan(7 * MIB);
    expect(memory.usedBytes).toBeGreaterThan(smallCount * FIELD_BYTES.length);
    await body.render();
    const writtenBytes = body.close().reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
    expect(memory.usedBytes).toBeLessThanOrEqual(writtenBytes);
    expect(memory.heldBytes).toBe(0);
  });

  it("ends where there is no memory for the fields of one more, and leaves them where the first needs it", async () => {
    const memory = new ToldMemory(2 * MIB);
    const { body, smallCount } = fill("ndjson", memory, FIELD_BYTES);
    expect(smallCount * FIELD_BYTES.length).toBeLessThan(2 * MIB);
    expect(smallCount).toBeGreaterThan(100);
    expect(await body.render()).toBe(false);
    expect([body.count, body.nextOffset]).toEqual([1, 1]);
    expect(memory.heldBytes).toBe(0);
  });

  it("counts a message that is held, however small it is", () => {
    const memory = new ToldMemory(2 * MIB);
    const { smallCount } = fill("ndjson", memory, undefined);
    expect(smallCount).toBeLessThan((2 * MIB) / 300);
  });

  it("holds no fields in a format that does not write them", () => {
    const memory = new ToldMemory(64 * MIB);
    const { smallCount } = fill("lines", memory, FIELD_BYTES);
    expect(smallCount).toBe(100_000 - 1);
    expect(memory.usedBytes).toBeLessThan(40 * MIB);
  });
});
