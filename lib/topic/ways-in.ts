/**
 * The ways into a topic: single messages, batches and streams. They lead to its publisher, in a topic of JSON through a
 * gate.
 */
import type { ByteBudget } from "../base/byte-budget.ts";
import { NetlogError } from "../base/errors.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Durability, Log } from "../log/log.ts";
import type { Batch } from "../message/batch.ts";
import type { Offload } from "../message/compression.ts";
import type { NewMessage } from "../message/new-message.ts";
import type { AppendJudge } from "./append-judge.ts";
import type { BatchParser } from "./batch-parser.ts";
import { JsonGate } from "./json-gate.ts";
import type { Limits } from "./limits.ts";
import type { ProducerStamp } from "./producer-table.ts";
import type { Published, PublishOptions } from "./publish-call.ts";
import type { Publisher } from "./publisher.ts";
import type { TopicSettings } from "./setting-table.ts";
import { openLineCutter, openMessageCutter } from "./stream-cutter.ts";
import { StreamIn } from "./stream-in.ts";
import { hasTerms, TermsPublisher } from "./terms-publisher.ts";
import type { TopicState } from "./topic-state.ts";

export interface StreamInRequest {
  readonly format: "lines" | "messages";
  readonly durability: Durability | undefined;
  readonly onRoom: () => void;
}

/** What a topic begins with, when it was checked: a first append, its end, or both. */
export interface CheckedStart {
  readonly append: NewMessage | Batch | undefined;
  readonly closes: boolean;
}

export interface WaysInOptions {
  readonly publisher: Publisher;
  readonly state: TopicState;
  readonly judge: AppendJudge;
  readonly parser: BatchParser;
  readonly log: Log;
  /** Those in force, whenever they are looked at. */
  readonly settings: TopicSettings;
  readonly limits: Limits;
  readonly runtime: Runtime;
  readonly offload: Offload;
  readonly inFlight: ByteBudget;
}

export class WaysIn {
  readonly #options: WaysInOptions;
  readonly #publisher: Publisher;
  readonly #termsPublisher: TermsPublisher;
  readonly #streams = new Set<StreamIn>();
  /** `undefined`: the topic takes any bytes. */
  #gate: JsonGate | undefined;

  constructor(options: WaysInOptions) {
    this.#options = options;
    this.#publisher = options.publisher;
    this.#termsPublisher = new TermsPublisher(options.publisher, options.state, options.limits, () =>
      options.offload.pause(),
    );
    this.settingsChanged();
  }

  settingsChanged(): void {
    this.#gate = JsonGate.of(this.#options.settings, this.#options);
  }

  publish(message: NewMessage, options: PublishOptions): Promise<Published> {
    const publisher = hasTerms(options) ? this.#termsPublisher : this.#publisher;
    if (this.#gate === undefined) return publisher.publish(message, options);
    try {
      const checked = this.#gate.checkPayload(message.payload);
      if (checked === undefined) return publisher.publish(message, options);
      return checked.then(() => publisher.publish(message, options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  publishBatch(batch: Batch, options: PublishOptions): Promise<Published> {
    const publisher = hasTerms(options) ? this.#termsPublisher : this.#publisher;
    if (this.#gate === undefined) return publisher.publishBatch(batch, options);
    return this.#gate.checkBatch(batch).then(() => publisher.publishBatch(batch, options));
  }

  /** It was checked for this topic, and passes the gate. All of it is on the disk when it resolves. */
  async begin({ append, closes }: CheckedStart): Promise<void> {
    const options: PublishOptions = { closes, durability: "synced" };
    if (append === undefined) await this.closeForGood(undefined);
    else if ("entry" in append) await this.#termsPublisher.publishBatch(append, options);
    else await this.#termsPublisher.publish(append, options);
  }

  openStream({ format, durability, onRoom }: StreamInRequest): StreamIn {
    const { settings, limits, offload, runtime, parser, log } = this.#options;
    const openCutter = format === "lines" ? openLineCutter : openMessageCutter;
    const stream = new StreamIn({
      publisher: this.#publisher,
      cutter: openCutter({ settings, limits, offload, parser, gate: this.#gate }),
      durability: durability ?? settings.durability,
      limits,
      runtime,
      logEndOffset: () => log.logEndOffset,
      onRoom,
    });
    this.#streams.add(stream);
    const forget = () => void this.#streams.delete(stream);
    stream.ended.then(forget, forget);
    return stream;
  }

  /**
   * As Topic.closeForGood. Appends wait for the outcome meanwhile.
   *
   * @throws storage_full, topic_unavailable: it is open as before; sync_failed: after a restart it may be closed;
   *   topic_not_found, shutting_down; with a producer also producer_fenced, producer_gap, bad_request, and topic_closed:
   *   it was closed otherwise.
   */
  async closeForGood(producer: ProducerStamp | undefined): Promise<void> {
    const { log, state, judge } = this.#options;
    if (producer !== undefined) await judge.whenReady({ producer });
    await this.#publisher.flush();
    let isOurs = producer === undefined;
    await log.closeForGood(async () => {
      isOurs = true;
      await state.keepClosed(producer);
    });
    if (isOurs || (producer !== undefined && judge.hasClosed(producer))) return;
    throw new NetlogError("topic_closed", { details: { nextOffset: log.logEndOffset } });
  }

  stopStreams(error: NetlogError): void {
    for (const stream of this.#streams) stream.stop(error);
  }
}
