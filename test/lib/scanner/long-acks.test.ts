import { expect, it } from "vitest";
import type { BulkDelivery, Scanner } from "../../../lib/index.ts";
import { HeldPauses } from "../../support/held-pauses.ts";
import { openWork } from "../../support/work-fixture.ts";

const COUNT = 3000;
const ALL = Array.from({ length: COUNT }, (_, offset) => offset);

async function leaseTogether(scanner: Scanner): Promise<BulkDelivery> {
  const delivery = (await scanner.scanMany({ waitMs: 0, max: COUNT, take: () => true }))!;
  delivery.settle(true);
  return delivery;
}

async function openLeased() {
  const fixture = await openWork(COUNT + 1, { maxPending: 10_000 });
  const { lease } = await leaseTogether(fixture.scanner);
  return { ...fixture, lease, pauses: new HeldPauses(fixture.runtime) };
}

it.each([
  ["ack", (scanner: Scanner) => scanner.work.ack({ offsets: ALL, lease: undefined })],
  ["nack", (scanner: Scanner) => scanner.work.nack({ offsets: ALL, lease: undefined }, 60_000, false)],
  ["touch", (scanner: Scanner) => scanner.work.touch({ offsets: ALL, lease: undefined })],
])("%s of many messages gives the event loop back in between", async (_verb, act) => {
  const { scanner, pauses } = await openLeased();
  const acting = act(scanner);
  await new Promise((resolve) => setImmediate(resolve));
  expect(pauses.heldCount).toBe(1);
  pauses.release();
  expect(await acting).toEqual({ settled: COUNT, refused: [] });
  expect(pauses.count).toBeGreaterThanOrEqual(2 * (COUNT / 500));
});

it("an ack of all that a lease holds gives the event loop back in between", async () => {
  const { scanner, lease, pauses } = await openLeased();
  pauses.release();
  expect(await scanner.work.ack({ offsets: undefined, lease: lease! })).toEqual({
    settled: COUNT,
    refused: [],
  });
  expect(pauses.count).toBeGreaterThanOrEqual(2 * (COUNT / 500));
  expect(scanner.describe().pending).toBe(0);
});

it("of many messages none is settled when one was never given out", async () => {
  const { scanner, pauses } = await openLeased();
  pauses.release();
  const acking = scanner.work.ack({ offsets: [...ALL, COUNT + 7], lease: undefined });
  await expect(acking).rejects.toMatchObject({ code: "offset_not_found" });
  expect(scanner.describe().pending).toBe(COUNT);
});

it("what a seek takes back while many messages are settled is refused, and the others are settled", async () => {
  const { scanner, pauses } = await openLeased();
  const acking = scanner.work.ack({ offsets: ALL, lease: undefined });
  for (let slices = 0; slices < COUNT / 500 + 3; slices++) await pauses.step();
  expect(scanner.describe().pending).toBe(COUNT);
  await scanner.seek(1000);
  pauses.release();
  const refused = ALL.slice(1000);
  expect(await acking).toEqual({ settled: 1000, refused });
});
