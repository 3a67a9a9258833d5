/**
 * Decides which messages an ack, nack or touch may act on: its lease holds them, or it names no lease. Remembers for a
 * while which lease settled what: settling twice is no failure, but settling what another worker settled is one.
 */
import { NetlogError } from "../base/errors.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Leases } from "./leases.ts";
import type { Pending, PendingTable } from "./pending-table.ts";

/** Which messages are meant. */
export interface WorkRequest {
  /** `undefined`: all that the lease holds. Each once. */
  readonly offsets: readonly number[] | undefined;
  /** `undefined`: whichever lease holds them now. */
  readonly lease: string | undefined;
}

export type WorkVerb = "ack" | "nack" | "touch";

export interface Claim {
  readonly granted: readonly Pending[];
  /** Settled already, by the same hand as far as is known. */
  readonly settledCount: number;
  /** The lease is over, or another one's. */
  readonly refused: readonly number[];
}

/** Judged in one go; a longer list takes several, which is some ms for each. */
const SLICE_MESSAGES = 500;
const TOKEN = /^[0-9a-f]{32}-[1-9][0-9]*$/;

export interface LeaseClaimsOptions {
  readonly table: PendingTable;
  readonly leases: Leases;
  readonly maxRecent: number;
  readonly runtime: Runtime;
  /** Throws where the scanner has ended. */
  readonly requireLife: () => void;
}

export class LeaseClaims {
  readonly #options: LeaseClaimsOptions;
  readonly #table: PendingTable;
  readonly #leases: Leases;
  /** Lease of what was settled last, by offset; 0 where none was named. */
  readonly #recent = new Map<number, number>();
  /** Leases up to this number were ended all at once. */
  #endedNumber = 0;

  constructor(options: LeaseClaimsOptions) {
    this.#options = options;
    this.#table = options.table;
    this.#leases = options.leases;
  }

  /**
   * Judges what is meant, and does `act` to what is granted; of many messages some at a time.
   *
   * @throws offset_not_found (one was never given out, and nothing is done), lease_lost (the lease as a whole), what
   *   requireLife throws.
   */
  claim(request: WorkRequest, verb: WorkVerb, act: (pending: Pending) => void): Claim | Promise<Claim> {
    this.#options.requireLife();
    const offsets = request.offsets ?? this.#heldBy(this.#numberOf(request.lease));
    if (offsets.length > SLICE_MESSAGES) return this.#claimInSlices(offsets, request.lease, verb, act);
    this.#requireGivenOut(offsets, request.lease);
    const claim = this.#judge(offsets, request.lease, verb);
    for (const pending of claim.granted) act(pending);
    return claim;
  }

  /** Nothing is done before all messages are known to have been given out. What ends meanwhile is refused. */
  async #claimInSlices(
    offsets: readonly number[],
    lease: string | undefined,
    verb: WorkVerb,
    act: (pending: Pending) => void,
  ): Promise<Claim> {
    const { runtime, requireLife } = this.#options;
    for (const slice of slicesOf(offsets)) {
      this.#requireGivenOut(slice, lease);
      await runtime.pause();
    }
    const granted: Pending[] = [];
    const refused: number[] = [];
    let settledCount = 0;
    for (const slice of slicesOf(offsets)) {
      requireLife();
      const claim = this.#judge(slice, lease, verb);
      for (const pending of claim.granted) {
        act(pending);
        granted.push(pending);
      }
      for (const offset of claim.refused) refused.push(offset);
      settledCount += claim.settledCount;
      await runtime.pause();
    }
    return { granted, settledCount, refused };
  }

  /** @throws offset_not_found: one of them was never given out. */
  #requireGivenOut(offsets: readonly number[], lease: string | undefined): void {
    const number = this.#numberOf(lease);
    if (lease !== undefined && !this.#isLive(number)) return;
    for (const offset of offsets) if (this.#isNew(offset)) throw neverGivenOut(offset);
  }

  /** Judges all, and changes nothing. One that was never given out, or is so no more, is refused. */
  #judge(offsets: readonly number[], lease: string | undefined, verb: WorkVerb): Claim {
    const number = this.#numberOf(lease);
    const granted: Pending[] = [];
    const refused: number[] = [];
    let settledCount = 0;
    for (const offset of offsets) {
      const pending = this.#table.pending.get(offset);
      if (this.#isNew(offset, pending)) {
        refused.push(offset);
      } else if (pending === undefined) {
        if (verb === "ack" && this.#maySettleAgain(offset, lease, number)) settledCount += 1;
        else refused.push(offset);
      } else if (lease === undefined ? isFree(pending, verb) : pending.lease === number) {
        granted.push(pending);
      } else {
        refused.push(offset);
      }
    }
    return { granted, settledCount, refused };
  }

  /** Takes note that it is settled now; to be called before its lease forgets it. */
  remember({ offset, lease }: Pending): void {
    this.#recent.set(offset, lease);
    if (this.#recent.size <= this.#options.maxRecent) return;
    for (const oldest of this.#recent.keys()) {
      this.#recent.delete(oldest);
      return;
    }
  }

  /** All leases end. */
  endAll(): void {
    this.#endedNumber = this.#leases.lastNumber;
    this.#recent.clear();
  }

  /** It was never given out. */
  #isNew(offset: number, pending: Pending | undefined = this.#table.pending.get(offset)): boolean {
    return pending === undefined ? offset >= this.#table.next : pending.deliveries === 0;
  }

  #numberOf(lease: string | undefined): number | undefined {
    return lease === undefined ? undefined : this.#leases.numberOf(lease);
  }

  #heldBy(number: number | undefined): readonly number[] {
    const offsets = number === undefined ? [] : this.#leases.offsetsOf(number);
    if (offsets.length > 0) return offsets;
    if (number !== undefined && [...this.#recent.values()].includes(number)) return [];
    throw new NetlogError("lease_lost");
  }

  #isLive(number: number | undefined): boolean {
    return number !== undefined && number > this.#endedNumber;
  }

  /** A lease of before a restart says nothing of who settled it: then the client most likely asks once more. */
  #maySettleAgain(offset: number, lease: string | undefined, number: number | undefined): boolean {
    if (lease === undefined) return true;
    if (number === undefined) return TOKEN.test(lease);
    return number > this.#endedNumber && (this.#recent.get(offset) ?? number) === number;
  }
}

/** Whether one who names no lease may do it: what nobody holds cannot be held longer. */
function isFree({ state }: Pending, verb: WorkVerb): boolean {
  if (verb === "ack") return true;
  return verb === "nack" ? state !== "dying" : state === "leased";
}

function neverGivenOut(offset: number): NetlogError {
  const reason = `the scanner never gave out the message ${offset}; settle those that its answers named in X-Offset`;
  return new NetlogError("offset_not_found", { reason });
}

function* slicesOf(offsets: readonly number[]): Generator<readonly number[]> {
  for (let start = 0; start < offsets.length; start += SLICE_MESSAGES) {
    yield offsets.slice(start, start + SLICE_MESSAGES);
  }
}
