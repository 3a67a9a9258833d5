import { expect, test } from "vitest";
import { LoopWatch } from "../../../server/metrics/loop-watch.ts";
import { serverForTest } from "../server-fixture.ts";

/** A clock and one timer, which fires when the test says so. */
class Loop {
  nowMs = 0;
  readonly due: (() => void)[] = [];
  readonly watch = new LoopWatch({
    elapsedMs: () => this.nowMs,
    setTimer: (_delayMs, fire) => {
      this.due.push(fire);
      return { cancel: () => {} };
    },
  });

  /** The timer comes so long after it was set. */
  tick(afterMs: number): void {
    this.nowMs += afterMs;
    this.due.shift()?.();
  }

  /** Counts of holds, by the upper end of their bucket in ms. */
  get holds(): Record<string, number> {
    const { bounds, counts } = this.watch.holdMs;
    return Object.fromEntries(
      counts.map((count, step) => [String(bounds[step] ?? "more"), count]).filter(([, count]) => count !== 0),
    );
  }
}

test("a hold is as long as the timer is late", () => {
  const loop = new Loop();
  loop.watch.noteWork();
  loop.tick(10);
  loop.tick(10 + 15);
  loop.tick(10 + 1900);
  loop.tick(9);
  expect(loop.holds).toEqual({ 1: 2, 20: 1, 2000: 1 });
});

test("no timer runs on a quiet server, and one alone while there is work", () => {
  const loop = new Loop();
  expect(loop.due).toHaveLength(0);
  for (let request = 0; request < 3; request++) loop.watch.noteWork();
  expect(loop.due).toHaveLength(1);
  let ticks = 0;
  for (; loop.due.length > 0; ticks++) loop.tick(10);
  expect(ticks).toBe(100);
  loop.watch.noteWork();
  expect(loop.due).toHaveLength(1);
});

test("the timer goes on for as long as it comes late, also without a request", () => {
  const loop = new Loop();
  loop.watch.noteWork();
  for (let tick = 0; tick < 80; tick++) loop.tick(10);
  loop.tick(30);
  for (let tick = 0; tick < 80; tick++) loop.tick(10);
  expect(loop.due).toHaveLength(1);
});

test("the metrics show that the event loop was held", async () => {
  const { api } = await serverForTest();
  await api.get("/-/health");
  const endMs = performance.now() + 70;
  while (performance.now() < endMs);
  const { text } = await api.get("/-/metrics");
  const figure = (rest: string): number =>
    Number(new RegExp(`^netlog_loop_hold_seconds_${rest} (\\d+)$`, "m").exec(text)?.[1]);
  expect(figure('bucket\\{le="0\\.05"\\}')).toBeLessThan(figure("count"));
  expect(figure('bucket\\{le="\\+Inf"\\}')).toBe(figure("count"));
});
