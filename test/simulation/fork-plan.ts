/** What a plan does to forks, as plain data, and how fast-check makes it. */
import fc from "fast-check";

/** `at` in 100: where between the ends of the topic the fork leaves it; 100 leaves that out. */
export interface Fork {
  readonly kind: "fork";
  readonly topic: number;
  readonly fork: number;
  readonly at: number;
}

export interface DeleteFork {
  readonly kind: "deleteFork";
  readonly fork: number;
}

export const FORK_NAMES = ["f", "g"] as const;

const fork = fc.nat({ max: FORK_NAMES.length - 1 });

export const forkTopic: fc.Arbitrary<Fork> = fc.record({
  kind: fc.constant("fork" as const),
  topic: fc.constantFrom(0, 0, 0, 1),
  fork,
  at: fc.constantFrom(0, 30, 50, 70, 99, 100, 100),
});

export const deleteFork: fc.Arbitrary<DeleteFork> = fc.record({
  kind: fc.constant("deleteFork" as const),
  fork,
});
