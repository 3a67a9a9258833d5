import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../lib/limits.ts";
import { compress, decompress, inlineOffload, type Offload } from "../../../lib/message/compression.ts";
import { COMPRESSION_GZIP, COMPRESSION_NONE, COMPRESSION_SNAPPY } from "../../../lib/message/message.ts";
import { threadPoolOffload } from "../../../lib/message/thread-pool-offload.ts";
import { UnpackError } from "../../../lib/message/unpack-error.ts";
import "../../support/fixed-seed.ts";

const INLINE_BYTES = LIMITS.inlineCompressionBytes;
const MAX_BYTES = 1 << 20;
const PACKED = [COMPRESSION_GZIP, COMPRESSION_SNAPPY] as const;
const OFFLOADS: [string, Offload][] = [
  ["inline", inlineOffload],
  ["on the thread pool", threadPoolOffload],
];

/** Fails the test when something is done elsewhere than on the spot. */
const noOffload: Offload = {
  compress: () => expect.unreachable("was not to be offloaded"),
  decompress: () => expect.unreachable("was not to be offloaded"),
  pause: () => expect.unreachable("was not to be offloaded"),
};

function isUnpackError(kind: UnpackError["kind"]): (error: unknown) => boolean {
  return (error) => error instanceof UnpackError && error.kind === kind;
}

async function failure(work: () => Buffer | Promise<Buffer>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return expect.unreachable("was to fail");
}

/** Bytes that do not compress, of a fixed seed. */
function noise(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = 0x9e3779b9;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

describe.each(OFFLOADS)("packed and unpacked %s", (_, offload) => {
  test.each(PACKED)("bytes come back with type %i", async (type) => {
    const parts = fc.array(
      fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(Buffer.alloc(5000, "ab"))),
    );
    await fc.assert(
      fc.asyncProperty(parts, async (all) => {
        const bytes = Buffer.concat(all);
        const packed = await offload.compress(type, bytes);
        const unpacked = await offload.decompress(type, packed, Math.max(bytes.length, 1));
        expect(unpacked.equals(bytes)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test.each(PACKED)("large ones come back with type %i", async (type) => {
    for (const bytes of [Buffer.alloc(300_000, "netlog "), noise(200_000), noise(65_536), noise(65_537)]) {
      const packed = await offload.compress(type, bytes);
      expect((await offload.decompress(type, packed, MAX_BYTES)).equals(bytes)).toBe(true);
    }
  });

  test.each(PACKED)("a hard limit stops what unpacks to more with type %i", async (type) => {
    const packed = await offload.compress(type, Buffer.alloc(200_000));
    expect(await offload.decompress(type, packed, 200_000)).toHaveLength(200_000);
    const error = await failure(() => offload.decompress(type, packed, 199_999));
    expect(error).toSatisfy(isUnpackError("too_large"));
  });

  test.each(PACKED)("every cut of data of type %i is found", async (type) => {
    const packed = await offload.compress(type, Buffer.from("some text, some text, some text"));
    for (let length = 0; length < packed.length; length++) {
      // A snappy stream may end after any chunk: here that is the identifier, which unpacks to nothing.
      if (type === COMPRESSION_SNAPPY && length === 10) continue;
      const error = await failure(() => offload.decompress(type, packed.subarray(0, length), MAX_BYTES));
      expect(error, `${length} bytes`).toSatisfy(isUnpackError("corrupt"));
    }
  });

  test("all members of gzip data are unpacked", async () => {
    const packed = Buffer.concat([gzipSync("one "), gzipSync(""), gzipSync("two")]);
    expect((await offload.decompress(COMPRESSION_GZIP, packed, MAX_BYTES)).toString()).toBe("one two");
  });

  test.each([
    ["zeros", Buffer.alloc(5)],
    ["garbage", Buffer.from("garbage")],
    ["half a header", Buffer.from([0x1f, 0x8b])],
    ["a zero and another member", Buffer.concat([Buffer.alloc(1), gzipSync("two")])],
  ])("%s behind gzip data are refused", async (_name, behind) => {
    const packed = Buffer.concat([gzipSync("one"), behind]);
    const error = await failure(() => offload.decompress(COMPRESSION_GZIP, packed, MAX_BYTES));
    expect(error).toSatisfy(isUnpackError("corrupt"));
  });
});

test("type 1 is the bytes themselves, within the limit", () => {
  const bytes = noise(INLINE_BYTES + 1);
  expect(compress(COMPRESSION_NONE, bytes, noOffload, LIMITS)).toBe(bytes);
  expect(decompress(COMPRESSION_NONE, bytes, bytes.length, noOffload, LIMITS)).toBe(bytes);
  expect(() => decompress(COMPRESSION_NONE, bytes, bytes.length - 1, noOffload, LIMITS)).toThrow(UnpackError);
});

describe.each(PACKED)("type %i", (type) => {
  test("is packed and unpacked at once when it is little", () => {
    const bytes = Buffer.alloc(INLINE_BYTES, "little");
    const packed = compress(type, bytes, noOffload, LIMITS) as Buffer;
    expect((decompress(type, packed, MAX_BYTES, noOffload, LIMITS) as Buffer).equals(bytes)).toBe(true);
  });

  test("is packed elsewhere when it is much", async () => {
    const bytes = Buffer.alloc(INLINE_BYTES + 1, "much");
    const calls: string[] = [];
    const offload: Offload = {
      pause: inlineOffload.pause,
      compress(...call) {
        calls.push("compress");
        return inlineOffload.compress(...call);
      },
      decompress(...call) {
        calls.push("decompress");
        return inlineOffload.decompress(...call);
      },
    };
    const packed = await compress(type, bytes, offload, LIMITS);
    expect(packed.length).toBeLessThan(INLINE_BYTES);
    expect((await decompress(type, packed, MAX_BYTES, offload, LIMITS)).equals(bytes)).toBe(true);
    expect(calls).toEqual(["compress", "decompress"]);
  });

  test("is refused without asking elsewhere when it is little and too much", () => {
    const packed = compress(type, Buffer.alloc(1000), noOffload, LIMITS) as Buffer;
    expect(() => decompress(type, packed, 999, inlineOffload, LIMITS)).toThrow(
      expect.toSatisfy(isUnpackError("too_large")),
    );
  });
});

test("gzip data that claims to be little is unpacked elsewhere when it is not", async () => {
  const packed = gzipSync(Buffer.alloc(INLINE_BYTES * 3));
  // The members' sum counts, the size at the end is that of the last one alone.
  const lying = Buffer.concat([packed, gzipSync("x")]);
  const unpacked = await decompress(COMPRESSION_GZIP, lying, MAX_BYTES, threadPoolOffload, LIMITS);
  expect(unpacked).toHaveLength(INLINE_BYTES * 3 + 1);
  const error = await failure(() =>
    decompress(COMPRESSION_GZIP, lying, INLINE_BYTES * 3, threadPoolOffload, LIMITS),
  );
  expect(error).toSatisfy(isUnpackError("too_large"));
});

test("gzip is what every gunzip reads", () => {
  const packed = compress(COMPRESSION_GZIP, Buffer.from("netlog"), noOffload, LIMITS) as Buffer;
  expect(gunzipSync(packed).toString()).toBe("netlog");
});

test("little that comes out of gzip keeps no large buffer alive", async () => {
  for (const [, offload] of OFFLOADS) {
    const unpacked = await offload.decompress(COMPRESSION_GZIP, gzipSync("little"), MAX_BYTES);
    expect(unpacked.buffer.byteLength).toBeLessThan(16_384);
  }
});
