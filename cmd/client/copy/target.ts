/** Where a copy goes to. */
import type { ToldMessage } from "../output/message-json.ts";

/** What is there of the copy already. */
export interface Held {
  /** Messages that are there; 0 when the copy begins. */
  readonly count: number;
  /** Offset of the last one in the source, where the target keeps that. */
  readonly lastOffset: number | undefined;
  /** The last one. */
  readonly lastPayload: Uint8Array | undefined;
}

export const NOTHING_HELD: Held = { count: 0, lastOffset: undefined, lastPayload: undefined };

export interface Target {
  /** Looks anew. What a crash left of a message is cut off. */
  held(): Promise<Held>;
  /** Takes messages to their end; `onCopied` is told of each step with the messages and bytes of it. */
  take(
    batches: AsyncIterable<readonly ToldMessage[]>,
    onCopied: (count: number, bytes: number) => void,
  ): Promise<void>;
  /** Makes what was taken last. */
  close(): Promise<void>;
}
