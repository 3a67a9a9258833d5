/** The log of a server, by the client library: each read asks for the topic's bounds as well, and so knows which topic it read. */
import {
  isNetlogClientError,
  type Message,
  NetlogClient,
  type TopicSettingsChange,
} from "../../client/index.ts";
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

/** What asking again does not change. */
const REFUSALS = [
  "bad_request",
  "invalid_argument",
  "invalid_topic_name",
  "unauthorized",
  "forbidden",
  "payload_too_large",
  "topic_closed",
  "not_found",
  "method_not_allowed",
] as const;

/** Single messages that one call asks for at once. */
const READS_AT_ONCE = 16;

export interface HttpLogOptions {
  /** Asked before each call. */
  readonly token: (() => Promise<string | undefined>) | undefined;
}

export class HttpLogReader implements LogReader {
  readonly #clients: readonly NetlogClient[];
  /** The place of the one that is asked now. */
  #current = 0;

  /**
   * @param urls Where the log is: a server, or several that have the same topics. Where one does not answer, or has no answer
   *   now, the next one is asked from then on.
   * @throws invalid_argument: one of them is no URL.
   */
  constructor(urls: string | readonly string[], { token }: HttpLogOptions) {
    // The view has its own patience, which has no end.
    const options = { retry: false, token: token as (() => Promise<string>) | undefined } as const;
    this.#clients = (typeof urls === "string" ? [urls] : urls).map((url) => new NetlogClient(url, options));
  }

  async topicNames(signal: AbortSignal): Promise<readonly string[]> {
    return await this.#asked(signal, (client) => client.topics({ signal }));
  }

  watchTopics(): () => void {
    return () => {};
  }

  async bounds(topic: string, signal: AbortSignal): Promise<TopicBounds | undefined> {
    return await this.#asked(signal, async (client) => {
      try {
        const { id, first_offset, latest_offset } = await client.topic(topic).info({ signal });
        return { id, start: first_offset, end: latest_offset + 1 };
      } catch (error) {
        if (isNetlogClientError(error, "topic_not_found")) return undefined;
        throw error;
      }
    });
  }

  async read(name: string, request: ReadRequest): Promise<LogRead> {
    const { from, max, maxBytes, waitMs, signal } = request;
    const client = this.#client;
    let found: { readonly messages: LogMessage[] } | { readonly nextOffset: number } | undefined;
    try {
      const options = { from, max, maxBytes, waitMs, retry: "never", signal } as const;
      const { messages } = await client.topic(name).readBatch(options);
      found = { messages: messages.map(toLogMessage) };
    } catch (error) {
      signal.throwIfAborted();
      if (isNetlogClientError(error, "checksum_error")) {
        found = { nextOffset: Math.max(error.nextOffset ?? 0, from + 1) };
      } else if (!isNetlogClientError(error, "offset_not_found", "topic_not_found")) {
        throw this.#translate(error, client);
      }
    }
    const bounds = await this.bounds(name, signal);
    if (bounds === undefined) return { kind: "missing" };
    if (found === undefined) {
      if (from < bounds.start) return { kind: "dropped", bounds };
      // What was not there a moment ago may be there now: it is read again.
      return from > bounds.end ? { kind: "beyond", bounds } : { kind: "messages", bounds, messages: [] };
    }
    return "messages" in found
      ? { kind: "messages", bounds, messages: found.messages }
      : { kind: "damaged", bounds, nextOffset: found.nextOffset };
  }

  async payloadsAt(
    name: string,
    offsets: readonly number[],
    signal: AbortSignal,
  ): Promise<readonly (Uint8Array | undefined)[]> {
    const payloads: (Uint8Array | undefined)[] = [];
    const places = offsets.entries();
    const readOn = async (client: NetlogClient): Promise<void> => {
      const topic = client.topic(name);
      for (const [place, offset] of places) payloads[place] = await payloadAt(topic, offset, signal);
    };
    await this.#asked(signal, (client) =>
      Promise.all(Array.from({ length: READS_AT_ONCE }, () => readOn(client))),
    );
    return payloads;
  }

  async createTopic(
    topic: string,
    settings: Readonly<Record<string, string | number>>,
    signal: AbortSignal,
  ): Promise<void> {
    const change = settings as TopicSettingsChange;
    await this.#asked(signal, (client) => client.topic(topic).createIfMissing(change, { signal }));
  }

  async append(topic: string, messages: readonly NewLogMessage[], signal: AbortSignal): Promise<Appended> {
    return await this.#asked(signal, (client) =>
      client.topic(topic).publishBatch(messages, { durability: "synced", signal }),
    );
  }

  get #client(): NetlogClient {
    return this.#clients[this.#current]!;
  }

  async #asked<Result>(signal: AbortSignal, ask: (client: NetlogClient) => Promise<Result>): Promise<Result> {
    const client = this.#client;
    try {
      return await ask(client);
    } catch (error) {
      signal.throwIfAborted();
      throw this.#translate(error, client);
    }
  }

  /** What went wrong, in the words of views. Calls that fail together turn to the next server once. */
  #translate(error: unknown, client: NetlogClient): unknown {
    const translated = translate(error);
    if (translated instanceof LogUnavailable && client === this.#client) {
      this.#current = (this.#current + 1) % this.#clients.length;
    }
    return translated;
  }
}

async function payloadAt(
  topic: ReturnType<NetlogClient["topic"]>,
  offset: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  try {
    return (await topic.read(offset, { signal })).payload;
  } catch (error) {
    if (isNetlogClientError(error, "offset_not_found", "topic_not_found", "end_of_topic")) return undefined;
    throw error;
  }
}

function toLogMessage({ offset, timestamp, payload, key, contentType, headers }: Message): LogMessage {
  return { offset, timestampMs: Date.parse(timestamp), payload, key, contentType, headers };
}

function translate(error: unknown): unknown {
  if (!isNetlogClientError(error)) return error;
  const isRefusal = REFUSALS.some((code) => error.code === code);
  return isRefusal ? new LogRefusal(error.message, error) : new LogUnavailable(error.message, error);
}
