/**
 * What a view knows of the log: batches from an offset, bounds, and an append for the view that writes. Two classes
 * implement it: local-log-reader.ts in the server's own process, and http-log-reader.ts with the client library.
 */

export interface LogMessage {
  readonly offset: number;
  /** The log's time of it, ms since 1970. It never goes back within a topic. Every "now" of a view is this one. */
  readonly timestampMs: number;
  readonly payload: Uint8Array;
  readonly key: string | undefined;
  readonly contentType: string | undefined;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What there is to read of a topic, as `[start, end)`; another topic of the same name has another `id`. */
export interface TopicBounds {
  readonly id: string;
  readonly start: number;
  readonly end: number;
}

export interface ReadRequest {
  readonly from: number;
  /** Messages at most. */
  readonly max: number;
  /** Bytes of payloads at most, as far as one message allows. */
  readonly maxBytes: number;
  /** How long to wait for a first message. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/**
 * What a read found; bounds are those of just after it.
 * - `messages`: in the order of their offsets, without a gap; none when there was none in time.
 * - `dropped`: retention took the offset that was asked for; `bounds.start` is the first still kept.
 * - `beyond`: the topic ends before it: a power cut took messages back.
 * - `damaged`: it cannot be read, and neither can what follows up to `nextOffset`.
 * - `missing`: there is no such topic.
 */
export type LogRead =
  | { readonly kind: "messages"; readonly bounds: TopicBounds; readonly messages: readonly LogMessage[] }
  | { readonly kind: "dropped"; readonly bounds: TopicBounds }
  | { readonly kind: "beyond"; readonly bounds: TopicBounds }
  | { readonly kind: "damaged"; readonly bounds: TopicBounds; readonly nextOffset: number }
  | { readonly kind: "missing" };

export interface NewLogMessage {
  readonly payload: Uint8Array | string;
  readonly key?: string | undefined;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface Appended {
  /** The first message has it. */
  readonly offset: number;
}

/**
 * All of it rejects with the signal's reason once that is aborted, with LogUnavailable while the log is away, and with
 * LogRefusal where asking again is of no use.
 */
export interface LogReader {
  /** The names of all topics that may be read. */
  topicNames(signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Calls `hear` with the name of each topic that is made from now on, and gives what ends it. A log over HTTP does not say
   * so, and never calls it.
   */
  watchTopics(hear: (name: string) => void): () => void;
  /** `undefined`: there is no such topic. */
  bounds(topic: string, signal: AbortSignal): Promise<TopicBounds | undefined>;
  read(topic: string, request: ReadRequest): Promise<LogRead>;
  /** The payloads of single messages, in the order of `offsets`; `undefined`: there is no such message, or no longer. */
  payloadsAt(
    topic: string,
    offsets: readonly number[],
    signal: AbortSignal,
  ): Promise<readonly (Uint8Array | undefined)[]>;
  /** Makes the topic unless it is there, whose settings then stay as they are. */
  createTopic(
    topic: string,
    settings: Readonly<Record<string, string | number>>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Appends all of them or none, on the disk when it resolves. Without an answer it is not known whether it did. */
  append(topic: string, messages: readonly NewLogMessage[], signal: AbortSignal): Promise<Appended>;
}

/** What the log answers a call with that fails. */
abstract class LogError extends Error {
  constructor(message: string, cause: { readonly code: string } | undefined) {
    super(message, { cause });
  }

  /** The log's own code for it, such as payload_too_large, or the client's. */
  get code(): string | undefined {
    return (this.cause as { readonly code: string } | undefined)?.code;
  }
}

/** The log cannot be asked now, or refused for a while: the same call may succeed later. */
export class LogUnavailable extends LogError {
  override readonly name = "LogUnavailable";
}

/** The log refuses it for good: a right is missing, or what is appended is none that the topic takes. */
export class LogRefusal extends LogError {
  override readonly name = "LogRefusal";
}
