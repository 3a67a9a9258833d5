/**
 * Handler of `GET /-/topics`: topics with their figures, in any order, a page at a time. It looks at all topics for each
 * page, with the event loop given back in between, and keeps those of the page alone.
 */
import { failedSummary, isNetlogError, type Netlog, type TopicSummary, WorkMeter } from "../../lib/index.ts";
import type { Answer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { json } from "../openapi/bodies.ts";
import type { Operation } from "../openapi/operation.ts";
import { ref } from "../openapi/parts.ts";
import { badRequest } from "../wire/errors.ts";
import { quoteSafely } from "../wire/quote.ts";
import { formatTime } from "../wire/time.ts";
import { bodyMemory } from "./answer-memory.ts";
import { longJsonAnswer } from "./long-answer.ts";
import { type OtherTopics, otherTopics, type ToldTopic, toldFigure } from "./other-topics.ts";
import { type Place, parsePlace, spellPlace, TopicPage } from "./topic-page.ts";

/** What it takes to look at a topic: its name goes through the patterns of a token. */
const TOPIC_WORK_BYTES = 1024;

type Figure = (topic: TopicSummary) => number;

/** What topics are sorted by, beside their name. What is not there is less than anything. */
const FIGURES: Readonly<Record<string, Figure>> = {
  messages: ({ messageCount }) => messageCount,
  disk_size: ({ diskSizeBytes }) => diskSizeBytes,
  messages_in: ({ counters }) => counters.messagesIn,
  bytes_in: ({ counters }) => counters.bytesIn,
  messages_out: ({ counters }) => counters.messagesOut,
  bytes_out: ({ counters }) => counters.bytesOut,
  newest: ({ newestAtMs = -1 }) => newestAtMs,
  scanners: ({ scannerCount }) => scannerCount,
  lag: ({ lag = -1 }) => lag,
};

export const DESCRIBE_TOPICS: Operation = {
  handle: describeTopics,
  id: "describeTopics",
  tag: "topics",
  summary: "Topics with their figures, in any order",
  query: ["prefix", "sort", "after", "limit"],
  success: { "200": json("A page of topics, and where the next one begins", ref("TopicPage")) },
  errors: [],
};

async function describeTopics(exchange: Exchange): Promise<Answer> {
  const { context, grant } = exchange;
  const { netlog, limits } = context;
  const parameters = exchange.parameters();
  const prefix = parameters.get("prefix") ?? "";
  const { word, figure, isDescending } = readSort(parameters.get("sort") ?? "name");
  const after = readPlace(parameters.get("after") ?? "", figure !== undefined);
  const limit = parameters.count("limit", limits.topicsListed, limits.topicsListed);
  parameters.finish();

  const memory = bodyMemory(exchange);
  const meter = new WorkMeter();
  const page = new TopicPage<TopicSummary | ToldTopic | undefined>({ after, limit, isDescending });
  const others = await otherTopics(exchange);
  let count = 0;
  for (const name of netlog.topicNames()) {
    if (meter.isDue(TOPIC_WORK_BYTES)) await memory.pause();
    if (!name.startsWith(prefix) || !grant.may("read", name) || isTold(netlog, name, others)) continue;
    const summary = figure === undefined ? undefined : await summaryOf(netlog, name);
    if (figure !== undefined && summary === undefined) continue;
    count += 1;
    page.add({ figure: summary && figure ? figure(summary) : 0, name }, summary);
  }
  for (const given of others.pages.values()) {
    count += given.count;
    for (const topic of given.topics) {
      page.add({ figure: figure === undefined ? 0 : toldFigure(topic, word), name: topic.name }, topic);
    }
    if (given.next !== undefined) page.noteMore();
  }
  const topics: object[] = [];
  for (const { name, value } of page.entries) {
    const summary = value ?? (await summaryOf(netlog, name));
    if (summary === undefined) continue;
    topics.push({
      ...("counters" in summary ? tell(summary as TopicSummary) : summary),
      ...rightsOf(grant, name),
    });
  }
  const next = page.next && spellPlace(page.next, figure !== undefined);
  return await longJsonAnswer(
    exchange,
    { count, ...(grant.rights === undefined ? {} : { may: grant.rights }), topics, next },
    2,
  );
}

/** Another server tells of it, or is to: see OtherTopics. */
function isTold(netlog: Netlog, name: string, { pages, names, isAsked }: OtherTopics): boolean {
  if (names.has(name)) return true;
  if (netlog.serves(name)) return false;
  try {
    const owner = netlog.ownerOf(name);
    return owner !== undefined && (isAsked || (typeof owner === "string" && pages.has(owner)));
  } catch {
    // It has no owner now.
    return isAsked;
  }
}

/** Without tokens everybody may do everything, and nothing is said of it. */
function rightsOf(grant: Exchange["grant"], name: string): object {
  const { rights } = grant;
  return rights === undefined ? {} : { may: rights.filter((right) => grant.may(right, name)) };
}

/** `undefined` for a topic that was deleted meanwhile. */
async function summaryOf(netlog: Netlog, name: string): Promise<TopicSummary | undefined> {
  try {
    return await netlog.topic(name).summary();
  } catch (error) {
    if (isNetlogError(error, "topic_unavailable")) return failedSummary(name, error.reason ?? "");
    if (isNetlogError(error, "topic_not_found")) return undefined;
    throw error;
  }
}

/** Fields in the order in which clients see them. */
function tell(topic: TopicSummary): object {
  const { counters, newestAtMs, lag, isClosed, trouble } = topic;
  return {
    name: topic.name,
    messages: topic.messageCount,
    disk_size: topic.diskSizeBytes,
    messages_in: counters.messagesIn,
    bytes_in: counters.bytesIn,
    messages_out: counters.messagesOut,
    bytes_out: counters.bytesOut,
    newest: newestAtMs === undefined ? null : formatTime(newestAtMs),
    scanners: topic.scannerCount,
    lag: lag ?? null,
    ...(isClosed ? { closed: true } : {}),
    ...(trouble === undefined ? {} : { failed: trouble }),
  };
}

/** `-messages`: those with the most messages first. By name there is no figure. */
function readSort(text: string): {
  readonly word: string;
  readonly figure: Figure | undefined;
  readonly isDescending: boolean;
} {
  const isDescending = text.startsWith("-");
  const word = isDescending ? text.slice(1) : text;
  if (word === "name") return { word, figure: undefined, isDescending };
  if (Object.hasOwn(FIGURES, word)) return { word, figure: FIGURES[word], isDescending };
  const list = ["name", ...Object.keys(FIGURES)].join(", ");
  throw badRequest(
    `sort takes ${list}, each also with - before it for the reverse order, and not ${quoteSafely(text)}`,
  );
}

function readPlace(text: string, hasFigure: boolean): Place | undefined {
  if (text === "") return undefined;
  const place = parsePlace(text, hasFigure);
  if (place !== undefined) return place;
  throw badRequest("after takes what next said in an answer of the same sort; leave it out to begin anew");
}
