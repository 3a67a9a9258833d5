/** Reading without end, as messages, as batches of them or as lines of text; reading.ts has how it goes on after a break. */
import { keysToReadBy } from "./fields.ts";
import type { Message } from "./message.ts";
import { type FollowOptions, Reading } from "./reading.ts";
import { type CallOptions, patientSession, type Session } from "./session.ts";
import type { Offset } from "./spelling.ts";

export interface FollowLinesOptions extends FollowOptions {
  /** Ends behind so many messages; without end by default. */
  readonly count?: number | undefined;
}

interface Followed {
  readonly name: string;
  offsetOf(offset: Offset, options: CallOptions): Promise<number>;
}

export async function* follow(
  topic: Followed,
  session: Session,
  options: FollowOptions,
): AsyncGenerator<Message, void, undefined> {
  for await (const messages of followBatches(topic, session, options)) {
    for (const message of messages) {
      yield message;
      if (options.signal?.aborted === true) return;
    }
  }
}

export function followBatches(
  topic: Followed,
  session: Session,
  options: FollowOptions,
): AsyncGenerator<Message[], void, undefined> {
  return read(topic, session, options, (reading) => reading.batches());
}

export function followLines(
  topic: Followed,
  session: Session,
  options: FollowLinesOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { count = Number.POSITIVE_INFINITY } = options;
  return read(topic, session, options, (reading) => reading.lines(count));
}

/** Ends without an error when the signal is aborted. */
async function* read<Part>(
  topic: Followed,
  session: Session,
  options: FollowOptions,
  partsOf: (reading: Reading) => AsyncGenerator<Part, void, undefined>,
): AsyncGenerator<Part, void, undefined> {
  const { from = "first", signal } = options;
  keysToReadBy(options.key);
  try {
    // What `end` or `1h` means is settled once: after a break it would be another place.
    const next = typeof from === "number" ? from : await topic.offsetOf(from, { signal });
    const reading = new Reading(topic.name, patientSession(session, options), options, next);
    for await (const part of partsOf(reading)) {
      yield part;
      if (signal?.aborted === true) return;
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}
