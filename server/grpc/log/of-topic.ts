/** What the methods of the log have in common: the topic that a request names, and numbers as gRPC has them. */
import { isNetlogError, type Netlog, type Topic } from "../../../lib/index.ts";
import { badRequest } from "../../wire/errors.ts";
import type { Call } from "../method.ts";

/** Where reading begins, as requests say it. */
export type Start =
  | { readonly case: "offset"; readonly value: bigint }
  | { readonly case: "from" | "to"; readonly value: string }
  | { readonly case: undefined; readonly value?: undefined };

type Handler<Request, Result> = (call: Call, topic: Topic, request: Request) => Promise<Result>;

/** A handler that is given the topic. The topic counts as used while the call goes on, where its method says so. */
export function ofTopic<Request, Result>(
  netlog: Netlog,
  handle: Handler<Request, Result>,
): (call: Call, request: Request) => Promise<Result> {
  return (call, request) =>
    behindExpiry(netlog, call, () => {
      const topic = netlog.topic(call.topicName);
      call.use(topic);
      return handle(call, topic, request);
    });
}

/** No client is to learn that a topic is gone before it is gone for good: a crash could bring it back. */
export async function behindExpiry<Result>(
  netlog: Netlog,
  call: Call,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (isNetlogError(error, "topic_not_found")) await netlog.expiryOf(call.topicName);
    throw error;
  }
}

/** A number of the request that is a whole one from 0 on. @throws bad_request. */
export function numberOf(name: string, value: bigint | number): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw badRequest(`${name} takes a whole number from 0 to 2^53-1`);
}

/** `fallback` for 0; more than `max` is taken for that. @throws bad_request. */
export function countOf(name: string, value: bigint | number, fallback: number, max: number): number {
  const number = numberOf(name, value);
  return number === 0 ? fallback : Math.min(number, max);
}

/** The spelling of a start; `undefined` where there is none. @throws bad_request. */
export function spellingOf(start: Start): string | undefined {
  return start.case === "offset" ? String(numberOf("offset", start.value)) : start.value;
}
