/** All messages of a stream, from its oldest to a known one. */
import { NoAnswer } from "./engine-errors.ts";
import type { JetStreamApi, StoredMessage } from "./jetstream-api.ts";
import type { JetstreamCaps } from "./limits.ts";
import { PullConsumer } from "./pull-consumer.ts";

export interface ReadStreamOptions {
  readonly api: JetStreamApi;
  readonly limits: JetstreamCaps;
  readonly stream: string;
  /** There is a message of this sequence, and nobody removes it meanwhile. */
  readonly lastSequence: number;
}

/** @throws JetStreamError, NoAnswer. */
export async function* readStream({
  api,
  limits,
  stream,
  lastSequence,
}: ReadStreamOptions): AsyncGenerator<StoredMessage, void, void> {
  const consumer = await PullConsumer.create(api, limits, { stream, fromSequence: 1 });
  const bounds = { maxMessages: limits.engineFetchMessages, maxBytes: limits.engineFetchBytes };
  try {
    for (;;) {
      const messages = await consumer.fetch(bounds);
      for (const message of messages) {
        yield message;
        if (message.sequence >= lastSequence) return;
      }
      if (messages.length === 0) throw new NoAnswer("timeout", stream);
    }
  } finally {
    await consumer.delete();
  }
}
