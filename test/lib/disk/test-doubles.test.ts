import { existsSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { within } from "../../support/deadline.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

describe("the manual runtime", () => {
  test("fires timers in the order in which they are due, each at its time", async () => {
    const runtime = new ManualRuntime({ nowMs: 1000 });
    const fired: string[] = [];
    const note = (name: string) => () => void fired.push(`${name} ${runtime.now()}`);
    runtime.setTimer(30, note("c"));
    runtime.setTimer(10, note("a"));
    runtime.setTimer(20, note("b"));
    runtime.setTimer(20, note("b2"));
    await runtime.advance(20);
    expect(fired).toEqual(["a 1010", "b 1020", "b2 1020"]);
    await runtime.advance(9);
    expect(fired.length).toBe(3);
    expect(runtime.now()).toBe(1029);
    expect(runtime.timerCount).toBe(1);
  });

  test("fires a timer that what it set off sets anew", async () => {
    const runtime = new ManualRuntime({ nowMs: 0 });
    const fired: number[] = [];
    const again = async () => {
      fired.push(runtime.now());
      await new Promise<void>((resolve) => runtime.endOfTurn(resolve));
      runtime.setTimer(10, () => void again());
    };
    runtime.setTimer(10, () => void again());
    await runtime.advance(35);
    expect(fired).toEqual([10, 20, 30]);
  });

  test("never fires a cancelled timer", async () => {
    const runtime = new ManualRuntime();
    let fired = false;
    const timer = runtime.setTimer(10, () => {
      fired = true;
    });
    timer.cancel();
    timer.cancel();
    await runtime.advance(100);
    expect(fired).toBe(false);
  });

  test("moves no timer when the clock jumps", async () => {
    const runtime = new ManualRuntime({ nowMs: 1_000_000 });
    const fired: number[] = [];
    runtime.setTimer(10, () => void fired.push(runtime.now()));
    runtime.setClock(9_000_000);
    runtime.setClock(500);
    expect(fired).toEqual([]);
    await runtime.advance(10);
    expect(fired).toEqual([510]);
  });

  test("runs ends of turn in order, before a turn is over", async () => {
    const runtime = new ManualRuntime();
    const ran: number[] = [];
    runtime.endOfTurn(() => void ran.push(1));
    runtime.endOfTurn(() => void ran.push(2));
    expect(ran).toEqual([]);
    await runtime.turn();
    expect(ran).toEqual([1, 2]);
  });

  test("gives the same ids for the same seed, in the form of UUIDs", () => {
    const ids = (seed: number) => {
      const runtime = new ManualRuntime({ seed });
      return [runtime.randomId(), runtime.randomId()];
    };
    expect(ids(1)).toEqual(ids(1));
    expect(new Set([...ids(1), ...ids(2)]).size).toBe(4);
    for (const id of ids(3))
      expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });
});

test("random numbers are the same for the same seed, and spread over the range", () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 1000 }, () => random());
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
  const tenths = new Set(draw(5).map((number) => Math.floor(number * 10)));
  expect([...tenths].toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("a deadline gives what came in time, and names what did not", async () => {
  expect(await within("quick", Promise.resolve(7))).toBe(7);
  await expect(within("failing", Promise.reject(new Error("own")))).rejects.toThrow("own");
  await expect(within("the answer", new Promise(() => {}), 1)).rejects.toThrow("not within 1 ms: the answer");
});

describe("a temporary folder", () => {
  let used = "";
  test("is there while its test runs", () => {
    used = temporaryFolder();
    writeFileSync(`${used}/a`, "x");
    expect(temporaryFolder()).not.toBe(used);
  });
  test("is gone afterwards", () => {
    expect(used).not.toBe("");
    expect(existsSync(used)).toBe(false);
  });
});
