/** What a format cannot tell. */
import { type Message, NetlogError } from "../../lib/index.ts";
import { HttpError } from "../wire/errors.ts";
import type { Encoding } from "./encoding.ts";

/** Why `message`, before which `skipped` are missing, cannot be told; `undefined` when it can. */
export function refusalOf(encoding: Encoding, message: Message, skipped: number): Error | undefined {
  if (skipped > 0 && encoding.skipped === undefined) {
    return new NetlogError("offset_not_found", { details: { firstOffset: message.offset } });
  }
  const reason = encoding.refusal?.(message.payload);
  if (reason === undefined) return undefined;
  return new HttpError("not_acceptable", { reason: `${reason}: ask for another format` });
}
