/** Reads one topic for a view and applies it, batch after batch, from the view's place on. */
import type { Logger, Runtime } from "../index.ts";
import type { BatchApplier } from "./batch-applier.ts";
import type { Writer } from "./database/database.ts";
import { type DeadLetter, damageLetter, writeDeadLetters } from "./dead-letters.ts";
import type { Limits } from "./limits.ts";
import { BackOff, Nap, pause } from "./patience.ts";
import { findPlace, isSameMessage, lastMessageOf, type Place, savePlace } from "./places.ts";
import {
  type LogRead,
  type LogReader,
  LogRefusal,
  LogUnavailable,
  type TopicBounds,
} from "./reading/log-reader.ts";
import type { ViewCounts } from "./view-counts.ts";
import { ViewStopped } from "./view-stopped.ts";

export interface TopicRunnerOptions {
  readonly viewName: string;
  readonly schema: string;
  readonly topic: string;
  /** Where the view stands; `undefined`: it has not begun. */
  readonly place: Place | undefined;
  /** Where it begins then; in a topic that was missing at first, at the beginning. */
  readonly start: "beginning" | "end";
  /** A pattern stands for the topic: it is read until it is missing. The others are waited for. */
  readonly isFound: boolean;
  /** Settings of the topic, where the view makes it. */
  readonly creates: Readonly<Record<string, string | number>> | undefined;
  /** Bytes of payloads that the next batch may have. */
  readonly batchBytes: () => number;
  readonly writer: Writer;
  readonly applier: BatchApplier;
  readonly log: LogReader;
  readonly counts: ViewCounts;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly runtime: Runtime;
  /** Called with each place that is in the database. */
  readonly onPlace: (place: Place) => void;
  /** Called when it is seen where the topic ends; `undefined`: there is none. */
  readonly onEnd: (end: number | undefined) => void;
  /** Called when the loop moves, or begins to wait. */
  readonly onMove: (state: "busy" | "waiting") => void;
}

export class TopicRunner {
  readonly #options: TopicRunnerOptions;
  readonly #backOff: BackOff;
  readonly #nap = new Nap();
  #place: Place | undefined;
  #start: "beginning" | "end";
  #trouble: string | undefined;
  #isOver = false;
  /** The log has the message before the place that was applied there. Where the log was away, that is looked up again. */
  #isSameLog = false;
  /** When it read last. */
  #readMs = Number.NEGATIVE_INFINITY;

  constructor(options: TopicRunnerOptions) {
    this.#options = options;
    this.#place = options.place;
    this.#start = options.start;
    this.#backOff = new BackOff(options.limits);
  }

  /** Why it does not read; `undefined`: it does, or there is no topic yet. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** The topic was made: a runner that waits for it looks at once. */
  noteMade(): void {
    this.#nap.wake();
  }

  /**
   * Ends when the signal is aborted, behind the batch in hand, or where a found topic is gone. @throws ViewStopped,
   * PlaceMoved, DatabaseError.
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!(signal.aborted || this.#isOver)) {
      try {
        await this.#step(signal);
        this.#backOff.reset();
        this.#trouble = undefined;
      } catch (error) {
        if (signal.aborted && error === signal.reason) return;
        // A right that is missing may be given; nothing is skipped meanwhile.
        if (!(error instanceof LogUnavailable || error instanceof LogRefusal)) throw error;
        await this.#waitForLog(error, signal);
      }
    }
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { log, topic, limits, batchBytes, runtime, onMove } = this.#options;
    const place = this.#place;
    if (place === undefined) {
      onMove("waiting");
      const bounds = await log.bounds(topic, signal);
      if (bounds === undefined) await this.#waitForTopic(signal);
      else await this.#begin(bounds);
      return;
    }
    onMove("waiting");
    const startedMs = runtime.elapsedMs();
    // Another log may have taken its place while a batch was applied.
    if (startedMs - this.#readMs > limits.lookMs) this.#isSameLog = false;
    if (!(this.#isSameLog || (await this.#isSame(place, signal)))) return;
    this.#isSameLog = true;
    const read = await log.read(topic, {
      from: place.next,
      max: limits.batchMessages,
      maxBytes: batchBytes(),
      waitMs: limits.waitMs,
      signal,
    });
    this.#readMs = runtime.elapsedMs();
    onMove("busy");
    await this.#take(place, read, signal);
    // A topic that is closed answers at once.
    const isEarly = runtime.elapsedMs() - startedMs < limits.lookMs;
    if (read.kind === "messages" && read.messages.length === 0 && isEarly) {
      onMove("waiting");
      await pause(runtime, limits.lookMs, signal);
      this.#readMs = runtime.elapsedMs();
    }
  }

  /**
   * Looks whether the log still has the message that was applied last; a log that was restored from an older copy has
   * another one there, or none. False: it is not known, or there is another topic; what that asks for is done. @throws
   * ViewStopped.
   */
  async #isSame(place: Place, signal: AbortSignal): Promise<boolean> {
    const { log, topic, viewName } = this.#options;
    const { last } = place;
    if (last === undefined) return true;
    const read = await log.read(topic, { from: place.next - 1, max: 1, maxBytes: 1, waitMs: 0, signal });
    if (read.kind === "missing" || read.kind === "beyond" || read.bounds.id !== place.topicId) {
      await this.#take(place, read, signal);
      return false;
    }
    const { bounds } = read;
    if (bounds.end < place.next) {
      await this.#take(place, { kind: "beyond", bounds }, signal);
      return false;
    }
    const message = read.kind === "messages" ? read.messages[0] : undefined;
    // What was not there a moment ago may be there now.
    if (read.kind === "messages" && message === undefined) return false;
    // Retention, or damage, may have taken it.
    if (message !== undefined && !isSameMessage(lastMessageOf(message), last)) {
      const other = `message ${message.offset} of ${topic} is another one than was applied`;
      const advice = `netlog view rebuild ${viewName} reads it again`;
      throw new ViewStopped(`${other}: the log was set back to an older state; ${advice}`);
    }
    return true;
  }

  async #take(place: Place, read: LogRead, signal: AbortSignal): Promise<void> {
    if (read.kind === "missing") {
      await this.#waitForTopic(signal);
      return;
    }
    const { bounds } = read;
    this.#options.onEnd(bounds.end);
    if (bounds.id !== place.topicId) {
      await this.#changeTopic(place, bounds);
      return;
    }
    switch (read.kind) {
      case "messages":
        if (read.messages.length > 0) await this.#apply(place, read);
        return;
      case "dropped":
        await this.#skip(place, bounds.start, "retention dropped them before they were read", []);
        return;
      case "damaged": {
        const letter = damageLetter(place, read.nextOffset, this.#options.runtime.now());
        await this.#skip(place, read.nextOffset, "they are damaged in the log", [letter]);
        return;
      }
      case "beyond": {
        const { topic, viewName } = this.#options;
        const lost = `${topic} ends at ${bounds.end}, and messages up to ${place.next} are applied: the log lost some`;
        throw new ViewStopped(`${lost}; netlog view rebuild ${viewName} reads it again`);
      }
    }
  }

  async #apply(place: Place, { messages }: Extract<LogRead, { kind: "messages" }>): Promise<void> {
    const { applier, writer, counts, runtime, logger, onPlace, viewName: view } = this.#options;
    const [first] = messages;
    if (first?.offset !== place.next) throw new TypeError("a read began elsewhere than it was asked to");
    const startedMs = runtime.elapsedMs();
    const applied = await applier.apply(writer, place, messages);
    const { malformed, refused } = applied;
    counts.batchMs.add(runtime.elapsedMs() - startedMs);
    counts.applied += messages.length - malformed.length - refused.length;
    counts.malformed += malformed.length;
    counts.refused += refused.length;
    for (const { offset, reason } of refused) {
      logger.error(
        { view, topic: place.topic, offset, reason },
        "a message cannot be applied: it is a dead letter",
      );
    }
    const [letter] = malformed;
    if (letter !== undefined) {
      const { offset, reason } = letter;
      const fields = { view, topic: place.topic, count: malformed.length, offset, reason };
      logger.warn(fields, "messages are malformed: they are dead letters");
    }
    this.#place = applied.place;
    onPlace(applied.place);
  }

  /** Goes on at `next` without what lies before it. */
  async #skip(place: Place, next: number, why: string, letters: readonly DeadLetter[]): Promise<void> {
    const { counts, logger, viewName: view } = this.#options;
    const count = next - place.next;
    await this.#save({ ...place, next, last: undefined }, letters);
    counts.missed += count;
    logger.error(
      { view, topic: place.topic, count, from: place.next, next },
      `the view misses messages: ${why}`,
    );
  }

  async #changeTopic(place: Place, { id, start }: TopicBounds): Promise<void> {
    const { logger, writer, schema, viewName: view } = this.#options;
    const { topic } = place;
    const known = await writer.transaction((transaction) => findPlace(transaction, schema, topic, id));
    const found = known ?? { topic, topicId: id, next: start, last: undefined };
    await this.#save(found);
    this.#isSameLog = false;
    const fields = { view, topic, was: place.topicId, id, before: place.next, next: found.next };
    const how =
      known === undefined ? "begins with it, and keeps its rows" : "read it before, and goes on where it was";
    logger.error(fields, `there is another topic of this name: the view ${how}`);
  }

  async #begin({ id, start, end }: TopicBounds): Promise<void> {
    const { topic, logger, viewName: view } = this.#options;
    const from = this.#start;
    const next = from === "end" ? end : start;
    await this.#save({ topic, topicId: id, next, last: undefined });
    this.#options.onEnd(end);
    logger.info({ view, topic, next }, `the view begins at the ${from} of the topic`);
  }

  async #save(place: Place, letters: readonly DeadLetter[] = []): Promise<void> {
    const { writer, schema, limits } = this.#options;
    await writer.transaction(async (transaction) => {
      await savePlace(transaction, schema, place);
      await writeDeadLetters(transaction, schema, place, letters, limits.deadLetterBytes);
    });
    this.#place = place;
    this.#options.onPlace(place);
  }

  async #waitForTopic(signal: AbortSignal): Promise<void> {
    const { topic, creates, isFound, log, runtime, limits, onEnd, onMove } = this.#options;
    onEnd(undefined);
    onMove("waiting");
    this.#isOver = isFound;
    if (isFound) return;
    this.#start = "beginning";
    if (creates === undefined) await this.#nap.take(runtime, limits.missingMs, signal);
    else await log.createTopic(topic, creates, signal);
  }

  async #waitForLog(error: Error, signal: AbortSignal): Promise<void> {
    const { logger, runtime, onMove, topic, viewName: view } = this.#options;
    if (this.#backOff.isFresh) {
      logger.warn({ view, topic, reason: error.message }, "the log cannot be read; the view waits for it");
    }
    this.#trouble = `the log cannot be read: ${error.message}`;
    this.#isSameLog = false;
    onMove("waiting");
    await pause(runtime, this.#backOff.nextMs(), signal);
  }
}
