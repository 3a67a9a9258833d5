/** What a format of answers is made of, message by message. Frames are none of these: they go as they lie. */
import type { Message } from "../../lib/index.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { Steps } from "./steps.ts";

export interface Encoding {
  /** It writes key, content type and headers of a message too. */
  readonly writesFields?: true;
  /** Comes before the first message, and behind the last. */
  readonly opening: string;
  readonly closing: string;
  /** The opening of a stream whose first message is to be `next`, in a format that tells this. */
  readonly openingAt?: (next: number) => string;
  /** Sent from time to time on a stream that is quiet otherwise. */
  readonly heartbeat?: string;
  /** The same, which also says that all before `next` was looked at; of a stream that passes messages over. */
  readonly heartbeatAt?: (next: number) => string;
  /** Why the format cannot hold a payload. Without it there is none of that kind. */
  readonly refusal?: (payload: Buffer) => string | undefined;
  /** Writes one message; `isFirst` of all. */
  readonly encode: (writer: ByteWriter, message: Message, isFirst: boolean) => void;
  /** Writes the same bytes in steps. */
  readonly encodeInSteps: (writer: ByteWriter, message: Message, isFirst: boolean) => Steps;
  /** The most that a message of so many bytes, payload and fields, may become, with what `skipped` tells before it. */
  readonly mostBytes: (messageBytes: number) => number;
  /** Tells that the topic is closed, and `next` is its end. Without it the format cannot. */
  readonly closed?: (next: number) => string;
  /** Tells of `count` messages that are missing before `next`. Without it the format cannot. */
  readonly skipped?: (count: number, next: number) => string;
}
