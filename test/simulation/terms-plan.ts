/** Publishing once, on conditions and for the last time, as operations of a plan. */
import fc from "fast-check";
import type { Operation } from "./plan.ts";

/** Numbers that a producer's client would send, relative to those of which it knows that they may be stored. */
export type ProducerStep = "next" | "again" | "gap" | "newEpoch" | "oldEpoch" | "newEpochAtOne";

export interface Submit {
  readonly kind: "submit";
  readonly topic: number;
  /** An attempt each, all on the same terms and in one turn. */
  readonly sizes: readonly number[];
  /** Each attempt is a batch of two messages. */
  readonly isBatch: boolean;
  readonly durability: "written" | "synced" | undefined;
  /** What makes a second attempt a duplicate, if anything does. */
  readonly once:
    | { readonly by: "key"; readonly key: number; readonly isOtherBody: boolean }
    | { readonly by: "producer"; readonly producer: number; readonly step: ProducerStep }
    | undefined;
  /** Next offset that it expects, relative to the one that is known. */
  readonly expects: number | undefined;
  readonly closes: boolean;
  readonly waits: boolean;
}

export interface Close {
  readonly kind: "close";
  readonly topic: number;
  readonly waits: boolean;
}

/** No plan passes so much time: the topic remembers each key for as long as a plan asks for it. */
export const LONGER_THAN_PLANS = "1day";

const topic = fc.constantFrom(0, 0, 0, 1);
const seldom = fc.constantFrom(false, false, false, false, false, false, true);

const once: fc.Arbitrary<Submit["once"]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(undefined) },
  {
    weight: 4,
    arbitrary: fc.record({
      by: fc.constant("key" as const),
      key: fc.nat({ max: 2 }),
      isOtherBody: seldom,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      by: fc.constant("producer" as const),
      producer: fc.nat({ max: 1 }),
      step: fc.constantFrom<ProducerStep>(
        "next",
        "next",
        "next",
        "next",
        "again",
        "again",
        "gap",
        "newEpoch",
        "oldEpoch",
        "newEpochAtOne",
      ),
    }),
  },
);

export const submit: fc.Arbitrary<Submit> = fc.record({
  kind: fc.constant("submit" as const),
  topic,
  sizes: fc.array(fc.constantFrom(12, 20, 60, 400, 2100), { minLength: 1, maxLength: 3 }),
  isBatch: seldom,
  durability: fc.constantFrom(undefined, undefined, "written" as const, "synced" as const),
  once,
  expects: fc.constantFrom(undefined, undefined, undefined, 0, 0, 1, -1),
  closes: fc.constantFrom(...Array<boolean>(24).fill(false), true),
  waits: fc.constantFrom(true, true, false),
});

/**
 * Appends that nothing has synced, remembered by a topic whose state is due, and a loss of power: what it takes from the
 * messages, the state must not remember.
 */
export const takenByPower: fc.Arbitrary<Operation[]> = fc
  .record({
    once: fc.array(once, { minLength: 2, maxLength: 7 }),
    again: fc.array(once, { minLength: 1, maxLength: 4 }),
    seeds: fc.tuple(fc.noShrink(fc.noBias(fc.nat())), fc.noShrink(fc.noBias(fc.nat()))),
  })
  .map(({ once: before, again, seeds: [first, second] }) => [
    { kind: "delete", topic: 1, force: true },
    { kind: "create", topic: 1, settings: { durability: "written", idempotency_window: LONGER_THAN_PLANS } },
    ...before.map((each) => unsynced(each)),
    powerCrash(first),
    ...again.map((each) => unsynced(each)),
    powerCrash(second),
  ]);

function unsynced(terms: Submit["once"]): Submit {
  return {
    kind: "submit",
    topic: 1,
    sizes: [20],
    isBatch: false,
    durability: "written",
    once: terms,
    expects: undefined,
    closes: false,
    waits: true,
  };
}

function powerCrash(seed: number): Operation {
  return { kind: "crash", crash: { level: "power", seed }, interrupted: undefined, again: undefined };
}

export const close: fc.Arbitrary<Close> = fc.record({
  kind: fc.constant("close" as const),
  topic,
  waits: fc.constantFrom(true, false),
});
