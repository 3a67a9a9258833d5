/** One call of publish: what it takes, what it gives, and how its promise is settled. */
import type { Durability } from "../log/log.ts";
import type { AppendTerms } from "./state-guard.ts";

export interface PublishOptions extends AppendTerms {
  /** What must be reached before the promise resolves; the topic's own durability by default. */
  readonly durability?: Durability | undefined;
  /** The most bytes that a single message's payload may have; by default as many as the server takes. */
  readonly maxBytes?: number;
}

export interface Published {
  /** The offset of the message, or of a batch's first one. */
  readonly offset: number;
  readonly timestampMs: number;
  /** What was reached. */
  readonly durability: Durability;
  /**
   * Nothing was stored: it had been before. `offset` and `timestampMs` are those of the first time; where only the number
   * of a producer's append is remembered, the offset is -1 and the time a later one.
   */
  readonly isDuplicate?: true;
  /** How many messages a duplicate stored the first time; `undefined` where the topic has forgotten that. */
  readonly count?: number;
}

let resolveLatest: (published: Published) => void;
let rejectLatest: (error: unknown) => void;

/** The executor of all promises of calls: one closure for each message would cost more than the rest of publish. */
export function capture(resolve: (published: Published) => void, reject: (error: unknown) => void): void {
  resolveLatest = resolve;
  rejectLatest = reject;
}

/** How to settle the promise of one call. */
export class Waiting {
  readonly sizeBytes: number;
  readonly resolve: (published: Published) => void;
  readonly reject: (error: unknown) => void;

  /** Right after a promise was made with `capture`. */
  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
    this.resolve = resolveLatest;
    this.reject = rejectLatest;
  }
}
