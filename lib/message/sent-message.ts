/** What a client may send in a message of its own making, beyond what makes the bytes a sound message. */
import { NetlogError } from "../base/errors.ts";
import { refusalOfFields } from "./field-rules.ts";
import { decodeFields, highestTag, TAG_HEADER } from "./fields.ts";
import type { Limits } from "./limits.ts";
import { fieldBytesAt, payloadStart, viewOf } from "./message.ts";

/**
 * Checks message `index`, which is sound and lies in `[position, end)` of `bytes`; it began at `sentPosition` of what
 * was sent.
 *
 * @throws payload_too_large, bad_request, whose reason names the message and its byte.
 */
export function requireAllowed(
  bytes: Buffer,
  view: DataView,
  position: number,
  end: number,
  limits: Limits,
  index: number,
  sentPosition: number = position,
): void {
  if (end - payloadStart(view, position) > limits.payloadBytes) {
    const reason = `message ${index} at byte ${sentPosition}: a payload has at most ${limits.payloadBytes} bytes`;
    throw new NetlogError("payload_too_large", { reason });
  }
  const fields = fieldBytesAt(bytes, view, position);
  const refusal = fields === undefined ? undefined : refusalOfSentFields(fields, limits);
  if (refusal === undefined) return;
  throw new NetlogError("bad_request", { reason: `message ${index} at byte ${sentPosition}: ${refusal}` });
}

/** What only the server may write would close a topic, or shut its producers out. */
function refusalOfSentFields(fields: Buffer, limits: Limits): string | undefined {
  const tag = highestTag(viewOf(fields), 0, fields.length);
  if (tag > TAG_HEADER) return `a client may send the tags 1 to ${TAG_HEADER}; this message has tag ${tag}`;
  return refusalOfFields(decodeFields(fields), limits);
}
