/** What workers do to messages that they hold: ack, nack and touch. Their answers wait for the journal. */
import type { Runtime } from "../base/runtime.ts";
import { type Claim, LeaseClaims, type WorkRequest } from "./lease-claims.ts";
import type { LeasedMessages } from "./leased-messages.ts";
import type { Pending } from "./pending-table.ts";

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
    const { table, leases } = messages;
    const requireLife = (): void => messages.throwIfEnded();
    this.#claims = new LeaseClaims({ table, leases, maxRecent, runtime, requireLife });
  }

  /**
   * Settles; settling twice is as good as once. As durable as a message when it resolves.
   *
   * @throws offset_not_found (one was never given out, and nothing is settled), lease_lost (the lease as a whole),
   *   scanner_not_found, topic_not_found, shutting_down; storage_full, topic_unavailable, sync_failed: after a
   *   restart it may come again.
   */
  async ack(request: WorkRequest): Promise<WorkResult> {
    const claimed = this.#claims.claim(request, "ack", (pending) => {
      this.#claims.remember(pending);
      this.#messages.remove(pending, "settle");
    });
    const claim = claimed instanceof Promise ? await claimed : claimed;
    if (claim.granted.length > 0) this.#messages.serve();
    return await this.#commit(claim);
  }

  /**
   * Gives back: due after `delayMs`, or with `isDead` to the dead letter, which was tried when it resolves.
   *
   * @throws what ack throws.
   */
  async nack(request: WorkRequest, delayMs: number, isDead: boolean): Promise<WorkResult> {
    const messages = this.#messages;
    const dueMs = this.#runtime.elapsedMs() + delayMs;
    const claimed = this.#claims.claim(request, "nack", (pending) => {
      if (isDead && !pending.isCondemned) messages.record("condemn", pending.offset);
      if (delayMs > 0 && !messages.isExhausted(pending)) messages.leases.delay(pending, "delayed", dueMs);
      else messages.giveBack(pending);
    });
    const claim = claimed instanceof Promise ? await claimed : claimed;
    messages.arm();
    messages.serve();
    if (claim.granted.some(({ state }) => state === "dying")) await messages.deadLetters.tried();
    return await this.#commit(claim);
  }

  /** Lets leases begin anew. @throws what ack throws. */
  async touch(request: WorkRequest): Promise<WorkResult> {
    const { leases, ackWaitMs } = this.#messages;
    const dueMs = this.#runtime.elapsedMs() + ackWaitMs;
    const extend = (pending: Pending): void => leases.extend(pending, dueMs);
    const { granted, refused } = await this.#claims.claim(request, "touch", extend);
    return { settled: granted.length, refused };
  }

  /** All leases end, and nobody knows any more who settled what. */
  endLeases(): void {
    this.#claims.endAll();
    this.#messages.leases.clear();
  }

  async #commit({ granted, settledCount, refused }: Claim): Promise<WorkResult> {
    await this.#messages.journal.commit();
    if (this.#messages.endedAs !== "shutting_down") this.#messages.throwIfEnded();
    return { settled: granted.length + settledCount, refused };
  }
}
