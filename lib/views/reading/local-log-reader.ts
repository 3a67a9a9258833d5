/** The log of the same process, by the engine's front door. */
import {
  fieldsOf,
  isNetlogError,
  type Message,
  type Netlog,
  type NewMessage,
  type Topic,
} from "../../index.ts";
import {
  type Appended,
  type LogMessage,
  type LogRead,
  type LogReader,
  LogRefusal,
  LogUnavailable,
  type NewLogMessage,
  type ReadRequest,
  type TopicBounds,
} from "./log-reader.ts";

/** What passes by itself, or with a restart. */
const PASSING = [
  "topic_unavailable",
  "shutting_down",
  "too_many_requests",
  "storage_full",
  "sync_failed",
] as const;

export class LocalLogReader implements LogReader {
  readonly #netlog: Netlog;

  constructor(netlog: Netlog) {
    this.#netlog = netlog;
  }

  topicNames(): Promise<readonly string[]> {
    return Promise.resolve(this.#netlog.topicNames());
  }

  watchTopics(hear: (name: string) => void): () => void {
    return this.#netlog.watchTopics(hear);
  }

  async bounds(topic: string): Promise<TopicBounds | undefined> {
    const found = this.#find(topic);
    return found && boundsOf(found);
  }

  async read(name: string, request: ReadRequest): Promise<LogRead> {
    const { from, max, maxBytes, waitMs, signal } = request;
    const topic = this.#find(name);
    if (topic === undefined) return { kind: "missing" };
    const bounds = boundsOf(topic);
    if (from < bounds.start) return { kind: "dropped", bounds };
    if (from > bounds.end) return { kind: "beyond", bounds };
    const messages: LogMessage[] = [];
    let bytes = 0;
    const take = (message: Message): boolean => {
      const { length } = message.payload;
      if (messages.length > 0 && bytes + length > maxBytes) return false;
      bytes += length;
      messages.push(toLogMessage(message));
      return true;
    };
    try {
      const cursor = topic.openCursor();
      await untilAborted(signal, (onWaiting) => cursor.wait(from, { waitMs, onWaiting }));
      signal.throwIfAborted();
      await cursor.readMessages(from, from + max, take);
    } catch (error) {
      signal.throwIfAborted();
      if (isNetlogError(error, "topic_not_found")) return { kind: "missing" };
      if (isNetlogError(error, "offset_not_found")) return { kind: "dropped", bounds: boundsOf(topic) };
      if (isNetlogError(error, "checksum_error")) {
        const { nextOffset = from + 1 } = error.details;
        return { kind: "damaged", bounds: boundsOf(topic), nextOffset };
      }
      throw translate(error);
    }
    return { kind: "messages", bounds: boundsOf(topic), messages };
  }

  async payloadsAt(
    name: string,
    offsets: readonly number[],
    signal: AbortSignal,
  ): Promise<readonly (Uint8Array | undefined)[]> {
    const topic = this.#find(name);
    try {
      return await Promise.all(offsets.map(async (offset) => topic && (await payloadAt(topic, offset))));
    } catch (error) {
      signal.throwIfAborted();
      throw translate(error);
    }
  }

  async createTopic(topic: string, settings: Readonly<Record<string, string | number>>): Promise<void> {
    try {
      await this.#netlog.createTopic(topic, settings);
    } catch (error) {
      if (!isNetlogError(error, "topic_exists")) throw translate(error);
    }
  }

  async append(name: string, messages: readonly NewLogMessage[], signal: AbortSignal): Promise<Appended> {
    try {
      signal.throwIfAborted();
      const topic = this.#netlog.topic(name);
      const batch = await topic.batches.pack(messages.map(toNewMessage));
      const { offset } = await topic.publishBatch(batch, { durability: "synced" });
      return { offset };
    } catch (error) {
      signal.throwIfAborted();
      throw translate(error);
    }
  }

  #find(name: string): Topic | undefined {
    try {
      return this.#netlog.topic(name);
    } catch (error) {
      if (isNetlogError(error, "topic_not_found")) return undefined;
      throw translate(error);
    }
  }
}

function boundsOf({ id, readableOffsets, readableEnd }: Topic): TopicBounds {
  return { id, start: readableOffsets.start, end: readableEnd };
}

function toLogMessage(message: Message): LogMessage {
  const { offset, timestampMs, payload } = message;
  const { key, contentType, headers = [] } = fieldsOf(message) ?? {};
  return {
    offset,
    timestampMs,
    // What a cursor gives may lie in memory that is used again. Small copies share slabs, as those of Buffer do.
    payload: Buffer.from(payload),
    key,
    contentType,
    headers: Object.fromEntries(headers),
  };
}

async function payloadAt(topic: Topic, offset: number): Promise<Uint8Array | undefined> {
  try {
    return (await topic.message(offset)).payload;
  } catch (error) {
    if (isNetlogError(error, "offset_not_found") || isNetlogError(error, "topic_not_found")) return undefined;
    throw error;
  }
}

function toNewMessage({ payload, key, contentType, headers = {} }: NewLogMessage): NewMessage {
  return {
    payload: typeof payload === "string" ? Buffer.from(payload) : payload,
    key,
    contentType,
    headers: Object.entries(headers),
  };
}

/** Cancels what `wait` waits for when the signal is aborted, which lives for many waits. */
async function untilAborted(
  signal: AbortSignal,
  wait: (onWaiting: (cancel: () => void) => void) => Promise<unknown>,
): Promise<void> {
  let stop = (): void => {};
  const abort = (): void => stop();
  signal.addEventListener("abort", abort);
  try {
    await wait((cancel) => {
      stop = cancel;
      if (signal.aborted) cancel();
    });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function translate(error: unknown): unknown {
  if (!isNetlogError(error)) return error;
  const isPassing = PASSING.some((code) => error.code === code);
  return isPassing ? new LogUnavailable(error.message, error) : new LogRefusal(error.message, error);
}
