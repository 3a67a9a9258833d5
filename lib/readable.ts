/** Where reading may begin. */
import { NetlogError } from "./errors.ts";
import type { Log } from "./log/log.ts";

/**
 * `from` is a message that is there, or the next one to come; a refusal calls it `name`.
 *
 * @throws invalid_offset (negative), offset_not_found (beyond the next message, or dropped: with firstOffset).
 */
export function requireReadable({ logStartOffset, logEndOffset }: Log, from: number, name = "from"): void {
  if (from < 0) {
    throw new NetlogError("invalid_offset", { reason: `${name} is ${from}; offsets begin at 0` });
  }
  if (from > logEndOffset) throw new NetlogError("offset_not_found");
  if (from < logStartOffset) {
    throw new NetlogError("offset_not_found", { details: { firstOffset: logStartOffset } });
  }
}
