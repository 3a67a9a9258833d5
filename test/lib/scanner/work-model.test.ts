/**
 * A scanner with acknowledgements against a small model, through random calls, expiries, restarts, kills and losses of
 * power: what was settled never comes again, everything else does, in order, and no token is used twice.
 */
import { expect, test } from "vitest";
import { seededRandom } from "../../support/seeded-random.ts";
import { ack, lease, nack, openWork, reopenWork, type WorkFixture } from "../../support/work-fixture.ts";

const MESSAGES = 30;
const MAX_PENDING = 8;
const ACK_WAIT_MS = 30_000;
const STEPS = 250;

interface Held {
  /** Due from then on, in the runtime's elapsed ms. */
  dueMs: number;
  token: string;
  deliveries: number;
}

class Run {
  readonly #random: () => number;
  #fixture: WorkFixture;
  readonly #settled = new Set<number>();
  readonly #pending = new Map<number, Held>();
  readonly #tokens = new Set<string>();
  /** Tokens that held something once. */
  readonly #old: { offset: number; token: string }[] = [];
  #next = 0;

  constructor(seed: number, fixture: WorkFixture) {
    this.#random = seededRandom(seed);
    this.#fixture = fixture;
  }

  async step(): Promise<void> {
    const steps = [
      () => this.#scan(),
      () => this.#scan(),
      () => this.#scan(),
      () => this.#ack(),
      () => this.#ack(),
      () => this.#ackLate(),
      () => this.#nack(),
      () => this.#touch(),
      () => this.#hangUp(),
      () => this.#pass(),
      () => this.#restart(),
    ];
    await steps[this.#below(steps.length)]!();
    const { pending, next } = this.#fixture.scanner.describe();
    expect(pending).toBe(this.#pending.size);
    expect(pending).toBeLessThanOrEqual(MAX_PENDING);
    expect(next).toBe(this.#next);
  }

  /** Settles all that is left. */
  async drain(): Promise<void> {
    for (let rounds = 0; this.#settled.size < MESSAGES; rounds++) {
      expect(rounds, "every message comes back").toBeLessThan(10 * MESSAGES);
      const offset = await this.#scan();
      if (offset === undefined) await this.#fixture.runtime.advance(ACK_WAIT_MS);
      else await this.#settle(offset);
    }
    expect(await lease(this.#fixture.scanner)).toBeUndefined();
  }

  get #nowMs(): number {
    return this.#fixture.runtime.elapsedMs();
  }

  #below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  #somePending(): number | undefined {
    const offsets = [...this.#pending.keys()];
    return offsets[this.#below(offsets.length)];
  }

  #expected(): number | undefined {
    const due = [...this.#pending].filter(([, { dueMs }]) => dueMs <= this.#nowMs).map(([offset]) => offset);
    if (due.length > 0) return Math.min(...due);
    return this.#pending.size < MAX_PENDING && this.#next < MESSAGES ? this.#next : undefined;
  }

  async #scan(): Promise<number | undefined> {
    const expected = this.#expected();
    const delivery = await lease(this.#fixture.scanner);
    expect(delivery?.message.offset).toBe(expected);
    if (delivery === undefined || expected === undefined) return undefined;
    expect(this.#settled.has(expected)).toBe(false);
    const deliveries = (this.#pending.get(expected)?.deliveries ?? 0) + 1;
    expect(delivery.message.delivery).toBe(deliveries);
    const token = delivery.lease ?? "";
    expect(this.#tokens.has(token)).toBe(false);
    this.#tokens.add(token);
    this.#pending.set(expected, { dueMs: this.#nowMs + ACK_WAIT_MS, token, deliveries });
    this.#old.push({ offset: expected, token });
    this.#next = Math.max(this.#next, expected + 1);
    return expected;
  }

  async #ack(): Promise<void> {
    const offset = this.#somePending();
    if (offset !== undefined) await this.#settle(offset);
  }

  async #settle(offset: number): Promise<void> {
    const { dueMs, token } = this.#pending.get(offset)!;
    const isHeld = dueMs > this.#nowMs && token !== "";
    await ack(this.#fixture.scanner, [offset], isHeld && this.#below(2) === 0 ? token : undefined);
    this.#pending.delete(offset);
    this.#settled.add(offset);
  }

  /** With a token of any time: it settles if it holds, or if the message is settled by that hand or unknown. */
  async #ackLate(): Promise<void> {
    const old = this.#old[this.#below(this.#old.length)];
    const held = old === undefined ? undefined : this.#pending.get(old.offset);
    if (old === undefined || held === undefined) return;
    const holds = held.token === old.token && held.dueMs > this.#nowMs;
    const { refused } = await ack(this.#fixture.scanner, [old.offset], old.token);
    expect(refused).toEqual(holds ? [] : [old.offset]);
    if (!holds) return;
    this.#pending.delete(old.offset);
    this.#settled.add(old.offset);
  }

  async #nack(): Promise<void> {
    const offset = this.#somePending();
    if (offset === undefined) return;
    const delayMs = this.#below(3) * 10_000;
    await nack(this.#fixture.scanner, [offset], delayMs);
    Object.assign(this.#pending.get(offset)!, { dueMs: this.#nowMs + delayMs, token: "" });
  }

  async #touch(): Promise<void> {
    const offset = this.#somePending();
    if (offset === undefined) return;
    const held = this.#pending.get(offset)!;
    const isHeld = held.dueMs > this.#nowMs && held.token !== "";
    const { settled } = await this.#fixture.scanner.work.touch({ offsets: [offset], lease: undefined });
    expect(settled).toBe(isHeld ? 1 : 0);
    if (isHeld) held.dueMs = this.#nowMs + ACK_WAIT_MS;
  }

  /** A client that is gone before it has its message. */
  async #hangUp(): Promise<void> {
    const expected = this.#expected();
    if (expected === undefined) return;
    const delivery = await this.#fixture.scanner.scan({ waitMs: 0 });
    expect(delivery!.message.offset).toBe(expected);
    delivery!.settle(false);
    const held = this.#pending.get(expected);
    if (held !== undefined) Object.assign(held, { dueMs: this.#nowMs, token: "" });
  }

  async #pass(): Promise<void> {
    await this.#fixture.runtime.advance(this.#below(4) * 10_000);
  }

  async #restart(): Promise<void> {
    if (this.#below(3) > 0) return;
    const { runtime, disk, netlog } = this.#fixture;
    const way = this.#below(3);
    await runtime.turn();
    // What was given and not acknowledged since is synced a moment later.
    if (way === 2) await runtime.advance(1001);
    if (way === 0) await netlog.close();
    const left = way === 0 ? disk : way === 1 ? disk.crashProcess() : disk.crashPower(() => 0);
    this.#fixture = await reopenWork(left, this.#fixture);
    for (const held of this.#pending.values()) Object.assign(held, { dueMs: this.#nowMs, token: "" });
  }
}

test.each(Array.from({ length: 12 }, (_, index) => index + 1))("seed %i", async (seed) => {
  const limits = { leaseJournalBytes: 400 };
  const run = new Run(seed, await openWork(MESSAGES, { maxPending: MAX_PENDING }, { limits }));
  for (let step = 0; step < STEPS; step++) await run.step();
  await run.drain();
});
