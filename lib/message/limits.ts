/** The caps of messages, batches and message sets. */
import { type BaseCaps, KiB, MiB } from "../base/limits.ts";

/** What `max_message_size` and `max_batch_size` may be at most. */
export const LARGEST_BYTES: number = 64 * MiB;

export class MessageCaps {
  /** One message's payload. */
  readonly payloadBytes: number = 16 * MiB;
  /** One batch, as sent; and one message set that is sent, unpacked. */
  readonly batchBytes: number = 8 * MiB;
  /**
   * One message set, unpacked, on reading: the largest batch that any server may take, and the headers that a batch of
   * text gets for its messages.
   */
  readonly setBytes: number = LARGEST_BYTES + 9 * 65_536;
  /** Messages of one batch, and of one message set. */
  readonly batchMessages: number = 65_536;
  /** A message's key, in bytes of UTF-8. */
  readonly messageKeyBytes: number = 1024;
  /** Characters of a message's content type. */
  readonly contentTypeLength: number = 255;
  /** Headers of a message. */
  readonly messageHeaders: number = 64;
  /** Key, content type and headers of a message together, as an answer spells them in its headers. */
  readonly messageFieldsBytes: number = 8 * KiB;
  /** Compression of more than this is done off the event loop. */
  readonly inlineCompressionBytes: number = 64 * KiB;
}

/** What lib/message is handed. */
export interface Limits extends BaseCaps, MessageCaps {}
