/**
 * A message on its way into a stream, and what became of it. It may be sent any number of times: JetStream stores it behind
 * the one message that it names and nowhere else, so at most one of the sendings is stored.
 */

import { isJetStreamError, isNoRoomError, NoAnswer } from "../nats/errors.ts";
import type { JetStreamApi } from "../nats/jetstream-api.ts";
import { decodeEnvelope, sameUid, type Uid } from "./envelope.ts";

export interface Outgoing {
  /** What it gets when it is stored: it is sent for behind the message before that. */
  readonly sequence: number;
  readonly subject: string;
  /** The same bytes each time. */
  readonly payload: Buffer;
  readonly uid: Uid;
  /** A sending of it may have been stored: no answer told. */
  mayBeStored: boolean;
  /** What the newest sending without an ack got in its place, for the log. */
  refusal?: unknown;
}

/**
 * What one sending came to, or a look at what lies in the message's place.
 *
 * `stored`: a majority has it. `fenced`: another writer's message has its place, so it never will be stored. `no_room`: this
 * sending was refused. `behind`: the stream ends before the message that this one is to follow, which was acknowledged;
 * a leader that has been replaced may say so, too. `unknown`: none of these can be told now.
 */
export type Outcome = "stored" | "fenced" | "no_room" | "behind" | "unknown";

/** Sends the message once, and looks at its place where that is taken. Never rejects. */
export async function sendOnce(
  api: JetStreamApi,
  stream: string,
  message: Outgoing,
  timeoutMs: number,
): Promise<Outcome> {
  const { subject, payload, sequence } = message;
  try {
    await api.publish(subject, payload, { stream, lastSequence: sequence - 1, timeoutMs });
    return "stored";
  } catch (error) {
    message.refusal = error;
    if (isNoRoomError(error)) return "no_room";
    if (isJetStreamError(error, "wrongLastSequence")) {
      if (lastSequenceOf(error.description) < sequence - 1) return "behind";
      return lookAtPlace(api, stream, message, timeoutMs);
    }
    if (!wasRefused(error)) message.mayBeStored = true;
    return "unknown";
  }
}

async function lookAtPlace(
  api: JetStreamApi,
  stream: string,
  { sequence, uid }: Outgoing,
  timeoutMs: number,
): Promise<Outcome> {
  try {
    const there = await api.leadersMessage(stream, { sequence }, timeoutMs);
    if (there === undefined) return "unknown";
    const envelope = decodeEnvelope(there.data);
    return envelope !== undefined && sameUid(envelope.uid, uid) ? "stored" : "fenced";
  } catch {
    return "unknown";
  }
}

/** For certain nothing was stored. */
function wasRefused(error: unknown): boolean {
  return error instanceof NoAnswer && (error.kind === "not_connected" || error.kind === "no_responders");
}

/** JetStream's text is `wrong last sequence: 17`; in another wording nothing can be told. */
function lastSequenceOf(description: string): number {
  return Number(/: (\d+)$/.exec(description)?.[1] ?? Number.NaN);
}
