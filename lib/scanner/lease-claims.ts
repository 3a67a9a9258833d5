/**
 * Decides which messages an ack, nack or touch may act on: its lease holds them, or it names no lease. Remembers for a
 * while which lease settled what: settling twice is no failure, but settling what another worker settled is one.
 */
import { NetlogError } from "../base/errors.ts";
import type { Runtime } from "../base/runtime.ts";
import type { LeasedMessages } from "./leased-messages.ts";
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

interface Sum extends Claim {
  granted: Pending[];
  settledCount: number;
  refused: number[];
}

/** Does what is granted; with many messages it may be called several times. */
type Act = (granted: readonly Pending[]) => Promise<void> | void;

/** Judged in one go; a longer list takes several, which is some ms for each. */
const SLICE_MESSAGES = 500;
const TOKEN = /^[0-9a-f]{32}-[1-9][0-9]*$/;

export interface LeaseClaimsOptions {
  readonly messages: LeasedMessages;
  readonly maxRecent: number;
  readonly runtime: Runtime;
}

export class LeaseClaims {
  readonly #options: LeaseClaimsOptions;
  readonly #messages: LeasedMessages;
  readonly #table: PendingTable;
  readonly #leases: Leases;
  /** Lease of what was settled last, by offset; 0 where none was named. */
  readonly #recent = new Map<number, number>();
  /** Ends with the last of the long claims that were begun. */
  #long: Promise<void> = Promise.resolve();
  /** Leases up to this number were ended all at once. */
  #endedNumber = 0;

  constructor(options: LeaseClaimsOptions) {
    this.#options = options;
    this.#messages = options.messages;
    this.#table = options.messages.table;
    this.#leases = options.messages.leases;
  }

  /**
   * Judges what is meant, and lets `act` do what is granted, in the same turn; of many messages some at a time. What another
   * request is changing is judged once that is kept or refused.
   *
   * @throws offset_not_found (one was never given out, and nothing is done), lease_lost (the lease as a whole),
   *   scanner_not_found, topic_not_found, shutting_down, what `act` throws.
   */
  async claim(request: WorkRequest, verb: WorkVerb, act: Act): Promise<Claim> {
    this.#messages.throwIfEnded();
    const { lease } = request;
    const offsets = request.offsets ?? this.#heldBy(this.#numberOf(lease));
    if (offsets.length > SLICE_MESSAGES) return await this.#claimAlone(offsets, lease, verb, act);
    this.#requireGivenOut(offsets, lease);
    let claim = this.#judge(offsets, lease, verb);
    while (claim === undefined) {
      await Promise.all([this.#long, this.#messages.changed()]);
      this.#messages.throwIfEnded();
      claim = this.#judge(offsets, lease, verb);
    }
    await act(claim.granted);
    return claim;
  }

  /** Long claims hold messages while they judge others: one at a time, so that no two wait for each other. */
  #claimAlone(
    offsets: readonly number[],
    lease: string | undefined,
    verb: WorkVerb,
    act: Act,
  ): Promise<Claim> {
    const claiming = this.#long.then(() => this.#claimInSlices(offsets, lease, verb, act));
    this.#long = claiming.then(
      () => {},
      () => {},
    );
    return claiming;
  }

  /** Nothing is done before all messages are known to have been given out. What ends meanwhile is refused. */
  async #claimInSlices(
    offsets: readonly number[],
    lease: string | undefined,
    verb: WorkVerb,
    act: Act,
  ): Promise<Claim> {
    const { runtime } = this.#options;
    for (const slice of slicesOf(offsets)) {
      this.#requireGivenOut(slice, lease);
      await runtime.pause();
    }
    const sum: Sum = { granted: [], settledCount: 0, refused: [] };
    for (const slice of slicesOf(offsets)) {
      const claim = await this.#judgeLater(slice, lease, verb);
      if (verb === "touch") await act(claim.granted);
      else for (const pending of claim.granted) this.#leases.hold(pending);
      addTo(sum, claim);
      await runtime.pause();
    }
    if (verb === "touch") return sum;
    while (this.#messages.isSeeking) await this.#messages.changed();
    this.#messages.throwIfEnded();
    this.#takeOutGone(sum, lease, verb);
    await act(sum.granted);
    return sum;
  }

  async #judgeLater(offsets: readonly number[], lease: string | undefined, verb: WorkVerb): Promise<Claim> {
    for (;;) {
      this.#messages.throwIfEnded();
      const claim = this.#judge(offsets, lease, verb);
      if (claim !== undefined) return claim;
      await this.#messages.changed();
    }
  }

  /** A seek has ended the leases of some, and settled those before it. */
  #takeOutGone(sum: Sum, lease: string | undefined, verb: WorkVerb): void {
    const isThere = (pending: Pending): boolean => this.#table.pending.get(pending.offset) === pending;
    const gone = sum.granted.filter((pending) => !isThere(pending));
    if (gone.length === 0) return;
    sum.granted = sum.granted.filter(isThere);
    const isSettled = ({ offset }: Pending): boolean =>
      this.#judge([offset], lease, verb)?.settledCount === 1;
    const refused = gone.filter((pending) => !isSettled(pending)).map(({ offset }) => offset);
    sum.settledCount += gone.length - refused.length;
    sum.refused = [...refused, ...sum.refused];
  }

  /** @throws offset_not_found: one of them was never given out. */
  #requireGivenOut(offsets: readonly number[], lease: string | undefined): void {
    const number = this.#numberOf(lease);
    if (lease !== undefined && !this.#isLive(number)) return;
    for (const offset of offsets) if (this.#isNew(offset)) throw neverGivenOut(offset);
  }

  /**
   * Judges all, and changes nothing. One that was never given out, or is so no more, is refused. `undefined`: another request
   * is changing one of them, or moves the scanner.
   */
  #judge(offsets: readonly number[], lease: string | undefined, verb: WorkVerb): Claim | undefined {
    if (this.#messages.isSeeking) return undefined;
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
      } else if (pending.isHeld) {
        return undefined;
      } else if (lease === undefined ? isFree(pending, verb) : pending.lease === number) {
        granted.push(pending);
      } else {
        refused.push(offset);
      }
    }
    return { granted, settledCount, refused };
  }

  /** Takes note that these are settled now; to be called before their lease forgets them. */
  remember(settled: readonly Pending[]): void {
    const { maxRecent } = this.#options;
    for (const { offset, lease } of settled.slice(-maxRecent)) this.#recent.set(offset, lease);
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= maxRecent) return;
      this.#recent.delete(oldest);
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

function addTo(sum: Sum, { granted, settledCount, refused }: Claim): void {
  for (const pending of granted) sum.granted.push(pending);
  for (const offset of refused) sum.refused.push(offset);
  sum.settledCount += settledCount;
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
