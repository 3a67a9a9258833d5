/** The store over gRPC: awakari.messages.Service and its cleaner. */
import { NetlogError } from "../../../lib/index.ts";
import { LogRefusal, LogUnavailable } from "../../../lib/views/index.ts";
import {
  AnswerTooLarge,
  cutEvents,
  EventFlaw,
  InvalidId,
  joinEvents,
  LIMITS,
  type MessageStore,
  type StoredEvent,
} from "../../../lib/views/messages/index.ts";
import { Service as Cleaner } from "../../grpc/generated/api/grpc/cleaner/service_pb.ts";
import { type GetBatchRequest, Service } from "../../grpc/generated/api/grpc/service_pb.ts";
import type { GrpcOptions } from "../../grpc/grpc-server.ts";
import { type Call, unary, unaryInPieces } from "../../grpc/method.ts";
import { Packed } from "../../grpc/packed.ts";
import { badRequest, tooManyAnswers } from "../../wire/errors.ts";
import { busyWith } from "../busy.ts";

export interface ServiceOptions {
  readonly store: MessageStore;
  readonly topic: string;
  readonly answerBytes: number;
}

/** An id in a list, with its tag and its length. */
const LISTED_ID_BYTES = LIMITS.idBytes + 4;

export function storeService({
  store,
  topic,
  answerBytes,
}: ServiceOptions): Pick<GrpcOptions, "services" | "methods"> {
  const topicOf = (): string => topic;
  const writes = { needs: "write", topicOf } as const;
  const ofIds = { topicOf, mostBytes: () => LIMITS.ids * LISTED_ID_BYTES, mostFields: () => LIMITS.ids };
  return {
    services: [Service, Cleaner],
    methods: [
      unaryInPieces(
        Service.method.putBatch,
        eventsOf,
        { ...writes, mostBytes: () => LIMITS.putBytes },
        (call, events) => putBatch(call, store, events),
      ),
      unary(Service.method.getBatch, { ...ofIds, needs: "read" }, (call, request) =>
        getBatch(call, store, request, answerBytes),
      ),
      unary(Service.method.deleteBatch, { ...ofIds, needs: "write" }, async (call, { ids }) => {
        const ackCount = await whileAsked(call, (signal) => store.delete(ids, signal));
        return ackCount === undefined ? undefined : { ackCount };
      }),
      unary(Cleaner.method.clean, writes, async (call) => {
        const count = await whileAsked(call, (signal) => store.clean(signal));
        return count === undefined ? undefined : { count: BigInt(count) };
      }),
    ],
  };
}

async function putBatch(call: Call, store: MessageStore, events: readonly StoredEvent[]) {
  const ackCount = await whileAsked(call, (signal) => store.put(events, signal));
  return ackCount === undefined ? undefined : { ackCount };
}

async function getBatch(call: Call, store: MessageStore, { ids }: GetBatchRequest, answerBytes: number) {
  const { memory } = call.request;
  const admit = (listBytes: number): void => {
    if (!memory.mayHold(listBytes)) throw tooManyAnswers();
  };
  const events = await whileAsked(call, (signal) => store.get(ids, answerBytes, admit, signal));
  return events === undefined ? undefined : new Packed(joinEvents(events), events.length);
}

/** @throws bad_request. */
function eventsOf({ buffer, byteOffset, length }: Uint8Array): StoredEvent[] {
  try {
    return cutEvents(Buffer.from(buffer, byteOffset, length), LIMITS.putEvents);
  } catch (error) {
    throw error instanceof EventFlaw ? badRequest(`these are no events: ${error.message}`) : error;
  }
}

/** `undefined`: the client has left, or its time is over. What takes longer than any call should fails. */
async function whileAsked<Result>(
  { request, context }: Call,
  act: (signal: AbortSignal) => Promise<Result>,
): Promise<Result | undefined> {
  const asked = new AbortController();
  const timer = context.runtime.setTimer(LIMITS.waitMs, () => {
    asked.abort(new Error("the index did not get so far in time"));
  });
  try {
    return await request.waiting((onWaiting) => {
      onWaiting(() => asked.abort());
      return act(asked.signal);
    });
  } catch (error) {
    if (request.hasLeft) return undefined;
    throw translate(error);
  } finally {
    timer.cancel();
  }
}

/** What is not the client's fault stays as it is: clients learn that it is internal, and the log learns why. */
function translate(error: unknown): unknown {
  if (error instanceof InvalidId) return badRequest(error.message);
  if (error instanceof AnswerTooLarge) return new NetlogError("payload_too_large", { reason: error.message });
  const busy = busyWith(error);
  if (busy !== undefined) return new NetlogError("topic_unavailable", { reason: busy.message, cause: error });
  if (error instanceof LogRefusal && error.code === "payload_too_large") {
    return new NetlogError("payload_too_large", {
      reason: `the log does not take it: ${error.message}`,
      cause: error,
    });
  }
  if (error instanceof LogUnavailable && error.code === "too_many_requests") {
    return new NetlogError("too_many_requests", {
      reason: `the log is busy: ${error.message}`,
      cause: error,
    });
  }
  return error;
}
