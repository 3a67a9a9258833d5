/**
 * A runtime whose time the test moves and whose ids come from a seed. The end of a turn is the event loop's own,
 * which is deterministic as long as everything else runs in microtasks (the memory disk does).
 */
import type { Runtime, Timer } from "../../lib/base/runtime.ts";
import { seededRandom } from "./seeded-random.ts";

interface PendingTimer {
  readonly dueMs: number;
  readonly fire: () => void;
}

export interface ManualRuntimeOptions {
  /** Where the wall clock begins; 2026-01-01 by default. */
  readonly nowMs?: number;
  readonly seed?: number;
}

export class ManualRuntime implements Runtime {
  /** Time for timers. Only moves forward, by `advance`; the wall clock is this plus an offset. */
  #elapsedMs = 0;
  #offsetMs: number;
  /** In the order in which they were set, which is the order among those due at the same time. */
  readonly #timers = new Set<PendingTimer>();
  readonly #random: () => number;

  constructor(options: ManualRuntimeOptions = {}) {
    this.#offsetMs = options.nowMs ?? Date.UTC(2026, 0, 1);
    this.#random = seededRandom(options.seed ?? 1);
  }

  now(): number {
    return this.#offsetMs + this.#elapsedMs;
  }

  elapsedMs(): number {
    return this.#elapsedMs;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const timer: PendingTimer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), fire };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  endOfTurn(run: () => void): void {
    setImmediate(run);
  }

  shortenTurn(): void {}

  pause(): Promise<void> {
    return new Promise((resolve) => this.endOfTurn(resolve));
  }

  randomId(): string {
    const digits = Array.from({ length: 32 }, () => Math.floor(this.#random() * 16));
    digits[12] = 4;
    digits[16] = 8 + (digits[16]! % 4);
    const hex = digits.map((digit) => digit.toString(16)).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }

  /** Timers that were set, and have neither fired nor been cancelled. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** Makes the wall clock jump, in either direction. No timer fires, and none moves. */
  setClock(nowMs: number): void {
    this.#offsetMs = nowMs - this.#elapsedMs;
  }

  /**
   * Lets time pass. Timers fire in the order in which they are due, each with the clock at its time, those set
   * meanwhile included; what each sets off gets a turn before the next one.
   */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    for (let timer = this.#nextDue(endMs); timer !== undefined; timer = this.#nextDue(endMs)) {
      this.#elapsedMs = timer.dueMs;
      this.#timers.delete(timer);
      timer.fire();
      await this.turn();
    }
    this.#elapsedMs = endMs;
  }

  /** Resolves when what was set off so far, ends of turn included, was handled and waits for something else. */
  async turn(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  #nextDue(endMs: number): PendingTimer | undefined {
    let next: PendingTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }
}
