/** The figures of a topic that `netlog topics` shows, asked from the server. */
import { isNetlogClientError, type NetlogClient, type Topic } from "../../lib/client/index.ts";

export type TopicFigures = ServedTopic | UnservedTopic;

interface ServedTopic {
  readonly isServed: true;
  readonly topic: string;
  readonly isClosed: boolean;
  readonly firstOffset: number;
  readonly nextOffset: number;
  readonly diskSizeBytes: number;
  /** Messages a second. */
  readonly rate: number;
  readonly modifiedAt: string;
  readonly scanners: number;
  /** Lag of the scanner that is furthest behind; `null` without scanners. */
  readonly lag: number | null;
  /** By this side's clock. */
  readonly readAtMs: number;
}

interface UnservedTopic {
  readonly isServed: false;
  readonly topic: string;
  readonly reason: string;
}

/** Topics asked for at a time. */
const CONCURRENCY = 8;
/** What a rate is taken over, when there is nothing to compare with. */
const RATE_SPAN = "1m";
const RATE_SPAN_SECONDS = 60;

/** Reads all topics, or the named ones, in order. A topic that is deleted meanwhile is left out, unless it was named. */
export async function readFigures(
  netlog: NetlogClient,
  named: readonly string[],
): Promise<readonly TopicFigures[]> {
  const names = named.length > 0 ? named : await netlog.topics();
  const all: (TopicFigures | undefined)[] = [];
  const places = names.keys();
  const read = async (): Promise<void> => {
    for (const place of places) all[place] = await readTopic(netlog.topic(names[place]!), named.length > 0);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, read));
  return all.filter((figures) => figures !== undefined);
}

async function readTopic(topic: Topic, isNamed: boolean): Promise<TopicFigures | undefined> {
  try {
    const [info, scanners, minuteAgo] = await Promise.all([
      topic.info(),
      topic.scanners(),
      topic.offsetOf(RATE_SPAN),
    ]);
    const nextOffset = info.latest_offset + 1;
    return {
      isServed: true,
      topic: topic.name,
      isClosed: info.closed === true,
      firstOffset: info.first_offset,
      nextOffset,
      diskSizeBytes: info.disk_size,
      rate: Math.max(0, nextOffset - minuteAgo) / RATE_SPAN_SECONDS,
      modifiedAt: info.mod_time,
      scanners: scanners.length,
      lag: scanners.length === 0 ? null : Math.max(...scanners.map(({ lag }) => lag)),
      readAtMs: Date.now(),
    };
  } catch (error) {
    if (!isNamed && isNetlogClientError(error, "topic_not_found")) return undefined;
    if (!isNetlogClientError(error, "topic_unavailable")) throw error;
    return { isServed: false, topic: topic.name, reason: error.reason ?? "topic unavailable" };
  }
}

/** With rates since the look before, for those that were there. */
export function withRates(
  before: readonly TopicFigures[],
  now: readonly TopicFigures[],
): readonly TopicFigures[] {
  const earlier = new Map(before.map((figures) => [figures.topic, figures]));
  return now.map((figures) => {
    const previous = earlier.get(figures.topic);
    if (!figures.isServed || previous?.isServed !== true) return figures;
    const seconds = (figures.readAtMs - previous.readAtMs) / 1000;
    // A topic that was deleted and made again begins anew.
    const messages = figures.nextOffset - previous.nextOffset;
    return seconds > 0 && messages >= 0 ? { ...figures, rate: messages / seconds } : figures;
  });
}
