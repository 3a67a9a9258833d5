/** All messages of a stream, from its oldest to a known one. */
import { NoAnswer } from "./errors.ts";
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

/**
 * From one copy of the stream; none that this has is left out, also where the network stands still for a moment.
 *
 * @throws JetStreamError, NoAnswer.
 */
export async function* readStream(options: ReadStreamOptions): AsyncGenerator<StoredMessage, void, void> {
  const { stream, lastSequence } = options;
  for (let fromSequence = 1; fromSequence <= lastSequence; ) {
    const begin = fromSequence;
    for await (const message of readThrough(options, fromSequence)) {
      yield message;
      fromSequence = message.sequence + 1;
    }
    if (fromSequence === begin) throw new NoAnswer("timeout", stream);
  }
}

/** From the stream's leader, one by one. @throws JetStreamError, NoAnswer. */
export async function* readFromLeader({
  api,
  stream,
  lastSequence,
}: Omit<ReadStreamOptions, "limits">): AsyncGenerator<StoredMessage, void, void> {
  for (let sequence = 1; sequence <= lastSequence; ) {
    const message = await api.leadersMessage(stream, { sequence, nextOf: ">" });
    if (message === undefined) throw new NoAnswer("timeout", stream);
    yield message;
    sequence = message.sequence + 1;
  }
}

/** As far as one consumer brings them. */
async function* readThrough(
  { api, limits, stream, lastSequence }: ReadStreamOptions,
  fromSequence: number,
): AsyncGenerator<StoredMessage, void, void> {
  const consumer = await PullConsumer.create(api, limits, { stream, fromSequence });
  const bounds = {
    maxMessages: limits.engineFetchMessages,
    maxBytes: limits.engineFetchBytes,
    timeoutMs: limits.engineAckMs,
  };
  try {
    for (;;) {
      const messages = await consumer.fetch(bounds);
      for (const message of messages) {
        yield message;
        if (message.sequence >= lastSequence) return;
      }
      if (messages.length === 0) return;
    }
  } finally {
    await consumer.delete();
  }
}
