/** One run: a cluster under load, one fault after the other, and what is broken in the end. */
import { within } from "../support/deadline.ts";
import { natsSyncsAlways } from "../support/nats.ts";
import type { Cluster } from "./cluster.ts";
import { brokenEpochs, type StreamMessage } from "./epochs.ts";
import type { Fault } from "./faults.ts";
import type { Gap } from "./gaps.ts";
import type { History } from "./history.ts";
import { Load, TOPIC } from "./load.ts";
import { brokenPromises, unsettledMessages } from "./promises.ts";

/** Between two faults, so that each meets a cluster that serves. */
const ANSWERS_BETWEEN = 50;
const RECOVERY_MS = 90_000;
const POLL_MS = 20;

export interface Outcome {
  readonly broken: readonly string[];
  /** Messages that were found at the end. */
  readonly messages: number;
  readonly gaps: readonly Gap[];
  /** The stream of the topic's log at the end. */
  readonly stream: readonly StreamMessage[];
}

/** `history` is the caller's, for a run that fails has one as well. */
export async function runFaults(
  cluster: Cluster,
  faults: readonly Fault[],
  history: History,
): Promise<Outcome> {
  const load = new Load(history, cluster.urls);
  await load.prepare();
  load.begin();
  const gaps: Gap[] = [];
  const broken: string[] = [];
  await served(history);
  for (const fault of faults) {
    // NATS 2.9 loses what it acknowledged when a copy that is behind is asked to lead.
    if (!natsSyncsAlways) await within("all copies to be current", cluster.copied());
    const sentMs = history.now();
    const end = await within(`the beginning of: ${fault.name}`, fault.begin(cluster));
    const begunMs = history.now();
    await new Promise((resolve) => setTimeout(resolve, fault.holdMs));
    const endingMs = history.now();
    await end();
    const endedMs = history.now();
    history.add({ kind: "fault", name: fault.name, sentMs, endedMs });
    broken.push(...(fault.judge?.(history.within(begunMs, endingMs)) ?? []));
    await within(`answers after: ${fault.name}`, served(history), RECOVERY_MS);
    gaps.push({ fault: fault.name, gapMs: history.longestGapMs(sentMs, history.now()) });
  }
  await within("the end of all clients", load.end());
  const found = await within("the end of the topic", load.finish(), RECOVERY_MS);
  const { offset: last = -1 } = found.messages.at(-1) ?? {};
  const stream = await within("the whole stream of the topic", cluster.messagesOf(TOPIC, last + 1));
  const publishes = history.events.filter((event) => event.kind === "publish");
  broken.push(
    ...brokenPromises(history.events, found),
    ...unsettledMessages(history.events, found),
    ...brokenEpochs(stream, publishes),
  );
  return { broken, messages: found.messages.length, gaps, stream };
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
