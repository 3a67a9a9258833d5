/** Messages that are there one by one, as the group that makes a batch. */
import { isNetlogError, NetlogError } from "../base/errors.ts";
import { MESSAGE_WORK_BYTES } from "../base/loop-share.ts";
import { WorkMeter } from "../base/work-meter.ts";
import type { Limits } from "./limits.ts";
import { encodeMessageInto, overheadBytes } from "./message.ts";
import { type MessageGroup, MessageGroups } from "./message-groups.ts";
import { type NewMessage, type PackedMessage, packMessage } from "./new-message.ts";

/**
 * Checks and copies them, with the event loop given back in between.
 *
 * @throws bad_request, payload_too_large; the reason names the message, from 0.
 */
export async function groupMessages(
  messages: readonly NewMessage[],
  pause: () => Promise<void>,
  limits: Limits,
): Promise<MessageGroup> {
  const { batchMessages, batchBytes } = limits;
  if (messages.length > batchMessages) throw tooLarge(`a batch has at most ${batchMessages} messages`);
  const groups = new MessageGroups({ messages: batchMessages, bytes: Infinity, mostBytes: batchBytes });
  const meter = new WorkMeter();
  for (const [index, message] of messages.entries()) {
    if (meter.isDue(MESSAGE_WORK_BYTES + message.payload.length)) await pause();
    const { payload, fields } = packAt(index, message, limits);
    const sizeBytes = overheadBytes(fields) + payload.length;
    if (groups.waitingBytes + sizeBytes > batchBytes) {
      throw tooLarge(`message ${index}: a batch has at most ${batchBytes} bytes`);
    }
    groups.reserve(sizeBytes);
    groups.end = encodeMessageInto(groups.bytes, groups.closedEnd, payload, fields);
    groups.close(sizeBytes);
  }
  const group = groups.take();
  if (group !== undefined) return group;
  throw new NetlogError("bad_request", { reason: "there are no messages: a batch has at least one" });
}

function packAt(index: number, message: NewMessage, limits: Limits): PackedMessage {
  const { payload } = message;
  const fail = (what: string): string => `message ${index}: ${what}`;
  if (payload.length === 0) {
    throw new NetlogError("bad_request", { reason: fail("it is empty; a message has at least one byte") });
  }
  if (payload.length > limits.payloadBytes) {
    throw tooLarge(fail(`a payload has at most ${limits.payloadBytes} bytes`));
  }
  try {
    return packMessage(message, limits);
  } catch (error) {
    if (!isNetlogError(error, "bad_request")) throw error;
    throw new NetlogError("bad_request", { reason: fail(error.reason ?? ""), cause: error });
  }
}

function tooLarge(reason: string): NetlogError {
  return new NetlogError("payload_too_large", { reason });
}
