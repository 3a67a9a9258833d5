/** Many simulated runs from one seed, and the report on them. */
import fc from "fast-check";
import { type Plan, plans } from "./plan.ts";
import { simulate } from "./simulation.ts";
import { Story } from "./world.ts";

export interface CampaignOptions {
  readonly runs: number;
  readonly seed: number;
  /** fast-check's path to one counterexample: nothing else is run. */
  readonly path?: string;
  readonly onRun?: (figures: Figures) => void;
}

export interface Figures {
  runs: number;
  crashes: number;
  acknowledged: number;
  duplicates: number;
  ended: number;
}

export interface CampaignResult {
  readonly figures: Figures;
  /** What failed, how to see it again, and the story of it; undefined when nothing did. */
  readonly failure: string | undefined;
}

export async function runCampaign({ runs, seed, path, onRun }: CampaignOptions): Promise<CampaignResult> {
  const figures: Figures = { runs: 0, crashes: 0, acknowledged: 0, duplicates: 0, ended: 0 };
  const property = fc.asyncProperty(plans, async (plan) => {
    const run = await simulate(plan);
    figures.runs++;
    figures.crashes += run.crashes;
    figures.acknowledged += run.acknowledged;
    figures.duplicates += run.duplicates;
    figures.ended += run.ended;
    onRun?.(figures);
  });
  const details = await fc.check(property, { numRuns: runs, seed, ...(path === undefined ? {} : { path }) });
  if (!details.failed) return { figures, failure: undefined };
  const plan = details.counterexample?.[0];
  const failure = [
    `run ${details.numRuns} of seed ${details.seed} breaks a promise (shrunk ${details.numShrinks} times)`,
    `replay: npm run simulate -- --seed ${details.seed} --path ${details.counterexamplePath ?? ""}`,
    ...(plan === undefined ? [] : await storyOf(plan)),
    String(details.errorInstance instanceof Error ? details.errorInstance.stack : details.errorInstance),
  ];
  return { figures, failure: failure.join("\n") };
}

async function storyOf(plan: Plan): Promise<string[]> {
  const story = new Story(true);
  await simulate(plan, story).catch(() => {});
  return [JSON.stringify(plan), ...story.lines];
}
