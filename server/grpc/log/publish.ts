/** Publish and PublishBatch. */
import {
  keptContentType,
  type Netlog,
  type NewMessage,
  type Published,
  type PublishOptions,
  type Durability as Reached,
  type Topic,
  WorkMeter,
} from "../../../lib/index.ts";
import { BodyDigest } from "../../http/body-digest.ts";
import type { Limits } from "../../http/limits.ts";
import { type PublishTerms, withTerms } from "../../netlog/publish-terms.ts";
import { badRequest } from "../../wire/errors.ts";
import { decodeRequest, splitField } from "../decode.ts";
import {
  Durability,
  Log,
  NewMessageSchema,
  type PublishBatchRequest,
  PublishBatchRequestSchema,
  type PublishRequest,
  type NewMessage as SentMessage,
  type PublishTerms as SentTerms,
} from "../generated/netlog/v1/log_pb.ts";
import { AROUND_BYTES, type Call, type Method, unary, unaryInPieces } from "../method.ts";
import { numberOf, ofTopic } from "./of-topic.ts";

/** What it takes to decode a message. */
const MESSAGE_WORK_BYTES = 512;
const NO_OPTIONS: PublishOptions = {};
const IS_USED_TO_WRITE = { needs: "write", isUse: true } as const;

export function publishMethods(netlog: Netlog): Method[] {
  return [
    unary(
      Log.method.publish,
      {
        ...IS_USED_TO_WRITE,
        topicOf: ({ topic }) => topic,
        mostBytes: ({ payloadBytes }) => payloadBytes + AROUND_BYTES,
      },
      ofTopic(netlog, publish),
    ),
    unaryInPieces(
      Log.method.publishBatch,
      decodeBatch,
      {
        ...IS_USED_TO_WRITE,
        topicOf: ({ request }) => request.topic,
        mostBytes: ({ batchBytes }) => batchBytes + AROUND_BYTES,
      },
      ofTopic(netlog, publishBatch),
    ),
  ];
}

async function publish(call: Call, topic: Topic, { message: sent, terms }: PublishRequest) {
  if (sent === undefined) throw badRequest("message is missing: what to publish");
  const message = newMessage(sent);
  const options =
    terms === undefined
      ? NO_OPTIONS
      : await withTerms(durabilityOf(terms), termsOf(terms), message, call.context);
  if (call.request.hasLeft) return undefined;
  return publishedAnswer(call, await topic.publish(message, options));
}

/** A batch whose messages are not decoded yet: all of them in one go would keep other clients waiting. */
interface SentBatch {
  readonly request: PublishBatchRequest;
  readonly sentMessages: readonly Uint8Array[];
}

function decodeBatch(bytes: Uint8Array, { batchMessages, grpcFields }: Limits): SentBatch {
  const { number } = PublishBatchRequestSchema.field.messages;
  const { values, rest } = splitField(bytes, number, batchMessages + grpcFields);
  return { request: decodeRequest(PublishBatchRequestSchema, rest, grpcFields), sentMessages: values };
}

async function publishBatch(call: Call, topic: Topic, { request, sentMessages }: SentBatch) {
  const { terms } = request;
  const messages = await decodeMessages(call, sentMessages);
  const batch = await topic.batches.pack(messages);
  const options = terms === undefined ? NO_OPTIONS : await batchOptions(call, terms, messages);
  if (call.request.hasLeft) return undefined;
  const published = await topic.publishBatch(batch, options);
  const count = published.isDuplicate === true ? published.count : batch.count;
  return { ...publishedAnswer(call, published), ...(count === undefined ? {} : { count }) };
}

async function decodeMessages({ context }: Call, sent: readonly Uint8Array[]): Promise<NewMessage[]> {
  const messages: NewMessage[] = [];
  const meter = new WorkMeter();
  for (const bytes of sent) {
    messages.push(newMessage(decodeRequest(NewMessageSchema, bytes, context.limits.grpcFields)));
    if (meter.isDue(MESSAGE_WORK_BYTES)) await context.runtime.pause();
  }
  return messages;
}

async function batchOptions(
  { context }: Call,
  sent: SentTerms,
  messages: readonly NewMessage[],
): Promise<PublishOptions> {
  const { idempotencyKey: key, ...terms } = termsOf(sent);
  const durability = durabilityOf(sent);
  if (key === undefined) return { ...terms, durability };
  const digest = new BodyDigest(["grpc", terms.closes === true]);
  for (const { payload, key: messageKey = null, contentType = null, headers = [] } of messages) {
    digest.add(Buffer.from(JSON.stringify([messageKey, contentType, headers, payload.length])));
    await digest.addAll(payload, context.runtime);
  }
  return { ...terms, durability, idempotency: { key, digest: digest.end() } };
}

function newMessage({ payload, key, contentType, headers }: SentMessage): NewMessage {
  const pairs = Object.entries(headers);
  return {
    payload,
    key,
    contentType: contentType === "" ? undefined : keptContentType(contentType),
    // The order in which a map comes is the client library's; the digest of an idempotency key is not to depend on it.
    headers: pairs.length > 1 ? pairs.sort(([a], [b]) => (a < b ? -1 : 1)) : pairs,
  };
}

function termsOf({ idempotencyKey, producer, expectedOffset, close }: SentTerms): PublishTerms {
  return {
    idempotencyKey,
    producer: producer && {
      id: producer.id,
      epoch: numberOf("producer.epoch", producer.epoch),
      seq: numberOf("producer.seq", producer.seq),
    },
    expectedOffset: expectedOffset === undefined ? undefined : numberOf("expected_offset", expectedOffset),
    closes: close ? true : undefined,
  };
}

/** @throws bad_request. */
function durabilityOf({ durability }: SentTerms): Reached | undefined {
  if (durability === Durability.UNSPECIFIED) return undefined;
  if (durability === Durability.WRITTEN) return "written";
  if (durability === Durability.SYNCED) return "synced";
  throw badRequest("durability takes DURABILITY_WRITTEN or DURABILITY_SYNCED, or nothing");
}

function publishedAnswer({ context }: Call, { offset, timestampMs, durability, isDuplicate }: Published) {
  const duplicate = isDuplicate === true;
  if (duplicate) context.traffic.duplicates += 1;
  return {
    // The topic remembers of a producer's earlier appends only that they were there, not where.
    ...(offset < 0 ? {} : { offset: BigInt(offset) }),
    timestampMs: BigInt(Math.floor(timestampMs)),
    durability: durability === "synced" ? Durability.SYNCED : Durability.WRITTEN,
    duplicate,
  };
}
