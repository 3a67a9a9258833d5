/**
 * What a simulated run does, as plain data, and how fast-check makes it: plain data shrinks well, prints well, and
 * leaves nothing to chance when it is carried out.
 */
import fc from "fast-check";
import type { TopicSettings } from "../../lib/index.ts";
import { type DeleteFork, deleteFork, type Fork, forkTopic } from "./fork-plan.ts";
import { type Forgery, forgery } from "./payload.ts";
import { type Close, close, LONGER_THAN_PLANS, type Submit, submit, takenByPower } from "./terms-plan.ts";
import { endsByItself, sometimesWithTtl, type Use, use } from "./ttl-plan.ts";

/** What a crash spares: `process` all writes, `power` what was synced, and of the rest what its seed says. */
export interface Crash {
  readonly level: "process" | "power";
  readonly seed: number;
}

export type Operation =
  | { readonly kind: "create"; readonly topic: number; readonly settings: Partial<TopicSettings> }
  | { readonly kind: "delete"; readonly topic: number; readonly force: boolean }
  | Fork
  | DeleteFork
  | { readonly kind: "settings"; readonly topic: number; readonly change: Partial<TopicSettings> }
  | {
      readonly kind: "publish";
      readonly topic: number;
      /** A message each, all in one turn. */
      readonly sizes: readonly number[];
      /** Undefined: the topic's own. */
      readonly durability: "written" | "synced" | undefined;
      /** All in one batch, packed like this. */
      readonly batch: 1 | 2 | 3 | undefined;
      /** The payloads are frames themselves. */
      readonly forgery: Forgery | undefined;
      /** Whether the next operation comes after the answer. */
      readonly waits: boolean;
      /** Through the handle of the topic's predecessor of the same name, where there is one. */
      readonly stale: boolean;
    }
  | Submit
  | Close
  | { readonly kind: "read"; readonly topic: number; readonly at: number; readonly stale: boolean }
  | {
      readonly kind: "createScanner";
      readonly topic: number;
      readonly from: "first" | "last" | "end";
      readonly persist: boolean;
    }
  | { readonly kind: "deleteScanner"; readonly scanner: number }
  | {
      readonly kind: "scan";
      readonly scanner: number;
      readonly count: number;
      readonly waitMs: number;
      /** When the answer is handed over: at once, not at all, or with a `settle` to come. */
      readonly settles: "yes" | "no" | "later";
      /** The client leaves when it has to wait. */
      readonly leaves: boolean;
    }
  | { readonly kind: "settle"; readonly scanner: number; readonly handedOver: boolean }
  | { readonly kind: "sync"; readonly topic: number }
  | { readonly kind: "check"; readonly topic: number }
  | { readonly kind: "pass"; readonly ms: number }
  | Use
  | { readonly kind: "jump"; readonly ms: number }
  /** No byte fits any more; and there is room again. */
  | { readonly kind: "fill" }
  | { readonly kind: "clear" }
  | {
      readonly kind: "fault";
      readonly of:
        | "write"
        | "sync"
        | "syncFolder"
        | "create"
        | "truncate"
        | "rename"
        | "read"
        | "open"
        | "remove";
      readonly code: "EIO" | "ENOSPC";
      readonly nth: number;
      readonly shortBytes: number;
    }
  /** The process dies within a write to a data file, of which the disk has so many bytes; a crash has to follow. */
  | { readonly kind: "kill"; readonly nth: number; readonly shortBytes: number }
  /** The disk answers so many operations more, then none, until a crash or the next `resume`. */
  | { readonly kind: "stall"; readonly after: number }
  | { readonly kind: "resume" }
  | { readonly kind: "reopen"; readonly again: Crash | undefined }
  | {
      readonly kind: "crash";
      readonly crash: Crash;
      /** The opening is broken off by another crash, after so many disk operations. */
      readonly interrupted: { readonly after: number; readonly crash: Crash } | undefined;
      /** Another crash follows as soon as everything was read. */
      readonly again: Crash | undefined;
    };

export interface Setup {
  readonly seed: number;
  /** Turns of the event loop that a disk operation takes at most. */
  readonly slownessTurns: number;
  readonly tailBytes: number;
  readonly openFiles: number;
}

export interface Plan {
  readonly setup: Setup;
  readonly operations: readonly Operation[];
}

/** Names are few, so that they are used again. */
export const TOPIC_NAMES = ["a", "b"] as const;

const SCENES_MAX = 45;

const seed = fc.noShrink(fc.noBias(fc.nat()));
const topic = fc.constantFrom(0, 0, 0, 1);
const scanner = fc.nat({ max: 3 });
const seldom = fc.constantFrom(false, false, false, false, false, false, true);
const crash: fc.Arbitrary<Crash> = fc.record({ level: fc.constantFrom("power", "process"), seed });
const again = fc
  .constantFrom(undefined, undefined, 1)
  .chain((x) => (x === undefined ? fc.constant(x) : crash));

const settings: fc.Arbitrary<Partial<TopicSettings>> = sometimesWithTtl(
  fc.record({
    durability: fc.constantFrom("synced", "synced", "written"),
    segment_size: fc.constantFrom(1024, 3000, 100_000),
    compression_type: fc.constantFrom(1, 1, 2, 3),
    batch_num_messages: fc.constantFrom(2, 100),
    batch_interval: fc.constantFrom("0s", "20ms"),
    segment_age: fc.constantFrom("30day", "30day", "4s"),
    retention_size: fc.constantFrom(0, 0, 0, 4000),
    idempotency_window: fc.constant(LONGER_THAN_PLANS),
  }),
);

/** Nothing of retention: what is dropped must be told from what was set. */
const change: fc.Arbitrary<Partial<TopicSettings>> = fc.record(
  {
    durability: fc.constantFrom("synced", "written"),
    segment_size: fc.constantFrom(1024, 3000, 100_000),
    compression_type: fc.constantFrom(1, 2, 3),
  },
  { requiredKeys: ["segment_size"] },
);

/** From one byte to more than a segment holds. */
const sizeBytes = fc.constantFrom(1, 12, 20, 20, 60, 60, 150, 400, 900, 2100, 5000);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("create"), topic, settings }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete"), topic, force: fc.boolean() }) },
  { weight: 4, arbitrary: forkTopic },
  { weight: 2, arbitrary: deleteFork },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("settings"), topic, change }) },
  {
    weight: 34,
    arbitrary: fc.record({
      kind: fc.constant("publish"),
      topic,
      sizes: fc.array(sizeBytes, { minLength: 1, maxLength: 4 }),
      durability: fc.constantFrom(undefined, undefined, "written", "synced"),
      batch: fc.constantFrom(undefined, undefined, undefined, undefined, 1, 2, 3),
      forgery: seldom.chain((is) => (is ? forgery : fc.constant(undefined))),
      waits: fc.constantFrom(true, true, false),
      stale: seldom,
    }),
  },
  { weight: 20, arbitrary: submit },
  { weight: 1, arbitrary: close },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("read"), topic, at: fc.nat({ max: 100 }), stale: seldom }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("createScanner"),
      topic,
      from: fc.constantFrom("first", "first", "last", "end"),
      persist: fc.constantFrom(true, true, false),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("deleteScanner"), scanner }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("scan"),
      scanner,
      count: fc.integer({ min: 1, max: 4 }),
      waitMs: fc.constantFrom(0, 0, 100),
      settles: fc.constantFrom("yes", "yes", "yes", "no", "later"),
      leaves: seldom,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("settle"), scanner, handedOver: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("sync"), topic }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("check"), topic }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("pass"), ms: fc.constantFrom(1, 30, 200, 1100, 6000) }),
  },
  { weight: 2, arbitrary: use },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("jump"),
      ms: fc.constantFrom(-1000, -3_600_000, 1000, 3_600_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fill") }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("clear") }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("fault"),
      of: fc.constantFrom(
        "write",
        "write",
        "sync",
        "sync",
        "syncFolder",
        "create",
        "truncate",
        "rename",
        "read",
        "open",
        "remove",
      ),
      code: fc.constantFrom("EIO", "ENOSPC"),
      nth: fc.constantFrom(1, 1, 1, 2, 3),
      shortBytes: fc.constantFrom(0, 5, 100, 100, 200),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("stall"), after: fc.nat({ max: 24 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("resume") }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("reopen"), again }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("crash"),
      crash,
      interrupted: fc
        .constantFrom(false, false, false, true)
        .chain((is) => (is ? fc.record({ after: fc.nat({ max: 30 }), crash }) : fc.constant(undefined))),
      again,
    }),
  },
);

/** Only what a stall holds up can be broken off in the middle. */
const brokenOff: fc.Arbitrary<Operation[]> = fc
  .record({
    after: fc.nat({ max: 22 }),
    heldUp: fc.oneof(
      fc.record({ kind: fc.constant("create" as const), topic: fc.constantFrom(0, 1, 1), settings }),
      fc.record({ kind: fc.constant("delete" as const), topic, force: fc.constant(true) }),
      forkTopic,
    ),
    first: crash,
    sizes: fc.array(sizeBytes, { minLength: 1, maxLength: 2 }),
    second: crash,
  })
  .map(({ after, heldUp, first, sizes, second }) => [
    { kind: "stall", after },
    heldUp,
    { kind: "crash", crash: first, interrupted: undefined, again: undefined },
    publishOf(heldUp.topic, sizes),
    { kind: "crash", crash: second, interrupted: undefined, again: undefined },
  ]);

/** A write of several frames of which the disk takes a part, and a loss of power not long after. */
const takenInPart: fc.Arbitrary<Operation[]> = fc
  .record({
    topic,
    shortBytes: fc.constantFrom(70, 100, 150, 300),
    refused: fc.array(fc.constantFrom(12, 20, 60), { minLength: 3, maxLength: 6 }),
    later: fc.array(sizeBytes, { maxLength: 2 }),
    crash,
  })
  .map(({ topic: concerned, shortBytes, refused, later, crash: last }) => [
    { kind: "fault", of: "write", code: "ENOSPC", nth: 1, shortBytes },
    publishOf(concerned, refused),
    ...later.map((size) => publishOf(concerned, [size])),
    { kind: "crash", crash: last, interrupted: undefined, again: undefined },
  ]);

/** A kill, or a loss of power, in the middle of a write that an adversary has chosen. */
const killedInWrite: fc.Arbitrary<Operation[]> = fc
  .record({
    topic,
    before: fc.array(sizeBytes, { maxLength: 2 }),
    forgery,
    nth: fc.constantFrom(1, 1, 2),
    shortBytes: fc.integer({ min: 1, max: 4000 }),
    after: fc.array(sizeBytes, { maxLength: 3 }),
    first: crash,
    last: crash,
  })
  .map(({ topic: concerned, before, forgery: forged, nth, shortBytes, after, first, last }) => [
    ...before.map((size) => publishOf(concerned, [size])),
    { kind: "kill", nth, shortBytes },
    publishOf(concerned, [20], forged),
    publishOf(concerned, [20, 20]),
    { kind: "crash", crash: first, interrupted: undefined, again: undefined },
    ...after.map((size) => publishOf(concerned, [size])),
    { kind: "crash", crash: last, interrupted: undefined, again: undefined },
  ]);

function publishOf(concerned: number, sizes: readonly number[], forged?: Forgery): Operation {
  return {
    kind: "publish",
    topic: concerned,
    sizes,
    durability: undefined,
    batch: undefined,
    forgery: forged,
    waits: true,
    stale: false,
  };
}

const scene: fc.Arbitrary<Operation[]> = fc.oneof(
  { weight: 90, arbitrary: operation.map((one) => [one]) },
  { weight: 2, arbitrary: brokenOff },
  { weight: 2, arbitrary: takenInPart },
  { weight: 4, arbitrary: killedInWrite },
  { weight: 2, arbitrary: takenByPower },
  { weight: 2, arbitrary: endsByItself },
);

/** Every plan begins with a topic, for without one nothing happens. */
export const plans: fc.Arbitrary<Plan> = fc.record({
  setup: fc.record({
    seed,
    slownessTurns: fc.constantFrom(0, 0, 1, 3),
    tailBytes: fc.constantFrom(1, 4096),
    openFiles: fc.constantFrom(1, 2, 100),
  }),
  operations: fc
    .tuple(
      fc.record({ kind: fc.constant("create" as const), topic: fc.constant(0), settings }),
      fc.array(scene, { maxLength: SCENES_MAX, size: "max" }),
    )
    .map(([first, rest]) => [first, ...rest.flat()]),
});
