/** What workers do to messages that they hold: ack, nack and touch. It happens once the journal keeps it, or not at all. */
import type { Runtime } from "../base/runtime.ts";
import { type Claim, LeaseClaims, type WorkRequest } from "./lease-claims.ts";
import type { LeasedMessages } from "./leased-messages.ts";
import type { Pending } from "./pending-table.ts";
import type { LeaseRecord } from "./scanner-store.ts";

export interface WorkResult {
  /** Done, or done before. */
  readonly settled: number;
  /** The lease is over, or another one's: nothing was done. */
  readonly refused: readonly number[];
}

export class LeaseWork {
  readonly #messages: LeasedMessages;
  readonly #claims: LeaseClaims;
  readonly #runtime: Runtime;

  constructor(messages: LeasedMessages, runtime: Runtime, maxRecent: number) {
    this.#messages = messages;
    this.#runtime = runtime;
    this.#claims = new LeaseClaims({ messages, maxRecent, runtime });
  }

  /**
   * Settles; settling twice is as good as once. As durable as a message when it resolves.
   *
   * @throws offset_not_found (one was never given out, and nothing is settled), lease_lost (the lease as a whole),
   *   scanner_not_found, topic_not_found, shutting_down; storage_full, topic_unavailable: nothing is settled;
   *   sync_failed: nobody knows, it may come again.
   */
  async ack(request: WorkRequest): Promise<WorkResult> {
    const messages = this.#messages;
    const claim = await this.#claims.claim(request, "ack", (granted) =>
      messages.keep(granted.map(recordOf("settle")), granted, () => {
        this.#claims.remember(granted);
        for (const pending of granted) {
          messages.leases.leave(pending);
          messages.apply("settle", pending.offset);
        }
      }),
    );
    return this.#resultOf(claim);
  }

  /**
   * Gives back: due after `delayMs`, or with `isDead` to the dead letter, which was tried when it resolves.
   *
   * @throws what ack throws; where it was refused, the lease holds them as before.
   */
  async nack(request: WorkRequest, delayMs: number, isDead: boolean): Promise<WorkResult> {
    const messages = this.#messages;
    const dueMs = this.#runtime.elapsedMs() + delayMs;
    const claim = await this.#claims.claim(request, "nack", (granted) => {
      const condemned = isDead ? granted.filter(({ isCondemned }) => !isCondemned) : [];
      return messages.keep(condemned.map(recordOf("condemn")), granted, () => {
        for (const { offset } of condemned) messages.apply("condemn", offset);
        for (const pending of granted) {
          if (delayMs > 0 && !messages.isExhausted(pending)) messages.leases.delay(pending, "delayed", dueMs);
          else messages.giveBack(pending);
        }
      });
    });
    if (claim.granted.some(({ state }) => state === "dying")) {
      await messages.deadLetters.tried();
      // It stays condemned whether the journal keeps the end of it or not; without, a restart makes a second copy.
      await messages.changed();
    }
    return this.#resultOf(claim);
  }

  /** Lets leases begin anew. @throws what claims throw; nothing of it is kept. */
  async touch(request: WorkRequest): Promise<WorkResult> {
    const { leases, ackWaitMs } = this.#messages;
    const dueMs = this.#runtime.elapsedMs() + ackWaitMs;
    const { granted, refused } = await this.#claims.claim(request, "touch", (those) => {
      for (const pending of those) leases.extend(pending, dueMs);
    });
    return { settled: granted.length, refused };
  }

  /** All leases end, and nobody knows any more who settled what. */
  endLeases(): void {
    this.#claims.endAll();
    this.#messages.leases.clear();
  }

  #resultOf({ granted, settledCount, refused }: Claim): WorkResult {
    if (this.#messages.endedAs !== "shutting_down") this.#messages.throwIfEnded();
    return { settled: granted.length + settledCount, refused };
  }
}

function recordOf(kind: LeaseRecord["kind"]): (pending: Pending) => LeaseRecord {
  return ({ offset }) => ({ kind, offset });
}
