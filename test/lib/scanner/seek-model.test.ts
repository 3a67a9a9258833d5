/** Seeks among everything else, with the journal begun anew all the time: what a restart finds is what was there. */
import { expect, test } from "vitest";
import type { Delivery, Scanner } from "../../../lib/index.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { openWork, reopenWork } from "../../support/work-fixture.ts";

const MESSAGES = 20;
const STEPS = 120;

function stateOf(scanner: Scanner) {
  const pending = scanner.pendingMessages(-1, MESSAGES).map(({ offset, deliveries }) => [offset, deliveries]);
  return { next: scanner.describe().next, pending };
}

test.each(Array.from({ length: 20 }, (_, index) => index + 1))("seed %i", async (seed) => {
  const random = seededRandom(seed);
  const below = (end: number): number => Math.floor(random() * end);
  const runtime = new ManualRuntime();
  const turns = async () => {
    for (let turn = below(3); turn > 0; turn--) await runtime.turn();
  };
  const disk = new MemoryDisk({ now: () => runtime.now(), schedule: turns });
  let faulty!: FaultyDisk;
  const seen = (inner: MemoryDisk) => {
    faulty = new FaultyDisk(inner);
    return faulty;
  };
  const request = { maxPending: MESSAGES };
  const fixture = await openWork(MESSAGES, request, {
    disk,
    runtime,
    seen,
    limits: { leaseJournalBytes: 60 },
  });
  const { scanner, topic } = fixture;
  const asked: Promise<unknown>[] = [];
  const ask = (asking: Promise<unknown>) => asked.push(asking.catch(() => {}));
  const held: Delivery[] = [];
  const steps = [
    () => ask(scanner.seek(below(MESSAGES))),
    () => ask(scanner.scan({ waitMs: 0 }).then((delivery) => delivery && held.push(delivery))),
    () => ask(scanner.scan({ waitMs: 0 }).then((delivery) => delivery && held.push(delivery))),
    () => held.shift()?.settle(random() < 0.6),
    () => ask(scanner.work.ack({ offsets: [below(MESSAGES)], lease: undefined })),
    () => ask(scanner.work.nack({ offsets: [below(MESSAGES)], lease: undefined }, below(2) * 1000, false)),
    () => runtime.turn(),
    () => runtime.turn(),
    () => faulty.plan({ code: "ENOSPC", kinds: ["write", "create"], path: /leases/, nth: 1 + below(2) }),
  ];
  for (let step = 0; step < STEPS; step++) await steps[below(steps.length)]!();
  faulty.plan();
  await Promise.all([...asked, runtime.advance(5000)]);
  await topic.sync();
  const killed = await reopenWork(disk.crashProcess(), fixture);
  expect(stateOf(killed.scanner)).toEqual(stateOf(scanner));
});
