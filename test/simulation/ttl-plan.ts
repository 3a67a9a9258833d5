/** Topics that end by themselves, as operations of a plan. */
import fc from "fast-check";
import type { TopicSettings } from "../../lib/index.ts";
import type { Operation } from "./plan.ts";
import { LONGER_THAN_PLANS } from "./terms-plan.ts";

/** A client publishes or reads for so long, as far as the topic's ttl is concerned. */
export interface Use {
  readonly kind: "use";
  readonly topic: number;
  readonly ms: number;
}

const TTL = "3s";

export function sometimesWithTtl(
  settings: fc.Arbitrary<Partial<TopicSettings>>,
): fc.Arbitrary<Partial<TopicSettings>> {
  const ttl = fc.constantFrom({}, {}, {}, {}, {}, { ttl: TTL });
  return fc.tuple(settings, ttl).map(([others, own]) => ({ ...others, ...own }));
}

export const use: fc.Arbitrary<Use> = fc.record({
  kind: fc.constant("use" as const),
  topic: fc.constantFrom(0, 0, 0, 1),
  ms: fc.constantFrom(0, 1100, 6000),
});

/** Time passes a ttl, or nearly, while the disk may answer for a while only; and a crash within the deletion, or behind. */
export const endsByItself: fc.Arbitrary<Operation[]> = fc
  .record({
    durability: fc.constantFrom("synced" as const, "written" as const),
    usedMs: fc.constantFrom(undefined, 0, 1100, 6000),
    answers: fc.constantFrom(undefined, undefined, 0, 1, 2, 3, 5, 8, 12),
    ms: fc.constantFrom(1100, 2999, 3000, 6000),
    after: fc.constantFrom("nothing", "create", "delete"),
    level: fc.constantFrom("power" as const, "process" as const),
    seed: fc.noShrink(fc.noBias(fc.nat())),
  })
  .map(({ durability, usedMs, answers, ms, after, level, seed }): Operation[] => [
    { kind: "delete", topic: 1, force: true },
    { kind: "create", topic: 1, settings: { durability, ttl: TTL, idempotency_window: LONGER_THAN_PLANS } },
    {
      kind: "publish",
      topic: 1,
      sizes: [20, 400],
      durability: undefined,
      batch: undefined,
      forgery: undefined,
      waits: true,
      stale: false,
    },
    ...(usedMs === undefined ? [] : [{ kind: "use", topic: 1, ms: usedMs } as const]),
    ...(answers === undefined ? [] : [{ kind: "stall", after: answers } as const]),
    { kind: "pass", ms },
    ...(after === "create" ? [{ kind: "create", topic: 1, settings: {} } as const] : []),
    ...(after === "delete" ? [{ kind: "delete", topic: 1, force: false } as const] : []),
    { kind: "crash", crash: { level, seed }, interrupted: undefined, again: undefined },
  ]);
