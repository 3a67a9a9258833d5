/** Where a stream of a topic begins: behind what a browser that comes back had last, or where `from` says. */
import type { IncomingMessage } from "node:http";
import { NetlogError, type Topic } from "../../lib/index.ts";

export interface StreamStart {
  readonly offset: number;
  /** The reader knows messages that this topic has not: it had them of an older topic of the same name. */
  readonly isAnew: boolean;
}

/** The offset of a message, or -1: in front of all of them. */
const LAST_EVENT_ID = /^(?:-1|[0-9]+)$/;

/** @throws bad_request, offset_not_found. */
export async function streamStart(
  topic: Topic,
  { headers }: IncomingMessage,
  from: string,
): Promise<StreamStart> {
  const lastEventId = String(headers["last-event-id"] ?? "");
  if (lastEventId === "") return { offset: await topic.startOf(from), isAnew: false };
  const next = Number(lastEventId) + 1;
  if (!LAST_EVENT_ID.test(lastEventId) || !Number.isSafeInteger(next)) {
    throw new NetlogError("bad_request", { reason: "Last-Event-ID takes the offset of a message, or -1" });
  }
  // Below the first kept the stream itself tells what is missing.
  if (next <= (await topic.resolveOffset("end"))) return { offset: next, isAnew: false };
  return { offset: await topic.resolveOffset("first"), isAnew: true };
}
