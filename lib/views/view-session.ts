/** One time that a process is the runner of a view: from the lock of its schema until that is lost, given back, or stopped. */
import type { Logger, Runtime } from "../index.ts";
import { BatchApplier } from "./batch-applier.ts";
import type { Database, Writer } from "./database/database.ts";
import { CONNECTION_FAILURE, DatabaseError } from "./database/database-error.ts";
import type { Limits } from "./limits.ts";
import { migrate } from "./migrate.ts";
import { BackOff, Nap } from "./patience.ts";
import { loadPlaces, type Place } from "./places.ts";
import { type LogReader, LogRefusal, LogUnavailable } from "./reading/log-reader.ts";
import { retentionRounds } from "./retention-rounds.ts";
import { TopicRunner } from "./topic-runner.ts";
import type { View } from "./view.ts";
import type { ViewCounts } from "./view-counts.ts";
import type { ViewTopics } from "./view-topics.ts";

export interface SessionOptions {
  readonly view: View<unknown>;
  readonly topics: ViewTopics;
  readonly writer: Writer;
  readonly database: Database;
  readonly log: LogReader;
  readonly start: "beginning" | "end";
  readonly skipsRefused?: boolean;
  readonly counts: ViewCounts;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly runtime: Runtime;
  /** Called with the places that the database has, when the session begins. */
  readonly onBegin: (places: Iterable<Place>) => void;
  /** Called with each place that the session has written. */
  readonly onPlace: (place: Place) => void;
  readonly onEnd: (topic: string, end: number | undefined) => void;
  readonly onMove: (topic: string, state: "busy" | "waiting") => void;
}

/** The channel of the notices that tell other processes how far a view is. */
export function channelOf(viewName: string): string {
  return `netlog_view_${viewName}`;
}

export class ViewSession {
  readonly #options: SessionOptions;
  /** What reads, by topic. */
  readonly #runners = new Map<string, TopicRunner>();
  /** What is under way; none of it rejects. */
  readonly #work = new Set<Promise<void>>();
  /** Aborted by what ends the session first. */
  readonly #end = new AbortController();
  readonly #places = new Map<string, Place>();
  /** Between two looks for topics. */
  readonly #nap = new Nap();
  /** Why topics are not found. */
  #trouble: string | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Why one of its topics is not read. */
  get trouble(): string | undefined {
    for (const { trouble } of this.#runners.values()) if (trouble !== undefined) return trouble;
    return this.#trouble;
  }

  /** Ends when the signal is aborted, behind the batches in hand. @throws ViewStopped, PlaceMoved, DatabaseError. */
  async run(signal: AbortSignal): Promise<void> {
    const { view, topics, writer, start } = this.#options;
    await migrate(writer, view.name, view.migrations);
    const places = await writer.transaction((transaction) => loadPlaces(transaction, view.name));
    for (const place of places.values()) this.#places.set(place.topic, place);
    this.#options.onBegin(places.values());
    const end = (): void => this.#end.abort(signal.reason);
    const unwatch = this.#options.log.watchTopics((topic) => this.#noteMade(topic));
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
    void writer.lost.then(() =>
      this.#end.abort(new DatabaseError(CONNECTION_FAILURE, "the connection to the database is lost")),
    );
    for (const topic of topics.named) this.#read(topic, start);
    if (topics.hasPatterns) this.#begin(this.#findTopics());
    this.#begin(retentionRounds({ ...this.#options, schema: view.name }, this.#end.signal));
    // More may begin meanwhile.
    while (this.#work.size > 0) await Promise.all(this.#work);
    signal.removeEventListener("abort", end);
    unwatch();
    if (!signal.aborted) throw this.#end.signal.reason;
  }

  #begin(task: Promise<void>): void {
    const ended = task
      .catch((error: unknown) => this.#end.abort(error))
      .then(() => {
        this.#work.delete(ended);
      });
    this.#work.add(ended);
  }

  #noteMade(topic: string): void {
    this.#runners.get(topic)?.noteMade();
    if (this.#options.topics.isFound(topic)) this.#nap.wake();
  }

  /** Looks for topics that patterns stand for, until the session ends. */
  async #findTopics(): Promise<void> {
    const { topics, log, limits, runtime } = this.#options;
    const { signal } = this.#end;
    const backOff = new BackOff(limits);
    // What comes later than the view itself is read from its beginning.
    let start = this.#places.size === 0 ? this.#options.start : "beginning";
    while (!signal.aborted) {
      try {
        const names = await topics.all(log, signal);
        this.#readFound(names, start);
        start = "beginning";
        backOff.reset();
        await this.#nap.take(runtime, limits.findMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof LogUnavailable || error instanceof LogRefusal)) throw error;
        this.#note(`the log's topics cannot be listed: ${error.message}`);
        await this.#nap.take(runtime, backOff.nextMs(), signal);
      }
    }
  }

  #readFound(names: readonly string[], start: "beginning" | "end"): void {
    const { topics, limits } = this.#options;
    const found = names.filter((name) => topics.isFound(name));
    const fresh = found.filter((name) => !this.#runners.has(name));
    const room = limits.foundTopics - (found.length - fresh.length);
    for (const topic of fresh.slice(0, room)) this.#read(topic, start);
    const isFull = fresh.length > room;
    this.#note(
      isFull
        ? `the view's patterns stand for ${found.length} topics, and it reads ${limits.foundTopics} of them`
        : undefined,
    );
  }

  #notePlace(place: Place): void {
    this.#places.set(place.topic, place);
    this.#options.onPlace(place);
  }

  #note(trouble: string | undefined): void {
    const { logger, view } = this.#options;
    if (trouble !== undefined && this.#trouble === undefined) logger.error({ view: view.name }, trouble);
    this.#trouble = trouble;
  }

  #read(topic: string, start: "beginning" | "end"): void {
    const { view, topics, database, limits, onEnd, onMove } = this.#options;
    const channel = database.isShared ? channelOf(view.name) : undefined;
    const runner = new TopicRunner({
      ...this.#options,
      viewName: view.name,
      schema: view.name,
      topic,
      isFound: topics.isFound(topic),
      place: this.#places.get(topic),
      start,
      creates: view.creates?.[topic],
      batchBytes: () => Math.max(limits.leastBatchBytes, Math.floor(limits.batchBytes / this.#runners.size)),
      applier: new BatchApplier({ ...this.#options, schema: view.name, channel }),
      onPlace: (place) => this.#notePlace(place),
      onEnd: (end) => onEnd(topic, end),
      onMove: (state) => onMove(topic, state),
    });
    this.#runners.set(topic, runner);
    this.#begin(
      runner.run(this.#end.signal).then(() => {
        this.#runners.delete(topic);
      }),
    );
  }
}
