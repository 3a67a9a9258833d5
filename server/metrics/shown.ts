/**
 * Decides which topics and scanners have figures of their own in the metrics: the first ones, up to a limit, that the
 * caller may read. All others are one sum.
 */
import { type NetlogStats, type ScannerStats, type TopicStats, WorkMeter } from "../../lib/index.ts";
import type { Limits } from "../http/limits.ts";

/** The name of what has no figures of its own. No topic and no scanner can have it. */
export const OTHERS = "(others)";

/** What it takes to look at a topic: its name goes through the patterns of a token. */
const TOPIC_WORK_BYTES = 1024;
const SCANNER_WORK_BYTES = 50;

export interface ScannerFigures extends ScannerStats {
  readonly topic: string;
}

export interface TopicFigures extends Omit<TopicStats, "scanners"> {
  readonly scannerCount: number;
}

export interface ShownFigures {
  readonly topics: readonly TopicFigures[];
  /** Persistent ones first: an operator counts on them. */
  readonly scanners: readonly ScannerFigures[];
  /** The readers that wait, of all topics together. */
  readonly waiterCount: number;
}

const OTHER_TOPICS: TopicFigures = {
  name: OTHERS,
  segmentCount: 0,
  sizeBytes: 0,
  highWatermark: 0,
  waiterCount: 0,
  scannerCount: 0,
};
const OTHER_SCANNERS: ScannerFigures = { topic: OTHERS, id: OTHERS, isPersistent: false, lag: 0, pending: 0 };

/** Gives the event loop back in between. */
export async function shownFigures(
  { topics }: NetlogStats,
  isShown: (topic: string) => boolean,
  { metricTopics, metricScanners }: Pick<Limits, "metricTopics" | "metricScanners">,
  pause: () => Promise<void>,
): Promise<ShownFigures> {
  const shownTopics = new Shown(metricTopics, OTHER_TOPICS);
  const persistent = new Shown(metricScanners, OTHER_SCANNERS);
  const passing = new Shown(metricScanners, OTHER_SCANNERS);
  const meter = new WorkMeter();
  let waiterCount = 0;
  for (const { scanners, ...topic } of topics) {
    waiterCount += topic.waiterCount;
    if (meter.isDue(TOPIC_WORK_BYTES)) await pause();
    if (!isShown(topic.name)) continue;
    shownTopics.add({ ...topic, scannerCount: scanners.length });
    for (const scanner of scanners) {
      (scanner.isPersistent ? persistent : passing).add({ ...scanner, topic: topic.name });
      if (meter.isDue(SCANNER_WORK_BYTES)) await pause();
    }
  }
  const scanners = new Shown(metricScanners, OTHER_SCANNERS);
  for (const each of [persistent, passing]) for (const figures of each.all()) scanners.add(figures);
  return { topics: shownTopics.all(), scanners: scanners.all(), waiterCount };
}

/** The first `max` that are added, and the sum of the others. */
class Shown<Figures extends object> {
  readonly #max: number;
  readonly #first: Figures[] = [];
  readonly #others: Figures;
  #hasOthers = false;

  /** `others` begins as zero, and says what is no number. */
  constructor(max: number, others: Figures) {
    this.#max = max;
    this.#others = { ...others };
  }

  add(figures: Figures): void {
    if (this.#first.length < this.#max) {
      this.#first.push(figures);
      return;
    }
    this.#hasOthers = true;
    const sums = this.#others as Record<string, unknown>;
    for (const [name, value] of Object.entries(figures)) {
      if (typeof value === "number") sums[name] = (sums[name] as number) + value;
    }
  }

  all(): readonly Figures[] {
    return this.#hasOthers ? [...this.#first, this.#others] : this.#first;
  }
}
