/** What is read of a topic: one message, many, or all that come. */
import type { Reply } from "./connection.ts";
import { isNetlogClientError } from "./errors.ts";
import { type FollowLinesOptions, follow, followBatches, followLines } from "./follow.ts";
import { headerNumber, messageParts, requireNumber } from "./headers.ts";
import { Message } from "./message.ts";
import { type MessageBatch, type ReadBatchOptions, readBatch } from "./read-batch.ts";
import { type FramesRead, type ReadFramesOptions, readFrames } from "./read-frames.ts";
import type { FollowOptions } from "./reading.ts";
import type { CallOptions, Session } from "./session.ts";
import { type Offset, requireTopicName, spellOffset } from "./spelling.ts";

/** The part of Topic that reads. */
export class ReadableTopic {
  readonly name: string;
  readonly #session: Session;

  /** @throws invalid_topic_name. */
  constructor(session: Session, name: string) {
    this.name = requireTopicName(name);
    this.#session = session;
  }

  /**
   * Reads one message, and verifies it. Retried.
   *
   * @throws NetlogClientError topic_not_found; end_of_topic where nothing is yet; offset_not_found, with `firstOffset`
   *   for what retention dropped; invalid_offset; checksum_error for damage; checksum_mismatch.
   *
   * @example
   * await topic.publish("hello");
   * const message = await topic.read(0);
   * console.log(message.offset, message.text()); // 0 hello
   */
  async read(offset: Offset, options: CallOptions = {}): Promise<Message> {
    const path = [this.name, "payload", spellOffset(offset)];
    return await this.#session.repeat("always", options.signal, async () => {
      const { headers, body } = await this.#session.connection.call({ method: "GET", path, ...options });
      return new Message(messageParts(headers, body));
    });
  }

  /**
   * Reads many messages at once, and verifies them; waits for a first one if asked to. Retried.
   *
   * @throws NetlogClientError topic_not_found; offset_not_found, with `firstOffset` for what retention dropped;
   *   checksum_error for damage: read on from its `nextOffset`; checksum_mismatch.
   *
   * @example
   * await topic.publishBatch(["one", "two", "three"]);
   * const { messages, nextOffset } = await topic.readBatch({ from: 1, max: 10 });
   * console.log(messages.map((message) => message.text()).join(), nextOffset); // two,three 3
   */
  async readBatch(options: ReadBatchOptions = {}): Promise<MessageBatch> {
    return await readBatch(this.#session, this.name, options);
  }

  /**
   * Reads many messages as the server keeps them: whole frames, with offsets, times, fields and what the server remembers
   * of them. `netlog import` makes a topic of them. Retried.
   *
   * @throws NetlogClientError topic_not_found; offset_not_found, with `firstOffset` for what retention dropped;
   *   checksum_error for damage: read on from its `nextOffset`.
   *
   * @example
   * await topic.publishBatch(["one", "two", "three"]);
   * const { bytes, offset, nextOffset } = await topic.readFrames();
   * console.log(bytes.length, offset, nextOffset); // 87 0 3
   */
  async readFrames(options: ReadFramesOptions = {}): Promise<FramesRead> {
    return await readFrames(this.#session, this.name, options);
  }

  /**
   * The number behind any spelling of an offset, such as `end` or `1h`, as it is now. Retried.
   *
   * @throws NetlogClientError topic_not_found; offset_not_found; bad_request for what is no offset, with a reason.
   *
   * @example
   * await topic.publishBatch(["one", "two"]);
   * console.log(await topic.offsetOf("last"), await topic.offsetOf("end")); // 1 2
   */
  async offsetOf(offset: Offset, options: CallOptions = {}): Promise<number> {
    const query = { from: spellOffset(offset), max: 1 };
    const ask = (method: "HEAD" | "GET"): Promise<Reply> =>
      this.#session.call({ method, path: [this.name, "batch"], query, ...options }, "always");
    // The answer to HEAD has no body, and so no reason.
    const { headers } = await ask("HEAD").catch((error: unknown) => {
      if (!isNetlogClientError(error, "bad_request")) throw error;
      return ask("GET");
    });
    return headerNumber(headers, "X-Offset") ?? requireNumber(headers, "X-Next-Offset");
  }

  /**
   * Reads from an offset on, and follows what comes. Goes on behind the last message when the connection breaks, for
   * as long as it takes; pulls no faster than it is read. Aborting the signal ends the loop without an error, and so does
   * the end of a closed topic.
   *
   * @throws NetlogClientError, at the first reading, as readBatch does; later: topic_not_found when it was deleted;
   *   checksum_error for damage, unless `onDamage` is given.
   *
   * @example
   * await topic.publishBatch(["one", "two"]);
   * for await (const message of topic.stream({ from: "first" })) {
   *   console.log(message.offset, message.text()); // 0 one
   *   break;
   * }
   */
  stream(options: FollowOptions = {}): AsyncGenerator<Message, void, undefined> {
    return follow(this, this.#session, options);
  }

  /**
   * As `stream`, faster: what arrived together is given together, one message at least.
   *
   * @throws as stream does.
   *
   * @example
   * await topic.publishBatch(["one", "two"]);
   * for await (const messages of topic.streamBatches({ follow: false })) {
   *   console.log(messages.map((message) => message.text()).join()); // one,two
   * }
   */
  streamBatches(options: FollowOptions = {}): AsyncGenerator<Message[], void, undefined> {
    return followBatches(this, this.#session, options);
  }

  /**
   * As `stream`, as text: each payload and a line end, unless it has one, many at a time. The fastest way to read what
   * is there, since nothing is parsed; payloads that come as lines are not checked against their CRC-32 here.
   *
   * @throws as stream does.
   *
   * @example
   * await topic.publishBatch(["one", "two", "three"]);
   * for await (const lines of topic.streamLines({ count: 2 })) {
   *   console.log(JSON.stringify(new TextDecoder().decode(lines))); // "one\ntwo\n"
   * }
   */
  streamLines(options: FollowLinesOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    return followLines(this, this.#session, options);
  }
}
