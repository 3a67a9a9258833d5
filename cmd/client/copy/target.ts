/** Where a copy goes to. */
import type { ToldMessage } from "../output/message-json.ts";

/** What the target holds of the copy already. */
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
  /** Takes messages to their end; `onCopied` gets the messages and bytes of each step. */
  take(
    batches: AsyncIterable<readonly ToldMessage[]>,
    onCopied: (count: number, bytes: number) => void,
  ): Promise<void>;
  /** Closes it for good, as its source is; false where it cannot say so. */
  seal(): Promise<boolean>;
  /** Makes what was taken last. */
  close(): Promise<void>;
}
