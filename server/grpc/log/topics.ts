/** Topics as a whole: create, describe, list, change, delete, close, sync. */
import { isFieldSet, type MessageInitShape, ScalarType } from "@bufbuild/protobuf";
import { type Netlog, type Topic, type TopicSettings, WorkMeter } from "../../../lib/index.ts";
import { badRequest } from "../../wire/errors.ts";
import {
  type CreateTopicRequest,
  type DeleteTopicRequest,
  Durability,
  type ListTopicsRequest,
  Log,
  type TopicSettings as SentSettings,
  TopicSettingsSchema,
  type UpdateTopicRequest,
} from "../generated/netlog/v1/log_pb.ts";
import { type Call, type Method, unary } from "../method.ts";
import { behindExpiry, countOf, ofTopic } from "./of-topic.ts";

const topicOf = ({ topic }: { readonly topic: string }): string => topic;
/** What it takes to look at a topic: its name goes through the patterns of a token. */
const TOPIC_WORK_BYTES = 1024;

/** As settings have it; 0 in a message stands for the default. */
const DURABILITIES: ReadonlyMap<unknown, string> = new Map([
  [Durability.UNSPECIFIED, ""],
  [Durability.WRITTEN, "written"],
  [Durability.SYNCED, "synced"],
]);

export function topicMethods(netlog: Netlog): Method[] {
  const { method } = Log;
  const [admins, writes, reads] = (["admin", "write", "read"] as const).map((needs) => ({ needs, topicOf }));
  return [
    unary(method.createTopic, admins!, async (_call, request) => await create(netlog, request)),
    unary(
      method.getTopic,
      reads!,
      ofTopic(netlog, async (_call, topic) => await answerOf(topic)),
    ),
    unary(method.listTopics, { needs: "token", isLarge: true }, (call, request) =>
      list(netlog, call, request),
    ),
    unary(method.updateTopic, admins!, ofTopic(netlog, updateIn(netlog))),
    unary(method.deleteTopic, admins!, (call, request) => remove(netlog, call, request)),
    unary(method.closeTopic, writes!, ofTopic(netlog, close)),
    unary(method.syncTopic, writes!, ofTopic(netlog, sync)),
  ];
}

async function create(netlog: Netlog, { topic, settings }: CreateTopicRequest) {
  return await answerOf(await netlog.createTopic(topic, settings && settingsOf(settings)));
}

function updateIn(netlog: Netlog) {
  return async (_call: Call, topic: Topic, { settings }: UpdateTopicRequest) => {
    await netlog.updateTopic(topic.name, settings === undefined ? {} : settingsOf(settings));
    return await answerOf(topic);
  };
}

/** One that failed to open can still be deleted. */
async function remove(netlog: Netlog, call: Call, { topic, force }: DeleteTopicRequest) {
  await behindExpiry(netlog, call, () => netlog.deleteTopic(topic, { force }));
  return {};
}

async function close(_call: Call, topic: Topic) {
  await topic.closeForGood();
  return { nextOffset: BigInt(topic.readableOffsets.end) };
}

async function sync(_call: Call, topic: Topic) {
  await topic.sync();
  return {};
}

/** It looks at all names behind `after`, with the event loop given back in between. */
async function list(netlog: Netlog, { grant, context }: Call, { prefix, after, limit }: ListTopicsRequest) {
  const { topicsListed } = context.limits;
  const most = countOf("limit", limit, topicsListed, topicsListed);
  const meter = new WorkMeter();
  const topics: string[] = [];
  for (const name of netlog.topicNames()) {
    if (meter.isDue(TOPIC_WORK_BYTES)) await context.runtime.pause();
    if (name <= after || !name.startsWith(prefix) || !grant.may("read", name)) continue;
    if (topics.length === most) return { topics, next: topics.at(-1) ?? "" };
    topics.push(name);
  }
  return { topics };
}

/** Settings in the words of the wire. What is wrong with their values the engine says. @throws bad_request. */
function settingsOf(sent: SentSettings): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const field of TopicSettingsSchema.fields) {
    if (!isFieldSet(sent, field)) continue;
    const value: unknown = sent[field.localName as keyof SentSettings];
    settings[field.name] = typeof value === "bigint" ? Number(value) : value;
  }
  if (settings.durability === undefined) return settings;
  const durability = DURABILITIES.get(settings.durability);
  if (durability === undefined) throw badRequest("durability takes DURABILITY_WRITTEN or DURABILITY_SYNCED");
  return { ...settings, durability };
}

async function answerOf(topic: Topic) {
  const info = await topic.info();
  return {
    topic: {
      name: topic.name,
      id: topic.id,
      firstOffset: BigInt(info.first_offset),
      nextOffset: BigInt(info.latest_offset + 1),
      diskSizeBytes: BigInt(info.disk_size),
      segments: info.segments.length,
      scanners: Object.keys(info.scanners).length,
      modifiedAtMs: BigInt(Date.parse(info.mod_time)),
      settings: toSent(topic.settings),
      closed: info.closed === true,
    },
  };
}

function toSent(settings: TopicSettings): MessageInitShape<typeof TopicSettingsSchema> {
  const { durability, ...others } = settings;
  const sent: Record<string, unknown> = {
    durability: durability === "synced" ? Durability.SYNCED : Durability.WRITTEN,
  };
  for (const { name, localName, scalar } of TopicSettingsSchema.fields) {
    const value: unknown = others[name as keyof typeof others];
    if (value === undefined) continue;
    sent[localName] = scalar === ScalarType.INT64 ? BigInt(value as number) : value;
  }
  return sent as MessageInitShape<typeof TopicSettingsSchema>;
}
