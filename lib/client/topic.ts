/** What is done to a topic: its life, its settings, messages into it, its scanners. What is read is in readable-topic.ts. */
import { type Publishable, packMessage } from "./batch-encoding.ts";
import { isNetlogClientError } from "./errors.ts";
import { type Payload, requireMany } from "./payload.ts";
import {
  type PublishBatchOptions,
  type Published,
  type PublishedBatch,
  type PublishOptions,
  publishMany,
  publishOne,
  refuseOptions,
} from "./publish.ts";
import { type PublishAllOptions, type PublishedAll, publishAll } from "./publish-all.ts";
import { ReadableTopic } from "./readable-topic.ts";
import type { RetryOption } from "./retry.ts";
import { Scanner } from "./scanner.ts";
import { type LeaseMode, type ScannerOptions, scannerQuery } from "./scanner-options.ts";
import type { CallOptions, Session } from "./session.ts";
import { type Offset, spellOffset } from "./spelling.ts";
import type { Finding, ScannerDescription, ScannerInfo, TopicInfo, TopicSettingsChange } from "./wire.ts";

const SETTINGS_TYPE = "application/json";

/** Made by NetlogClient.topic. Everything here rejects with a NetlogClientError, or with the signal's reason. */
export class Topic extends ReadableTopic {
  readonly #session: Session;

  /** @throws invalid_topic_name. */
  constructor(session: Session, name: string) {
    super(session, name);
    this.#session = session;
  }

  /**
   * Creates the topic. Retried only where it was surely not created.
   *
   * @throws NetlogClientError topic_exists; bad_request for settings, with a reason.
   *
   * @example
   * await netlog.topic("events").create({ segment_age: "2day" });
   */
  async create(settings: TopicSettingsChange = {}, options: CallOptions & RetryOption = {}): Promise<void> {
    const { retry = "undone", signal } = options;
    const body = JSON.stringify(settings);
    await this.#session.call(
      { method: "POST", path: [this.name], body, contentType: SETTINGS_TYPE, signal },
      retry,
    );
  }

  /**
   * Creates the topic unless it is there, whose settings then stay as they are. True when it was created. Retried.
   *
   * @throws NetlogClientError bad_request for settings, with a reason.
   *
   * @example
   * console.log(await netlog.topic("audit").createIfMissing()); // true
   * console.log(await netlog.topic("audit").createIfMissing()); // false
   */
  async createIfMissing(
    settings: TopicSettingsChange = {},
    options: CallOptions & RetryOption = {},
  ): Promise<boolean> {
    try {
      await this.create(settings, { ...options, retry: options.retry ?? "always" });
      return true;
    } catch (error) {
      if (isNetlogClientError(error, "topic_exists")) return false;
      throw error;
    }
  }

  /**
   * Sizes, offsets, segments, scanners and settings. Retried.
   *
   * @throws NetlogClientError topic_not_found.
   *
   * @example
   * await topic.publish("one");
   * console.log((await topic.info()).latest_offset); // 0
   */
  async info(options: CallOptions = {}): Promise<TopicInfo> {
    return await this.#session.json<TopicInfo>({ method: "GET", path: [this.name], ...options }, "always");
  }

  /**
   * Changes settings for new messages: what is left out stays, zero is the server's default. Retried.
   *
   * @throws NetlogClientError topic_not_found; bad_request, with a reason.
   *
   * @example
   * const info = await topic.changeSettings({ retention_size: 1_000_000_000 });
   * console.log(info.settings.retention_size); // 1000000000
   */
  async changeSettings(change: TopicSettingsChange, options: CallOptions = {}): Promise<TopicInfo> {
    const body = JSON.stringify(change);
    return await this.#session.json<TopicInfo>(
      { method: "PATCH", path: [this.name], body, contentType: SETTINGS_TYPE, ...options },
      "always",
    );
  }

  /**
   * Deletes the topic and its messages; with `force` also when it has scanners. Retried only where it was surely not
   * deleted.
   *
   * @throws NetlogClientError topic_not_found; resource_busy when it has scanners.
   *
   * @example
   * await netlog.createTopic("old");
   * await netlog.topic("old").delete();
   */
  async delete(options: CallOptions & { readonly force?: boolean } = {}): Promise<void> {
    const { force, ...rest } = options;
    const query = { force: force === true ? true : undefined };
    await this.#session.call({ method: "DELETE", path: [this.name], query, ...rest }, "undone");
  }

  /**
   * Resolves when everything accepted so far is on the disk. Retried.
   *
   * @throws NetlogClientError topic_not_found; sync_failed.
   *
   * @example
   * await topic.publish("one", { durability: "written" });
   * await topic.sync();
   */
  async sync(options: CallOptions = {}): Promise<void> {
    await this.#session.call({ method: "POST", path: [this.name, "sync"], ...options }, "always");
  }

  /**
   * Reads everything back on the server and tells what is damaged: nothing, or the first 1,000 places. Takes as long
   * as reading the topic does, so `timeoutMs` of the client may have to be longer. Retried.
   *
   * @throws NetlogClientError topic_not_found; bad_request for `from`.
   *
   * @example
   * console.log((await topic.check()).length); // 0
   */
  async check(options: CallOptions & { readonly from?: Offset | undefined } = {}): Promise<Finding[]> {
    const { from, ...rest } = options;
    const query = { from: from === undefined ? undefined : spellOffset(from) };
    const path = [this.name, "check"];
    const told = await this.#session.json<Finding[] | object>(
      { method: "GET", path, query, ...rest },
      "always",
    );
    return Array.isArray(told) ? told : [];
  }

  /**
   * Appends one message, with what it carries beside its payload. Sent again only where it was surely not stored, unless
   * `exactlyOnce` or `retry` says otherwise.
   *
   * @throws NetlogClientError invalid_argument for what is no payload, key, content type or header; topic_not_found;
   *   payload_too_large; bad_request for an empty payload; storage_full; offset_mismatch, with `nextOffset`;
   *   topic_closed; idempotency_mismatch; sync_failed, connection_lost and timed_out, after which it is unknown whether
   *   it is stored: with `exactlyOnce` they are repeated first.
   *
   * @example
   * const { offset, durability } = await topic.publish("hello", { durability: "synced" });
   * console.log(offset, durability); // 0 synced
   * await topic.publish('{"total":7}', {
   *   key: "customer 7",
   *   contentType: "application/json",
   *   headers: { "x-meta-source": "shop" },
   *   exactlyOnce: true,
   * });
   * const message = await topic.read("last");
   * console.log(message.key, message.headers["x-meta-source"]); // customer 7 shop
   */
  async publish(payload: Payload, options: PublishOptions = {}): Promise<Published> {
    const { key, contentType, headers } = options;
    const message = packMessage({ payload, key, contentType, headers });
    return await publishOne(this.#session, this.name, message, options);
  }

  /**
   * Appends many messages: all of them or none, next to each other, visible together. The server takes 65,536
   * messages and 8 MiB of 9 bytes and a payload each; publishAll takes any number. A message that carries more than its
   * payload is an object. Sent again as publish is.
   *
   * @throws as publish does; bad_request for an empty batch, payload_too_large for a larger one: nothing is stored.
   *
   * @example
   * const { offset, count } = await topic.publishBatch(["one", { payload: "two", key: "b" }, "three"], {
   *   compression: "gzip",
   * });
   * console.log(offset, count); // 0 3
   */
  async publishBatch(
    messages: Iterable<Publishable>,
    options: PublishBatchOptions = {},
  ): Promise<PublishedBatch> {
    requireMany(messages, "publishBatch", [Symbol.iterator]);
    refuseOptions(options, "publishBatch", ["key", "contentType", "headers"], "give it with each message");
    return await publishMany(this.#session, this.name, Array.from(messages, packMessage), options);
  }

  /**
   * Appends as many messages as come, in order, in batches one after the other: what comes slowly goes at once, what
   * comes fast in batches of up to `batchBytes`. An async source may give several at once, as an array. Not atomic:
   * when it fails, the batches before are stored, of which `onProgress` told. Each batch is sent again as publish is.
   *
   * @throws as publish does; what `messages` throws.
   *
   * @example
   * const lines = Array.from({ length: 1000 }, (_, i) => `line ${i}`);
   * const { count } = await topic.publishAll(lines, { compression: "gzip", exactlyOnce: true });
   * console.log(count); // 1000
   */
  async publishAll(
    messages: Iterable<Publishable> | AsyncIterable<Publishable | readonly Publishable[]>,
    options: PublishAllOptions = {},
  ): Promise<PublishedAll> {
    return await publishAll(this.#session, this.name, messages, options);
  }

  /**
   * Closes the topic for good: it takes no more messages, and readers end behind the last one. Retried.
   *
   * @throws NetlogClientError topic_not_found; forbidden.
   *
   * @example
   * await topic.publish("the last one");
   * await topic.close();
   * for await (const message of topic.stream()) console.log(message.text()); // the last one
   */
  async close(options: CallOptions = {}): Promise<void> {
    await this.#session.call({ method: "POST", path: [this.name, "close"], ...options }, "recognized");
  }

  /**
   * Creates a scanner, a position in the topic that the server keeps. With `id`, a name of one's own, it gives the one
   * that is there, and is retried; without, only where it was surely not created.
   *
   * @throws NetlogClientError topic_not_found; scanner_exists when it is there with other settings; bad_request, with a
   *   reason; offset_not_found and invalid_offset for `from`.
   *
   * @example
   * const workers = await topic.createScanner({ id: "workers", ack: "explicit", ackWaitMs: 60_000 });
   * console.log(workers.id); // workers
   */
  async createScanner(options: ScannerOptions & CallOptions = {}): Promise<Scanner> {
    const { signal, ...settings } = options;
    const path = [this.name, "scanner"];
    const { id } = await this.#session.json<ScannerInfo>(
      { method: "POST", path, query: scannerQuery(settings), signal },
      settings.id === undefined ? "undone" : "always",
    );
    return this.scanner(id, settings.ack);
  }

  /**
   * A scanner that was created before; nothing is sent. `ack` says whether it was created with acknowledgements: then
   * scans are retried also when an answer was lost, for the message comes again.
   *
   * @example
   * await topic.createScanner({ id: "mine", persist: true });
   * console.log(await topic.scanner("mine").scan()); // undefined
   */
  scanner(id: string, ack?: LeaseMode): Scanner {
    return new Scanner(this.#session, this.name, id, ack);
  }

  /**
   * All scanners of the topic. Retried.
   *
   * @throws NetlogClientError topic_not_found.
   *
   * @example
   * await topic.createScanner({ id: "mine" });
   * console.log((await topic.scanners()).map(({ id, lag }) => `${id} ${lag}`).join()); // mine 0
   */
  async scanners(options: CallOptions = {}): Promise<ScannerDescription[]> {
    const path = [this.name, "scanner"];
    return await this.#session.json<ScannerDescription[]>({ method: "GET", path, ...options }, "always");
  }
}
