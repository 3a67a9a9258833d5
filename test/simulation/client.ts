/** What clients do with topics and scanners, and what their answers tell the model. */
import { isNetlogError, LIMITS, type Message, type Published, type Topic } from "../../lib/index.ts";
import type { Batch } from "../../lib/message/batch.ts";
import { inlineOffload } from "../../lib/message/compression.ts";
import { encodeEntry } from "../../lib/message/message-set.ts";
import { packMessage } from "../../lib/message/new-message.ts";
import type { Calls } from "./calls.ts";
import {
  firstNotGiven,
  isReadable,
  readableUnread,
  type ScannerModel,
  type SentMessage,
  scannerModel,
  type TopicModel,
} from "./model.ts";
import { closedTakesNothing, isClosedFor } from "./once-promises.ts";
import { segmentAgeMs } from "./opening.ts";
import { forgedPayload, payloadOf } from "./payload.ts";
import type { Operation } from "./plan.ts";
import {
  acknowledgedIsFound,
  BrokenPromise,
  givenIsPublished,
  nothingIsRefusedWithoutReason,
  offsetIsNew,
  retentionDropsOnlyWhatItMay,
  scanGivesTheNext,
  startNeverGoesBack,
} from "./promises.ts";
import type { World } from "./world.ts";

/** Answers that say nothing about whether the message was kept. */
const UNKNOWN_CODES = new Set(["sync_failed", "topic_not_found"]);

function batchOf(messages: readonly SentMessage[], type: 1 | 2 | 3): Batch {
  const packed = messages.map((message) => packMessage(message, LIMITS));
  const entry = encodeEntry(packed, 0, packed.length, type, inlineOffload, LIMITS);
  if (entry instanceof Promise) throw new Error("a batch of the simulation is small");
  return { entry, count: messages.length };
}

type Does<Kind extends Operation["kind"]> = Extract<Operation, { kind: Kind }>;

export class Client {
  readonly #world: World;
  readonly #calls: Calls;
  /** Netlog is being closed: everything may be refused. */
  isClosing = false;
  acknowledged = 0;
  #lastMessageId = 0;

  constructor(world: World, calls: Calls) {
    this.#world = world;
    this.#calls = calls;
  }

  /** Resolves when all that was published is answered. */
  async publish(topic: TopicModel, handle: Topic, operation: Does<"publish">): Promise<void> {
    const first = this.#lastMessageId + 1;
    const messages = operation.sizes.map((sizeBytes) =>
      this.#newMessage(topic, handle, operation, sizeBytes, first),
    );
    topic.messages.push(...messages);
    const { batch, durability } = operation;
    if (batch !== undefined) {
      await this.#publish(topic, messages, () =>
        handle.publishBatch(batchOf(messages, batch), { durability }),
      );
      return;
    }
    const sent = messages.map((message) => {
      return this.#publish(topic, [message], () => handle.publish(message, { durability }));
    });
    await Promise.all(sent);
  }

  #newMessage(
    topic: TopicModel,
    handle: Topic,
    { durability, batch, forgery }: Pick<Does<"publish">, "durability" | "batch" | "forgery">,
    sizeBytes: number,
    first: number,
  ): SentMessage {
    const id = ++this.#lastMessageId;
    const payload =
      forgery === undefined
        ? payloadOf(id, sizeBytes)
        : forgedPayload(id, forgery, topic.knownEnd, this.#world.runtime.now());
    return {
      id,
      payload,
      ...(id % 3 === 0 ? { key: `key of ${id}` } : {}),
      durability: durability ?? handle.settings.durability,
      batch: batch === undefined ? undefined : first,
      state: "begun",
      offset: undefined,
      timestampMs: undefined,
      mayBeHidden: false,
      seenIn: undefined,
      isForced: false,
      isAlone: false,
    };
  }

  /** The messages of one attempt on terms of its own: each is written alone, whatever else is published. */
  newMessages(
    topic: TopicModel,
    handle: Topic,
    operation: Pick<Does<"publish">, "sizes" | "durability"> & { readonly isBatch: boolean },
  ): SentMessage[] {
    const { durability, isBatch } = operation;
    const shape = { durability, batch: isBatch ? (1 as const) : undefined, forgery: undefined };
    const first = this.#lastMessageId + 1;
    const messages = operation.sizes.map((sizeBytes) => {
      return { ...this.#newMessage(topic, handle, shape, sizeBytes, first), isAlone: true };
    });
    topic.messages.push(...messages);
    return messages;
  }

  batchOf(messages: readonly SentMessage[]): Batch {
    return batchOf(messages, 1);
  }

  async #publish(
    topic: TopicModel,
    messages: readonly SentMessage[],
    ask: () => Promise<Published>,
  ): Promise<void> {
    const wasClosed = topic.closing === "closed";
    await this.#calls.make(
      `publish ${messages.map(({ id }) => id).join("+")} to ${topic.name}`,
      ask,
      (published) => {
        closedTakesNothing(topic, wasClosed, messages[0]!);
        for (const [index, message] of messages.entries()) {
          this.acknowledge(topic, message, { ...published, offset: published.offset + index });
        }
      },
      (error) => {
        for (const message of messages) this.refuse(topic, message, error, isClosedFor(topic, error));
      },
    );
  }

  async read(topic: TopicModel, handle: Topic, at: number): Promise<void> {
    const offset = Math.floor((at / 100) * (topic.knownEnd + 1));
    const known = topic.byOffset.get(offset);
    const mustBeFound = known !== undefined && isReadable(topic, known, this.#world.hasTrouble);
    await this.#calls.make(
      `read ${topic.name}/${offset}`,
      () => handle.message(offset),
      (message) => this.#see(topic, message),
      (error) => {
        const isMissing = isNetlogError(error, "offset_not_found");
        if (isMissing && error.details.firstOffset !== undefined)
          this.noteFirst(topic, error.details.firstOffset);
        if (isMissing && mustBeFound) acknowledgedIsFound(topic, offset);
        nothingIsRefusedWithoutReason(`read ${offset}`, error, isMissing || this.mayRefuse(topic));
      },
    );
  }

  async createScanner(topic: TopicModel, handle: Topic, operation: Does<"createScanner">): Promise<void> {
    const { from, persist } = operation;
    if (persist) topic.scannersBegun++;
    await this.#calls.make(
      `create scanner of ${topic.name} from ${from}`,
      () => handle.createScanner({ from, persist }),
      (scanner) => {
        if (persist) topic.scannersBegun--;
        topic.scanners.set(scanner.id, scannerModel(topic, scanner, scanner.info().from, persist));
      },
      (error) => {
        if (persist && !this.#world.hasTrouble) topic.scannersBegun--;
        // Retention may be faster than the creation that was told where the topic begins.
        const wasFaster = isNetlogError(error, "offset_not_found") && error.details.firstOffset !== undefined;
        nothingIsRefusedWithoutReason("create scanner", error, wasFaster || this.mayRefuse(topic));
      },
    );
  }

  async deleteScanner(scanner: ScannerModel): Promise<void> {
    const { topic } = scanner;
    if (scanner.state === "present") scanner.state = "ending";
    await this.#calls.make(
      `delete scanner of ${topic.name}`,
      () => topic.handle!.deleteScanner(scanner.id),
      () => {
        scanner.state = "gone";
      },
      (error) => {
        if (scanner.state === "ending") scanner.state = "unknown";
        const isGone = isNetlogError(error, "scanner_not_found");
        nothingIsRefusedWithoutReason("delete scanner", error, isGone || this.mayRefuse(topic));
      },
    );
  }

  /** Several scans at the same time, each for one message. */
  async scan(scanner: ScannerModel, operation: Does<"scan">): Promise<void> {
    await Promise.all(Array.from({ length: operation.count }, () => this.#scanOnce(scanner, operation)));
  }

  async #scanOnce(scanner: ScannerModel, { waitMs, leaves, settles }: Does<"scan">): Promise<void> {
    const { topic, handle } = scanner;
    const unread = scanner.waitingScans === 0 ? readableUnread(scanner, this.#world.hasTrouble) : undefined;
    scanner.waitingScans++;
    const onWaiting = leaves ? (cancel: () => void) => queueMicrotask(cancel) : () => {};
    await this.#calls.make(
      `scan ${topic.name}`,
      () => handle!.scan({ waitMs, onWaiting }),
      async (delivery) => {
        scanner.waitingScans--;
        if (delivery === undefined) return;
        const { message } = delivery;
        scanner.given.add(message.offset);
        const isEarly = unread !== undefined && unread < message.offset;
        if (isEarly || firstNotGiven(scanner, message.offset) !== undefined) await this.refreshFirst(topic);
        scanGivesTheNext(scanner, message.offset, unread);
        scanner.outstanding.set(message.offset, delivery);
        this.#see(topic, message);
        if (settles !== "later") this.#settle(scanner, message.offset, settles === "yes");
      },
      async (error) => {
        scanner.waitingScans--;
        const isEnd = isNetlogError(error, "end_of_topic");
        if (isEnd && unread !== undefined && waitMs === 0) {
          await this.refreshFirst(topic);
          acknowledgedIsFound(topic, unread);
        }
        const isGone = scanner.state !== "present" || this.mayRefuse(topic);
        nothingIsRefusedWithoutReason("scan", error, isEnd || isGone);
      },
    );
  }

  settleAll(scanner: ScannerModel, handedOver: boolean): void {
    for (const offset of [...scanner.outstanding.keys()]) this.#settle(scanner, offset, handedOver);
  }

  async sync(topic: TopicModel, handle: Topic): Promise<void> {
    const covered = topic.messages.filter(({ state }) => state !== "refused");
    await this.#calls.make(
      `sync ${topic.name}`,
      () => handle.sync(),
      () => {
        for (const message of covered) if (message.state === "acknowledged") message.isForced = true;
      },
      (error) => nothingIsRefusedWithoutReason("sync", error, this.mayRefuse(topic)),
    );
  }

  async check(topic: TopicModel, handle: Topic): Promise<void> {
    await this.#calls.make(
      `check ${topic.name}`,
      () => handle.check("first"),
      (findings) => {
        if (findings.length > 0) throw new BrokenPromise("nothing is damaged", JSON.stringify(findings));
      },
      (error) => {
        const wasFaster = isNetlogError(error, "offset_not_found");
        nothingIsRefusedWithoutReason("check", error, wasFaster || this.mayRefuse(topic));
      },
    );
  }

  /** Asks the topic where it begins. */
  async refreshFirst(topic: TopicModel): Promise<void> {
    const { life } = this.#world;
    const info = await topic.handle!.info();
    if (life === this.#world.life) this.noteFirst(topic, info.first_offset);
  }

  noteFirst(topic: TopicModel, firstOffset: number): void {
    startNeverGoesBack(topic, firstOffset);
    retentionDropsOnlyWhatItMay(topic, firstOffset, segmentAgeMs(topic), this.#world);
    topic.firstOffset = firstOffset;
    // What was dropped cannot be had any more, although a removal that fails may bring it back.
    for (const scanner of topic.scanners.values()) {
      scanner.settledBelow = Math.max(scanner.settledBelow, firstOffset);
    }
  }

  acknowledge(topic: TopicModel, message: SentMessage, published: Published): void {
    offsetIsNew(topic, message, published.offset);
    topic.place(message, published.offset, published.timestampMs);
    message.state = "acknowledged";
    message.mayBeHidden = topic.canBe("synced");
    this.acknowledged++;
  }

  /** `hasReason`: in what was asked for, or in the topic's end. */
  refuse(topic: TopicModel, message: SentMessage, error: unknown, hasReason: boolean): void {
    nothingIsRefusedWithoutReason(`publish ${message.id}`, error, hasReason || this.mayRefuse(topic));
    message.state = isNetlogError(error) && UNKNOWN_CODES.has(error.code) ? "unknown" : "refused";
    if (message.state === "refused" && message.offset !== undefined) {
      throw new BrokenPromise("what was refused is never seen", `${topic.name}/${message.offset}`);
    }
  }

  #see(topic: TopicModel, given: Message): void {
    const message = givenIsPublished(topic, given);
    message.seenIn = topic.durability;
  }

  #settle(scanner: ScannerModel, offset: number, handedOver: boolean): void {
    const delivery = scanner.outstanding.get(offset);
    scanner.outstanding.delete(offset);
    if (handedOver) scanner.settled.add(offset);
    delivery?.settle(handedOver);
  }

  mayRefuse(topic: TopicModel): boolean {
    return this.mayFail || topic.state !== "present";
  }

  /** Whatever is asked for. */
  get mayFail(): boolean {
    return this.#world.hasTrouble || this.isClosing;
  }
}
