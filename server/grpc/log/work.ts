/** Scan, and what workers do with the messages that a scan gave them: ack, nack and touch. */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  type BulkDelivery,
  isNetlogError,
  type Netlog,
  type Topic,
  type WorkRequest,
  type WorkResult,
} from "../../../lib/index.ts";
import type { Limits } from "../../http/limits.ts";
import { checkNack } from "../../netlog/acknowledge.ts";
import { badRequest } from "../../wire/errors.ts";
import {
  type AckRequest,
  Log,
  type NackRequest,
  type ScanRequest,
  ScanResponseSchema,
  type TouchRequest,
} from "../generated/netlog/v1/log_pb.ts";
import { type Call, type Method, pack, unary } from "../method.ts";
import type { Packed } from "../packed.ts";
import { MessageRecords } from "./message-records.ts";
import { countOf, numberOf, ofTopic } from "./of-topic.ts";

const WORKS = {
  needs: "read",
  isUse: true,
  topicOf: ({ topic }: { readonly topic: string }) => topic,
} as const;
/** As many offsets as may be pending, each as long as one can be. */
const LISTS_OFFSETS = {
  ...WORKS,
  changes: true,
  mostBytes: ({ ackBytes }: Limits) => ackBytes,
  mostFields: ({ pendingMax, grpcFields }: Limits) => pendingMax + grpcFields,
} as const;

export function workMethods(netlog: Netlog): Method[] {
  const { method } = Log;
  return [
    unary(method.scan, WORKS, ofTopic(netlog, scan)),
    unary(method.ack, LISTS_OFFSETS, ofTopic(netlog, ack)),
    unary(method.nack, LISTS_OFFSETS, ofTopic(netlog, nack)),
    unary(method.touch, LISTS_OFFSETS, ofTopic(netlog, touch)),
  ];
}

/** What does not arrive at the client is given back: see Packed.settle. */
async function scan(call: Call, topic: Topic, sent: ScanRequest): Promise<Packed | undefined> {
  const { request, context } = call;
  const { limits } = context;
  const scanner = topic.scanner(sent.id);
  const max = countOf("max_messages", sent.maxMessages, 1, limits.readMessagesMax);
  const maxBytes = countOf("max_bytes", sent.maxBytes, limits.grpcReadBytes, limits.readBytesMax);
  const waitMs = numberOf("wait_ms", sent.waitMs);
  const records = new MessageRecords({ maxMessages: max, maxBytes }, request.memory);
  let delivery: BulkDelivery | undefined;
  try {
    delivery = await request.waiting((onWaiting) =>
      scanner.scanMany({
        waitMs,
        onWaiting,
        max,
        take: (message, skipped) => records.take(message, skipped),
      }),
    );
  } catch (error) {
    if (!isNetlogError(error, "end_of_topic")) throw error;
    const { isMore = false, isClosed = false } = error.details;
    return pack(ScanResponseSchema, { more: isMore, closed: isClosed });
  }
  if (delivery === undefined) return undefined;
  const { lease = "" } = delivery;
  const rest = toBinary(ScanResponseSchema, create(ScanResponseSchema, { lease }));
  return records.pack(rest, (handedOver) => delivery.settle(handedOver));
}

async function ack(_call: Call, topic: Topic, sent: AckRequest) {
  return answerOf(await topic.scanner(sent.id).work.ack(workOf(sent)));
}

async function nack({ context }: Call, topic: Topic, sent: NackRequest) {
  const { work } = topic.scanner(sent.id);
  const delayMs = numberOf("delay_ms", sent.delayMs);
  checkNack(delayMs, sent.dead, context.limits);
  return answerOf(await work.nack(workOf(sent), delayMs, sent.dead));
}

async function touch(_call: Call, topic: Topic, sent: TouchRequest) {
  return answerOf(await topic.scanner(sent.id).work.touch(workOf(sent)));
}

/** Each offset once. @throws bad_request. */
function workOf(sent: Pick<AckRequest, "offsets" | "lease">): WorkRequest {
  const lease = sent.lease === "" ? undefined : sent.lease;
  if (sent.offsets.length > 0) {
    return { offsets: [...new Set(sent.offsets.map((offset) => numberOf("offsets", offset)))], lease };
  }
  if (lease !== undefined) return { offsets: undefined, lease };
  throw badRequest("which messages is missing: offsets, or a lease for all that it holds");
}

function answerOf({ settled, refused }: WorkResult) {
  return { settled, refused: refused.map((offset) => BigInt(offset)) };
}
