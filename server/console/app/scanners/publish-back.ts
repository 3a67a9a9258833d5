/**
 * Puts dead letters back where they came from. The dead-letter topic keeps them, so each goes under a key of its own: who
 * publishes one back twice, within the topic's `idempotency_window`, stores it once.
 */
import type { Message, PublishOptions } from "../../../../lib/client/index.ts";

/** Where letters go back to. */
export interface Destination {
  publish(payload: Uint8Array, options: PublishOptions): Promise<{ offset: number; isDuplicate: boolean }>;
}

/** Where letters lie. */
export interface LetterSource {
  readBatch(options: {
    from: number;
    max: number;
  }): Promise<{ messages: readonly Message[]; nextOffset: number }>;
}

export interface PublishedBack {
  readonly offset: number;
  /** It had been published back before. */
  readonly isDuplicate: boolean;
}

/** `sourceId` is the id of the dead-letter topic: another topic of its name has other letters. */
export async function publishBack(
  to: Destination,
  { payload, key, contentType, headers, offset }: Message,
  sourceId: string,
): Promise<PublishedBack> {
  const idempotencyKey = `dead-letter:${sourceId}:${offset}`;
  return await to.publish(payload, { key, contentType, headers, idempotencyKey });
}

const LETTERS_AT_A_TIME = 100;

export interface PublishAllBack {
  readonly to: Destination;
  readonly source: LetterSource;
  readonly sourceId: string;
  /** Letters are [first, end): those that come meanwhile stay where they are. */
  readonly first: number;
  readonly end: number;
  readonly signal: AbortSignal;
  /** Sees each letter that is back. */
  readonly onBack: (letter: Message, published: PublishedBack) => void;
}

/** In their order, one after the other. Resolves when all are back, or when the signal is aborted. */
export async function publishAllBack(options: PublishAllBack): Promise<void> {
  const { to, source, sourceId, end, signal, onBack } = options;
  for (let from = options.first; from < end && !signal.aborted; ) {
    const { messages, nextOffset } = await source.readBatch({ from, max: LETTERS_AT_A_TIME });
    for (const letter of messages) {
      if (signal.aborted || letter.offset >= end) return;
      onBack(letter, await publishBack(to, letter, sourceId));
    }
    if (nextOffset <= from) return;
    from = nextOffset;
  }
}
