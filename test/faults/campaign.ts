/** One run: a cluster under load, one fault after the other, and what is broken in the end. */
import { within } from "../support/deadline.ts";
import type { Cluster } from "./cluster.ts";
import type { Fault } from "./faults.ts";
import { History } from "./history.ts";
import { Load } from "./load.ts";
import { brokenPromises, unsettledMessages } from "./promises.ts";

/** Between two faults, so that each meets a cluster that serves. */
const ANSWERS_BETWEEN = 50;
const RECOVERY_MS = 90_000;
const POLL_MS = 20;

export interface Outcome {
  readonly history: History;
  readonly broken: readonly string[];
  /** Messages that were found at the end. */
  readonly messages: number;
  /** The longest time without a publish that was answered, from the beginning of each fault until it was over. */
  readonly gaps: readonly { readonly fault: string; readonly gapMs: number }[];
}

export async function runFaults(cluster: Cluster, faults: readonly Fault[]): Promise<Outcome> {
  const history = new History();
  const load = new Load(history, cluster.urls);
  await load.prepare();
  load.begin();
  const gaps: Outcome["gaps"][number][] = [];
  await served(history);
  for (const fault of faults) {
    const sentMs = history.now();
    const end = await fault.begin(cluster);
    await new Promise((resolve) => setTimeout(resolve, fault.holdMs));
    await end();
    const endedMs = history.now();
    history.add({ kind: "fault", name: fault.name, sentMs, endedMs });
    await within(`answers after: ${fault.name}`, served(history), RECOVERY_MS);
    gaps.push({ fault: fault.name, gapMs: history.longestGapMs(sentMs, history.now()) });
  }
  await load.end();
  const found = await load.finish();
  const broken = [...brokenPromises(history.events, found), ...unsettledMessages(history.events, found)];
  return { history, broken, messages: found.messages.length, gaps };
}

/** Resolves when so many publishes that were sent from now on are answered. */
async function served(history: History): Promise<void> {
  const from = history.now();
  const isAnswer = (event: History["events"][number]): boolean =>
    event.kind === "publish" && event.outcome === "done" && event.sentMs >= from;
  while (history.events.filter(isAnswer).length < ANSWERS_BETWEEN) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
