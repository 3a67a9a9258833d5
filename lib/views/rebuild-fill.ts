/** Fills the new tables of a rebuild from the log, topic after topic. What the log has no more is refused, or counted. */
import type { Logger, Runtime } from "../index.ts";
import { BatchApplier } from "./batch-applier.ts";
import type { Writer } from "./database/database.ts";
import { type DeadLetter, damageLetter, writeDeadLetters } from "./dead-letters.ts";
import type { Limits } from "./limits.ts";
import { type Place, savePlace } from "./places.ts";
import type { LogReader } from "./reading/log-reader.ts";
import type { View } from "./view.ts";
import { ViewStopped } from "./view-stopped.ts";
import type { ViewTopics } from "./view-topics.ts";

export interface RebuildProgress {
  readonly done: number;
  readonly total: number;
}

/** A topic as it was when the rebuild began. */
export interface Part {
  readonly topic: string;
  readonly id: string;
  readonly start: number;
  readonly end: number;
}

interface FillOptions {
  readonly view: View<unknown>;
  readonly topics: ViewTopics;
  readonly schema: string;
  readonly writer: Writer;
  /** What is there at first; it is read from these starts on, since the old tables were compared with them. */
  readonly parts: readonly Part[];
  /** Messages that the log has no more are given up. */
  readonly mayLose: boolean;
  readonly skipsRefused?: boolean;
  readonly log: LogReader;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly runtime: Runtime;
  readonly onProgress: (progress: RebuildProgress) => void;
  readonly signal: AbortSignal;
}

export class Fill {
  readonly #options: FillOptions;
  readonly #applier: BatchApplier;
  readonly #places = new Map<string, Place>();
  #total = 0;
  done = 0;
  /** Messages that retention, or damage, took. */
  missed = 0;

  constructor(options: FillOptions) {
    this.#options = options;
    this.#applier = new BatchApplier({ ...options, channel: undefined });
    for (const { start, end } of options.parts) this.#total += end - start;
  }

  /** Applies what there is now, of topics as well that came meanwhile. @throws as ViewRunner.rebuild does. */
  async toEnd(): Promise<void> {
    const { topics, log, signal } = this.#options;
    for (const topic of await topics.all(log, signal)) {
      if (!this.#places.has(topic)) await this.#begin(topic);
    }
    for (const topic of this.#places.keys()) while (await this.#step(topic));
  }

  async #begin(topic: string): Promise<void> {
    const { parts, log, signal } = this.#options;
    const found = parts.find((part) => part.topic === topic) ?? (await log.bounds(topic, signal));
    if (found !== undefined)
      await this.#save({ topic, topicId: found.id, next: found.start, last: undefined });
  }

  async #save(place: Place, letters: readonly DeadLetter[] = []): Promise<void> {
    const { writer, schema, limits } = this.#options;
    await writer.transaction(async (transaction) => {
      await savePlace(transaction, schema, place);
      await writeDeadLetters(transaction, schema, place, letters, limits.deadLetterBytes);
    });
    this.#places.set(place.topic, place);
  }

  /** False: that was all. */
  async #step(topic: string): Promise<boolean> {
    const { log, limits, signal, writer, runtime, onProgress } = this.#options;
    signal.throwIfAborted();
    const place = this.#places.get(topic) as Place;
    const { batchMessages: max, batchBytes: maxBytes } = limits;
    const read = await log.read(topic, { from: place.next, max, maxBytes, waitMs: 0, signal });
    if (read.kind === "missing") {
      this.#lose(place, undefined, "the topic was deleted");
      return false;
    }
    if (read.bounds.id !== place.topicId) throw changed(topic, "became another topic");
    switch (read.kind) {
      case "beyond":
        throw changed(topic, "lost its last messages");
      case "dropped": {
        const { start } = read.bounds;
        this.#lose(place, start - place.next, "retention dropped them");
        await this.#save({ ...place, next: start, last: undefined });
        return true;
      }
      case "damaged": {
        const { nextOffset: next } = read;
        this.#lose(place, next - place.next, "they are damaged in the log");
        await this.#save({ ...place, next, last: undefined }, [damageLetter(place, next, runtime.now())]);
        return true;
      }
      case "messages":
        break;
    }
    if (read.messages.length === 0) return false;
    const applied = await this.#applier.apply(writer, place, read.messages);
    this.#places.set(topic, applied.place);
    this.done += read.messages.length;
    onProgress({ done: this.done, total: Math.max(this.#total, this.done) });
    return true;
  }

  /** `count` is `undefined` where it is not known. @throws ViewStopped where nothing may be lost. */
  #lose({ topic, next }: Place, count: number | undefined, why: string): void {
    const { view, logger, mayLose } = this.#options;
    const messages = count === undefined ? `messages of ${topic}` : `${count} messages of ${topic}`;
    if (!mayLose) {
      const advice = "nothing is changed; --forget-older goes on all the same";
      throw new ViewStopped(`a rebuild would lose the rows of ${messages} (${why} meanwhile); ${advice}`);
    }
    this.missed += count ?? 0;
    logger.error({ view: view.name, topic, count, from: next }, `the rebuild misses messages: ${why}`);
  }
}

function changed(topic: string, what: string): ViewStopped {
  return new ViewStopped(`${topic} ${what} while it was read; nothing is changed: rebuild the view again`);
}
