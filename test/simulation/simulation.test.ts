import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runCampaign } from "./campaign.ts";
import { plans } from "./plan.ts";
import { simulate } from "./simulation.ts";
import { Story } from "./world.ts";

/** Thousands, within some seconds; `npm run simulate` does more. */
const RUNS = 1000;
/** Always the same runs here, so that a failure is of the change that was made; `npm run simulate` takes new ones. */
const SEED = Number(process.env.SIMULATION_SEED ?? 1);

describe("simulated clients, crashes and failing disks", () => {
  it("break no promise", { timeout: 300_000 }, async () => {
    const { figures, failure } = await runCampaign({ runs: RUNS, seed: SEED });
    if (failure !== undefined) expect.fail(failure);
    expect(figures.runs).toBe(RUNS);
    expect(figures.crashes).toBeGreaterThan(RUNS);
    expect(figures.acknowledged).toBeGreaterThan(RUNS);
    expect(figures.duplicates).toBeGreaterThan(RUNS / 4);
    expect(figures.ended).toBeGreaterThan(RUNS / 10);
  });

  it("do the same again for the same seed, to every operation of the disk", async () => {
    const [first, second] = [await digests(SEED), await digests(SEED)];
    expect(new Set(first).size).toBe(first.length);
    expect(second).toEqual(first);
  });
});

/** What happened in some runs, one by one. */
async function digests(seed: number): Promise<string[]> {
  const told: string[] = [];
  for (const plan of fc.sample(plans, { seed, numRuns: 20 })) {
    const story = new Story(true);
    await simulate(plan, story);
    told.push(story.digest);
  }
  return told;
}
