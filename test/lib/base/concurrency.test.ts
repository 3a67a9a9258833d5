import { describe, expect, it } from "vitest";
import { mapConcurrently } from "../../../lib/base/concurrency.ts";
import { OneByOne } from "../../../lib/base/one-by-one.ts";
import { within } from "../../support/deadline.ts";

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("doing something for many", () => {
  it("runs a bounded number at a time, and gives results in order", async () => {
    let running = 0;
    let most = 0;
    const results = await mapConcurrently([3, 1, 2, 5, 4], 2, async (turns) => {
      most = Math.max(most, ++running);
      for (let i = 0; i < turns; i++) await turn();
      running--;
      return turns * 10;
    });
    expect(results).toEqual([30, 10, 20, 50, 40]);
    expect(most).toBe(2);
  });

  it("begins nothing more after a failure, and rejects when all has ended", async () => {
    const begun: number[] = [];
    let ended = 0;
    const work = mapConcurrently([0, 1, 2, 3], 2, async (item) => {
      begun.push(item);
      await turn();
      if (item === 0) throw new Error("first");
      await turn();
      ended++;
    });
    await expect(work).rejects.toThrow("first");
    expect(begun).toEqual([0, 1]);
    expect(ended).toBe(1);
  });
});

describe("one by one", () => {
  it("never runs two of the same key at once, in the order of asking, failures included", async () => {
    const oneByOne = new OneByOne();
    const steps: string[] = [];
    const work =
      (name: string, fails = false) =>
      async () => {
        steps.push(`${name} begins`);
        await turn();
        steps.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      };
    const first = expect(oneByOne.run("key", work("a", true))).rejects.toThrow("a");
    const second = oneByOne.run("key", work("b"));
    const other = oneByOne.run("other", work("c"));
    await within("all of it", oneByOne.ended());
    await first;
    expect(await second).toBe("b");
    expect(await other).toBe("c");
    expect(steps.filter((step) => !step.startsWith("c"))).toEqual([
      "a begins",
      "a ends",
      "b begins",
      "b ends",
    ]);
    expect(steps.indexOf("c begins")).toBeLessThan(steps.indexOf("a ends"));
  });
});
