import fc from "fast-check";
import { expect, test } from "vitest";
import { BodyBuffer, freeBody } from "../../../server/http/body-buffer.ts";
import "../../support/fixed-seed.ts";

const piece = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.uint8Array({ minLength: 40_000, maxLength: 40_010 }),
);

test("a body is its pieces, behind the room asked for, whether its length was told or not", () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 5 }),
      fc.boolean(),
      fc.constantFrom(0, 9),
      (pieces, isTold, room) => {
        const whole = Buffer.concat(pieces);
        const body = new BodyBuffer(isTold ? whole.length : undefined, whole.length + 100, room);
        for (const each of pieces) body.add(Buffer.from(each));
        const bytes = body.bytes();
        expect(bytes.equals(whole)).toBe(true);
        expect(bytes.byteOffset).toBeGreaterThanOrEqual(room);
      },
    ),
  );
});

test("a body of one piece is that piece, and a large one of unknown length is in one buffer from early on", () => {
  const only = Buffer.from("all of it");
  const single = new BodyBuffer(only.length, 100, 0);
  single.add(only);
  expect(single.bytes()).toBe(only);
  const large = new BodyBuffer(undefined, 1_000_000, 0);
  const part = Buffer.alloc(50_000, 1);
  for (let i = 0; i < 3; i++) large.add(part);
  const { length } = large.bytes();
  expect(length).toBe(150_000);
  part.fill(2);
  expect(large.bytes().includes(2)).toBe(false);
});

test.each([200_000, undefined])(
  "a large body is freed at once, declared length %s, and no other memory is",
  (declared) => {
    const piece = Buffer.alloc(200_000, 1);
    const bodies = [new BodyBuffer(declared, 300_000, 9), new BodyBuffer(declared, 300_000, 9)];
    for (const body of bodies) body.add(piece);
    const [read, dropped] = bodies.map((body) => body.bytes());
    freeBody(read!);
    bodies[1]!.drop();
    expect([read!.buffer.byteLength, dropped!.buffer.byteLength]).toEqual([0, 0]);
    const single = new BodyBuffer(piece.length, 300_000, 0);
    single.add(piece);
    expect(single.bytes()).toBe(piece);
    freeBody(piece);
    single.drop();
    expect(piece).toHaveLength(200_000);
  },
);
