/** Where reading may begin. */
import { type ErrorCode, NetlogError } from "../base/errors.ts";
import type { Log } from "../log/log.ts";

/**
 * `from` is a message that is there, or the next one to come; a refusal calls it `name`.
 *
 * @throws bad_request (negative; for NetLog, and so where a scanner is created, that is an invalid_offset),
 *   offset_not_found (beyond the next message, or dropped: with firstOffset).
 */
export function requireReadable(
  { logStartOffset, logEndOffset }: Log,
  from: number,
  { name = "from", negative = "bad_request" }: { name?: string; negative?: ErrorCode } = {},
): void {
  if (from < 0) throw new NetlogError(negative, { reason: `${name} is ${from}; offsets begin at 0` });
  if (from > logEndOffset) throw new NetlogError("offset_not_found");
  if (from < logStartOffset) {
    throw new NetlogError("offset_not_found", { details: { firstOffset: logStartOffset } });
  }
}
