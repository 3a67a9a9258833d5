/** Where a scanner would go on: the message at a place that was typed, found without moving anything. */
import {
  isNetlogClientError,
  type Message,
  type Offset,
  type TopicInfo,
} from "../../../../lib/client/index.ts";
import { parsePosition, placeBeforeEnd } from "../feed/position.ts";

/** The topic, as far as it is needed. */
export interface Looked {
  info(): Promise<Pick<TopicInfo, "first_offset" | "latest_offset">>;
  readBatch(options: {
    from: Offset;
    max: number;
    maxBytes?: number;
  }): Promise<{ messages: readonly Message[]; nextOffset: number }>;
}

export interface Landing {
  /** Where to seek to. */
  readonly offset: number;
  /** `undefined` behind the newest message. */
  readonly message: Message | undefined;
}

/** @throws what reading does, for what is no place. */
export async function landingAt(topic: Looked, text: string, nowMs: number): Promise<Landing> {
  const position = parsePosition(text, nowMs);
  let from: Offset;
  if (position.kind === "before-end") {
    const { first_offset, latest_offset } = await topic.info();
    from = placeBeforeEnd(position.count, first_offset, latest_offset + 1);
  } else {
    from = position.from as Offset;
  }
  try {
    const { messages, nextOffset } = await topic.readBatch({ from, max: 1 });
    const [message] = messages;
    return { offset: message?.offset ?? nextOffset, message };
  } catch (error) {
    // What retention dropped: the scanner would go on at the first message that is kept.
    const first = isNetlogClientError(error, "offset_not_found") ? error.firstOffset : undefined;
    if (first === undefined) throw error;
    const { messages } = await topic.readBatch({ from: first, max: 1 });
    return { offset: first, message: messages[0] };
  }
}
