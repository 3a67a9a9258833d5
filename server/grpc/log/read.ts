/** Read: what is there from an offset on, in one answer. */
import { create, toBinary } from "@bufbuild/protobuf";
import type { Message, Netlog, Taken, Topic, TopicCursor } from "../../../lib/index.ts";
import { Log, type ReadRequest, ReadResponseSchema } from "../generated/netlog/v1/log_pb.ts";
import { type Call, type Method, unary } from "../method.ts";
import type { Packed } from "../packed.ts";
import { MessageRecords } from "./message-records.ts";
import { countOf, numberOf, ofTopic, spellingOf } from "./of-topic.ts";

export function readMethod(netlog: Netlog): Method {
  const terms = { needs: "read", isUse: true, topicOf: ({ topic }: ReadRequest) => topic } as const;
  return unary(Log.method.read, terms, ofTopic(netlog, read));
}

/** What is read by key is looked for until there is one, the time is over, or one call has looked at enough. */
async function read(call: Call, topic: Topic, sent: ReadRequest): Promise<Packed | undefined> {
  const { request, context } = call;
  const { limits, runtime } = context;
  const bounds = {
    maxMessages: countOf("max_messages", sent.maxMessages, limits.readMessages, limits.readMessagesMax),
    maxBytes: countOf("max_bytes", sent.maxBytes, limits.grpcReadBytes, limits.readBytesMax),
  };
  const waitMs = numberOf("wait_ms", sent.waitMs);
  const cursor = topic.openCursor(sent.keys);
  let offset = await topic.startOf(spellingOf(sent.start) ?? "");
  const records = new MessageRecords(bounds, request.memory);
  const take = (message: Message): Taken => {
    if (!records.take(message, 0)) return false;
    return records.isFull ? "last" : true;
  };
  const endsAtMs = runtime.elapsedMs() + waitMs;
  do {
    const leftMs = Math.max(0, endsAtMs - runtime.elapsedMs());
    const waited = await request.waiting((onWaiting) => cursor.wait(offset, { waitMs: leftMs, onWaiting }));
    if (waited === "cancelled") return undefined;
    if (waited !== "readable") break;
    offset = await cursor.readMessages(offset, Number.POSITIVE_INFINITY, take);
  } while (records.count === 0 && !cursor.hasMore);
  return records.pack(restOf(cursor, offset, records.count));
}

/** What the answer says behind its messages. */
function restOf({ hasMore, closedAt }: TopicCursor, offset: number, count: number): Uint8Array {
  const rest = { nextOffset: BigInt(offset), more: count === 0 && hasMore, closed: closedAt === offset };
  return toBinary(ReadResponseSchema, create(ReadResponseSchema, rest));
}
