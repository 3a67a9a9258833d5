/**
 * Group commit of a topic's messages. What is published in one turn of the event loop goes to the log in one
 * append: singles packed into message sets, each batch as the entry it is, and what a guard judges in its place among
 * them. A compressed topic may let singles linger for company; an uncompressed one never waits.
 */
import { durationMs, parseDuration } from "../base/duration.ts";
import { NetlogError } from "../base/errors.ts";
import type { Runtime, Timer } from "../base/runtime.ts";
import type { AppendGuard, Durability, Log } from "../log/log.ts";
import type { Batch } from "../message/batch.ts";
import type { Offload } from "../message/compression.ts";
import { type NewMessage, type PackedMessage, packedBytes, packMessage } from "../message/new-message.ts";
import { AppendAnswers, type AppendAnswersOptions } from "./append-answers.ts";
import type { Limits } from "./limits.ts";
import { isLongPayload, packLongMessage } from "./long-message.ts";
import { capture, type Published, type PublishOptions, Waiting } from "./publish-call.ts";
import type { TopicSettings } from "./setting-table.ts";
import {
  batchEntry,
  guardedEntry,
  type PackedEntry,
  type PackOptions,
  type WaitingEntry,
  WaitingGroup,
} from "./waiting-group.ts";

export interface PublisherOptions extends AppendAnswersOptions {
  readonly log: Log;
  /** Those in force, whenever they are looked at. */
  readonly settings: TopicSettings;
  readonly runtime: Runtime;
  readonly limits: Limits;
  readonly offload: Offload;
}

/** An entry that is written alone. It is made when nothing refuses it. */
export interface LoneEntry {
  /** The payload's size when the entry is a single message: `publish` holds it to the same bound. */
  readonly payloadBytes?: number;
  /** What it takes of the bytes in flight. */
  readonly sizeBytes: number;
  readonly count: number;
  /** The room before the entry in the buffer that `encode` makes, as a batch has it. */
  readonly headroomBytes?: number | undefined;
  readonly encode: () => Buffer;
}

/** A set of an uncompressed topic never waits. */
function lingerMsOf({ compression_type, batch_interval }: TopicSettings): number {
  return compression_type === 1 ? 0 : durationMs(parseDuration(batch_interval));
}

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #log: Log;
  readonly #answers: AppendAnswers;
  readonly #packOptions: PackOptions;
  #lingerMs: number;
  #isStoppingLinger = false;
  /** What comes now joins this one, or begins the next; all of those before it is due. */
  #group: WaitingGroup = new WaitingGroup();
  #before: WaitingGroup[] = [];
  #linger: Timer | undefined;
  #isScheduled = false;
  #refused: NetlogError | undefined;
  /** Sets being compressed off the event loop; nothing overtakes them. */
  #packing: Promise<void> | undefined;
  /** Long messages that are being packed. */
  readonly #long = new Set<Promise<void>>();

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#answers = new AppendAnswers(options);
    this.#packOptions = { ...options, reject: (waiting, error) => this.#answers.reject(waiting, error) };
    this.#lingerMs = lingerMsOf(options.settings);
  }

  /**
   * Appends one message. It is borrowed until the promise settles.
   *
   * @throws bad_request (no bytes, or fields that a client may not send), payload_too_large, too_many_requests,
   *   topic_unavailable, and what Log.append throws.
   */
  publish(message: NewMessage, options: PublishOptions): Promise<Published> {
    const { limits, settings } = this.#options;
    const { durability = settings.durability, maxBytes = limits.payloadBytes } = options;
    let packed: PackedMessage;
    try {
      packed = packMessage(message, limits);
    } catch (error) {
      return Promise.reject(error);
    }
    const sizeBytes = packedBytes(packed);
    const refusal = this.#refusal(packed.payload.length, maxBytes, sizeBytes);
    if (refusal !== undefined) return Promise.reject(refusal);
    const promise = new Promise<Published>(capture);
    if (isLongPayload(packed.payload)) {
      this.#publishLong(message, packed.fields, new Waiting(sizeBytes), durability);
      return promise;
    }
    const group = this.#groupBehindGuarded();
    group.addSingle(packed, new Waiting(sizeBytes), durability);
    const isFull = group.singleCount >= settings.batch_num_messages || group.singleBytes >= limits.batchBytes;
    if (this.#lingerMs === 0 || isFull) group.areSinglesDue = true;
    if (group.areSinglesDue) this.#schedule();
    else this.#linger ??= this.#options.runtime.setTimer(this.#lingerMs, this.#endLinger);
    return promise;
  }

  /** A long message is an entry of its own, uncompressed. What is published while it is packed comes before it. */
  #publishLong(
    message: NewMessage,
    fields: Uint8Array | undefined,
    waiting: Waiting,
    durability: Durability,
  ): void {
    const packing = packLongMessage(message, fields, () => this.#options.offload.pause()).then(
      (batch) => this.#addBatch(batch, waiting, durability),
      (error: unknown) => this.#answers.reject([waiting], error),
    );
    this.#long.add(packing);
    void packing.finally(() => this.#long.delete(packing));
  }

  /**
   * Appends a batch, verified by the caller, as one frame: all or nothing. It is borrowed until the promise settles;
   * with headroom, it is given for good. @throws as publish does.
   */
  publishBatch(batch: Batch, options: PublishOptions): Promise<Published> {
    const { durability = this.#options.settings.durability } = options;
    const { length } = batch.entry;
    const refusal = this.#refusal(length, Infinity, length);
    if (refusal !== undefined) return Promise.reject(refusal);
    const promise = new Promise<Published>(capture);
    this.#addBatch(batch, new Waiting(length), durability);
    return promise;
  }

  #addBatch(batch: Batch, waiting: Waiting, durability: Durability): void {
    this.#groupBehindGuarded().batches.push(batchEntry(batch, waiting, durability));
    this.#schedule();
  }

  /** `options` for an append that waits before it comes here: it is as durable as the topic is at this moment. */
  asAskedNow(options: PublishOptions): PublishOptions {
    const { durability = this.#options.settings.durability } = options;
    return { ...options, durability };
  }

  /**
   * Appends what depends on `guard`, as an entry that is written alone, behind all that was published before and before
   * all that is published behind it. @throws what the guard throws; as publish does.
   */
  publishAlone(
    { payloadBytes, sizeBytes, count, headroomBytes = 0, encode }: LoneEntry,
    guard: AppendGuard,
    options: PublishOptions,
  ): Promise<Published> {
    const { limits, settings } = this.#options;
    const { durability = settings.durability, maxBytes = limits.payloadBytes, closes = false } = options;
    const refusal = this.#refusal(
      payloadBytes ?? sizeBytes,
      payloadBytes === undefined ? Infinity : maxBytes,
      sizeBytes,
    );
    if (refusal !== undefined) return Promise.reject(refusal);
    const promise = new Promise<Published>(capture);
    const waiting = new Waiting(sizeBytes);
    let entry: Buffer;
    try {
      entry = encode();
    } catch (error) {
      this.#answers.reject([waiting], error);
      return promise;
    }
    // A guard judges what came before, too: that lingers no longer.
    this.#endLinger();
    const batch = { entry, count, headroomBytes };
    this.#group.guarded.push(guardedEntry(batch, waiting, durability, guard, closes));
    this.#schedule();
    return promise;
  }

  /** Why everything is refused, if it is. */
  get refusedFor(): string | undefined {
    return this.#refused?.reason;
  }

  /** Refuses everything from now on, with topic_unavailable; nothing any more where there is no reason. */
  refuse(reason: string | undefined): void {
    this.#refused = reason === undefined ? undefined : new NetlogError("topic_unavailable", { reason });
  }

  /** Resolves when all that was published so far has gone to the log; it need not have got anywhere there. */
  async flush(): Promise<void> {
    if (this.#long.size > 0) await Promise.all(this.#long);
    this.#endLinger();
    this.#append();
    // What is being packed now, and then all that waits behind it, which the end of the first began to pack.
    await this.#packing;
    await this.#packing;
  }

  /** What is published from now on follows the settings as they are now. */
  settingsChanged(): void {
    if (!this.#isStoppingLinger) this.#lingerMs = lingerMsOf(this.#options.settings);
  }

  /** From now on nothing lingers. */
  stopLingering(): void {
    this.#isStoppingLinger = true;
    this.#lingerMs = 0;
    this.#endLinger();
  }

  #refusal(payloadBytes: number, maxBytes: number, sizeBytes: number): NetlogError | undefined {
    if (this.#refused !== undefined) return this.#refused;
    if (payloadBytes === 0) {
      return new NetlogError("bad_request", { reason: "a message has at least one byte" });
    }
    if (payloadBytes > maxBytes) {
      return new NetlogError("payload_too_large", { reason: `a message has at most ${maxBytes} bytes` });
    }
    if (!this.#options.inFlight.tryTakeOrAlone(sizeBytes)) {
      return new NetlogError("too_many_requests", {
        reason: "too many bytes are being published (max_bytes_in_flight); try again",
      });
    }
    return undefined;
  }

  readonly #endLinger = (): void => {
    this.#cancelLinger();
    if (this.#group.singleCount === 0) return;
    this.#group.areSinglesDue = true;
    this.#schedule();
  };

  #cancelLinger(): void {
    this.#linger?.cancel();
    this.#linger = undefined;
  }

  /** Where nothing joins what a guard judges, or overtakes it. */
  #groupBehindGuarded(): WaitingGroup {
    if (this.#group.guarded.length > 0) {
      this.#before.push(this.#group);
      this.#group = new WaitingGroup();
    }
    return this.#group;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.runtime.endOfTurn(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#isScheduled = false;
    this.#append();
  };

  /** Sends all that is due to the log, at once where no set has to be compressed elsewhere first. */
  #append(): void {
    if (this.#packing !== undefined) return;
    const entries: PackedEntry[] = [];
    for (const group of this.#before) group.takeInto(entries, this.#packOptions);
    this.#before = [];
    if (this.#group.areSinglesDue) this.#cancelLinger();
    this.#group.takeInto(entries, this.#packOptions);
    if (entries.every((entry): entry is WaitingEntry => !(entry instanceof Promise))) {
      this.#send(entries);
      return;
    }
    this.#packing = Promise.all(entries).then((packed) => {
      this.#packing = undefined;
      this.#send(packed.filter((entry) => entry !== undefined));
      this.#append();
    });
  }

  #send(entries: readonly WaitingEntry[]): void {
    if (entries.length > 0) this.#answers.follow(entries, this.#log.append(entries));
  }
}
