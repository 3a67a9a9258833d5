/** One topic: a log of messages with its settings and scanners. Everything a client does to a topic comes here. */

import type { TopicCounters } from "../base/counters.ts";
import { NetlogError } from "../base/errors.ts";
import type { Log } from "../log/log.ts";
import type { Batch } from "../message/batch.ts";
import type { NewMessage } from "../message/new-message.ts";
import type { Message } from "../reading/message-reader.ts";
import type { TopicCursor } from "../reading/topic-cursor.ts";
import type { Scanner } from "../scanner/scanner.ts";
import { checkScannerRequest, type ScannerRequest } from "../scanner/scanner-settings.ts";
import type { FoundScanner, TopicScanners } from "../scanner/topic-scanners.ts";
import type { AppendJudge } from "./append-judge.ts";
import type { BatchParser } from "./batch-parser.ts";
import { checkMessages, type Finding } from "./integrity.ts";
import { newFork } from "./new-fork.ts";
import type { ProducerStamp } from "./producer-table.ts";
import type { Published, PublishOptions } from "./publish-call.ts";
import type { TopicSettings } from "./setting-table.ts";
import { changeTopicSettings } from "./settings-change.ts";
import type { TopicStats } from "./stats.ts";
import type { ForkPlace, Lineage, NewFork } from "./storage.ts";
import type { StreamIn } from "./stream-in.ts";
import { TopicFigures } from "./topic-figures.ts";
import type { TopicInfo } from "./topic-info.ts";
import type { TopicLife } from "./topic-life.ts";
import type { TopicParts } from "./topic-parts.ts";
import type { TopicShared } from "./topic-shared.ts";
import type { TopicSummary } from "./topic-summary.ts";
import type { CheckedStart, StreamInRequest, WaysIn } from "./ways-in.ts";
import type { WaysOut } from "./ways-out.ts";

const NO_OPTIONS: PublishOptions = {};

export class Topic {
  readonly name: string;
  /** Random: a topic of the same name that was made before or after this one has another. */
  readonly id: string;
  /** Those in force: one object, which a change writes into, so that its holders see the change. */
  readonly settings: TopicSettings;
  /** Makes batches of what clients send. */
  readonly batches: BatchParser;
  /** What went in; those that send messages to clients count what went out. */
  readonly counters: TopicCounters;
  /** Says what becomes of an append, and of a producer. */
  readonly judge: AppendJudge;
  /** Whether it has ended by itself, and what counts as use of it. */
  readonly life: TopicLife;
  readonly #shared: TopicShared;
  readonly #parts: TopicParts;
  readonly #log: Log;
  readonly #scanners: TopicScanners;
  readonly #waysIn: WaysIn;
  readonly #waysOut: WaysOut;
  readonly #figures: TopicFigures;

  /** For openTopic alone. */
  constructor(shared: TopicShared, parts: TopicParts) {
    const { stored, scanners } = parts;
    this.name = parts.name;
    this.id = stored.id;
    this.settings = stored.settings;
    this.batches = parts.batches;
    this.counters = parts.counters;
    this.judge = parts.judge;
    this.life = parts.life;
    this.#shared = shared;
    this.#parts = parts;
    this.#log = stored.log;
    this.#scanners = scanners;
    this.#waysIn = parts.waysIn;
    this.#waysOut = parts.waysOut;
    this.#figures = new TopicFigures(this, stored.log, scanners, shared.runtime);
  }

  /** Why nothing is appended here, where the topic's settings are lost. */
  get trouble(): string | undefined {
    return this.#parts.publisher.refusedFor;
  }

  /** What there is to read now, as `[start, end)`. */
  get readableOffsets(): { readonly start: number; readonly end: number } {
    return { start: this.#log.logStartOffset, end: this.#log.logEndOffset };
  }

  /** What can be read ends here. */
  get readableEnd(): number {
    return this.#log.highWatermark;
  }

  /** It takes no more messages for good, and all of them can be read. */
  get isClosed(): boolean {
    return this.#log.isEnded;
  }

  /** Scanners that stand in the way of an unforced deletion. */
  get scannerCount(): number {
    return this.#scanners.count;
  }

  /**
   * Appends a message; resolves when it is as durable as asked for. The payload is borrowed until then.
   *
   * @throws bad_request (no bytes, or no JSON in a topic of JSON), payload_too_large, too_many_requests, topic_closed,
   *   storage_full (nothing was kept), sync_failed (unknown), topic_unavailable, topic_not_found, shutting_down; with
   *   the terms of `options` also offset_mismatch, producer_gap, producer_fenced, idempotency_mismatch.
   */
  publish(message: NewMessage, options: PublishOptions = NO_OPTIONS): Promise<Published> {
    return this.#waysIn.publish(message, options);
  }

  /**
   * Appends a batch as one frame: all or nothing, also over a crash, with contiguous offsets, visible together. The
   * batch is borrowed until the promise settles, which tells the offset of its first message; with headroom it is
   * given for good. @throws as publish does.
   */
  publishBatch(batch: Batch, options: PublishOptions = NO_OPTIONS): Promise<Published> {
    return this.#waysIn.publishBatch(batch, options);
  }

  /**
   * Closes the topic for good, behind all that was published before, and by the next append of `producer`, if any; durable
   * when it resolves. To close a closed topic changes nothing. @throws as WaysIn.closeForGood does.
   */
  closeForGood(producer?: ProducerStamp): Promise<void> {
    return this.#waysIn.closeForGood(producer);
  }

  /**
   * A pipe into the topic, as durable as asked for (the topic's own durability by default). It is stopped when the
   * topic is deleted or the server shuts down. `onRoom` is called when something was committed and there is room.
   */
  openStreamIn(request: StreamInRequest): StreamIn {
    return this.#waysIn.openStream(request);
  }

  /**
   * One message. The payload is the caller's.
   *
   * @throws offset_not_found (with firstOffset when it was dropped), checksum_error (with offset, nextOffset),
   *   topic_unavailable, topic_not_found, shutting_down.
   */
  message(offset: number): Promise<Message> {
    return this.#waysOut.message(offset);
  }

  /** The offset that `text` stands for now, in range or not. @throws invalid_offset, topic_unavailable. */
  resolveOffset(text: string): Promise<number> {
    return this.#waysOut.resolveOffset(text);
  }

  /**
   * Where reading begins that is asked for `from`, in any spelling: a message that is there, or the next to come. A
   * refusal calls it `name`.
   *
   * @throws bad_request (no spelling of an offset, or negative), offset_not_found (beyond the next message, or
   *   dropped: with firstOffset), topic_unavailable.
   */
  startOf(from: string, name = "from"): Promise<number> {
    return this.#waysOut.startOf(from, name);
  }

  /** For readers of many messages without a scanner; with keys, of those alone that have one. @throws bad_request. */
  openCursor(keys?: readonly string[]): TopicCursor {
    return this.#waysOut.openCursor(keys);
  }

  /** Writes what the topic begins with, durably. For topic-start.ts alone, before anybody else has the topic. @throws as publish does. */
  begin(start: CheckedStart): Promise<void> {
    return this.#waysIn.begin(start);
  }

  /**
   * Changes the settings that `change` names (parsed JSON), for what is published from then on; durable when it
   * resolves. Where the settings are lost, the others become the server's defaults. For Netlog alone, which makes one
   * change of a topic at a time.
   *
   * @throws bad_request, invalid_compression_type; storage_full, topic_unavailable: nothing has changed; sync_failed:
   *   unknown, after a restart it may have.
   */
  updateSettings(change: unknown, defaults: TopicSettings): Promise<void> {
    const { limits, runtime } = this.#shared;
    return changeTopicSettings(this.#parts, change, {
      defaults,
      limits,
      nowMs: runtime.now(),
      sync: () => this.sync(),
    });
  }

  /**
   * What a fork of this topic begins with: all of it that was published so far, or that is before `place`, is on the disk.
   * For Netlog alone. `given` are settings as parsed JSON; what they leave out is as here.
   *
   * @throws bad_request, offset_not_found (with firstOffset), topic_unavailable (also where its settings are lost),
   *   sync_failed, topic_not_found, shutting_down.
   */
  async newFork(place: Partial<ForkPlace>, given: unknown): Promise<NewFork> {
    const { name, id, settings, trouble: reason } = this;
    if (reason !== undefined) throw new NetlogError("topic_unavailable", { reason });
    await this.#parts.publisher.flush();
    await this.#log.sync();
    return newFork({ name, id, settings, log: this.#log }, place, given, this.#shared);
  }

  /** The topic that this one was forked from, and its own forks. */
  get lineage(): Lineage {
    return this.#parts.stored.lineage();
  }

  /** Resolves when all that was published so far is on the disk. @throws sync_failed, topic_unavailable. */
  async sync(): Promise<void> {
    await this.#parts.publisher.flush();
    await this.#log.sync();
    await this.#parts.stored.scannerStore.sync();
  }

  /** What GET of a topic tells. */
  info(): Promise<TopicInfo> {
    return this.#figures.info();
  }

  /** What a list of topics tells. */
  summary(): Promise<TopicSummary> {
    return this.#figures.summary();
  }

  /** For metrics. */
  stats(): Promise<TopicStats> {
    return this.#figures.stats();
  }

  /**
   * Verifies everything from `from` (a number, or any spelling of an offset) on; what is wrong, within the limit
   * on findings. Gives what it has found when `isCancelled` says so.
   *
   * @throws bad_request when there is no such offset.
   */
  async check(from: number | string, isCancelled: () => boolean = () => false): Promise<Finding[]> {
    const offset = await this.#waysOut.requireOffset(from);
    const { logStartOffset, logEndOffset } = this.#log;
    if (offset < logStartOffset || offset > logEndOffset) {
      const reason = `from is ${offset}; the topic has offsets from ${logStartOffset} to ${logEndOffset}`;
      throw new NetlogError("bad_request", { reason });
    }
    const { runtime, limits, offload } = this.#shared;
    return await checkMessages(this.#log, offset, { runtime, limits, offload, isCancelled });
  }

  /**
   * A new scanner; one to persist is on the disk when it resolves.
   *
   * @throws bad_request (`from` is no spelling of an offset), invalid_offset (negative), offset_not_found (beyond
   *   the next message, or dropped: with firstOffset), storage_full, topic_unavailable.
   */
  async createScanner(options: {
    readonly from: number | string;
    readonly persist: boolean;
  }): Promise<Scanner> {
    return (await this.findOrCreateScanner(options)).scanner;
  }

  /**
   * The scanner of the name that `request` gives, a new one where there is none; on the disk if it is to persist.
   *
   * @throws scanner_exists (it is there, and is not what is asked for), bad_request, and what createScanner throws.
   */
  async findOrCreateScanner(request: ScannerRequest): Promise<FoundScanner> {
    checkScannerRequest(request, this.name, this.#shared.limits);
    const from = await this.#waysOut.requireOffset(request.from ?? "");
    return await this.#scanners.findOrCreate(request, from);
  }

  /** By id. */
  get scanners(): readonly Scanner[] {
    return this.#scanners.all();
  }

  /** @throws scanner_not_found; topic_unavailable when its file is damaged. */
  scanner(id: string): Scanner {
    return this.#scanners.require(id);
  }

  /** Durable when it resolves. @throws scanner_not_found, topic_unavailable. */
  deleteScanner(id: string): Promise<void> {
    return this.#scanners.delete(id);
  }

  /** A round of the monitor, `passedMs` after the last one. While its settings are lost, a topic drops no message. */
  async upkeep(passedMs: number): Promise<void> {
    await this.#parts.upkeep.dropIdleScanners(passedMs);
    if (this.trouble === undefined) await this.#parts.upkeep.dropOldSegments();
  }

  /** Lets nothing wait any longer: neither scans for a message, nor messages for company. */
  beginShutdown(): void {
    this.#scanners.refuseWaits();
    this.#waysIn.stopStreams(new NetlogError("shutting_down", { reason: "the server is stopping" }));
    this.#waysOut.refuseWaits();
    this.#parts.publisher.stopLingering();
  }

  /** Finishes what was published, and closes everything. */
  async close(): Promise<void> {
    await this.#scanners.end("shutting_down");
    this.#parts.publisher.stopLingering();
    await this.#parts.publisher.flush();
    await this.#log.close();
    await this.#parts.state.close();
    await this.#parts.stored.close?.();
  }

  /** Ends everything with topic_not_found, and closes what it is stored in. Removing that is the caller's. */
  async delete(): Promise<void> {
    this.#waysIn.stopStreams(new NetlogError("topic_not_found"));
    await this.#scanners.end("topic_not_found");
    this.#parts.stored.scannerStore.forgetAll();
    this.#parts.publisher.stopLingering();
    await this.#log.delete();
    await this.#parts.publisher.flush();
    await this.#parts.state.abandon();
  }
}
