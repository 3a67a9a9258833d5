/** One time that a process is the runner of a view: from the lock of its schema until that is lost, given back, or stopped. */
import type { Logger, Runtime } from "../index.ts";
import { BatchApplier } from "./batch-applier.ts";
import type { Database, Writer } from "./database/database.ts";
import { CONNECTION_FAILURE, DatabaseError } from "./database/database-error.ts";
import type { Limits } from "./limits.ts";
import { migrate } from "./migrate.ts";
import { loadPlaces, type Place } from "./places.ts";
import type { LogReader } from "./reading/log-reader.ts";
import { retentionRounds } from "./retention-rounds.ts";
import { TopicRunner } from "./topic-runner.ts";
import type { View } from "./view.ts";
import type { ViewCounts } from "./view-counts.ts";

export interface SessionOptions {
  readonly view: View<unknown>;
  readonly writer: Writer;
  readonly database: Database;
  readonly log: LogReader;
  readonly start: "beginning" | "end";
  readonly counts: ViewCounts;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly runtime: Runtime;
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
  #topics: readonly TopicRunner[] = [];

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Why one of its topics is not read. */
  get trouble(): string | undefined {
    for (const { trouble } of this.#topics) if (trouble !== undefined) return trouble;
    return undefined;
  }

  /** Ends when the signal is aborted, behind the batches in hand. @throws ViewStopped, PlaceMoved, DatabaseError. */
  async run(signal: AbortSignal): Promise<void> {
    const { view, writer, onPlace } = this.#options;
    await migrate(writer, view.name, view.migrations);
    const places = await writer.transaction((transaction) => loadPlaces(transaction, view.name));
    for (const place of places.values()) onPlace(place);
    const inner = new AbortController();
    const end = (): void => inner.abort(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
    void writer.lost.then(() =>
      inner.abort(new DatabaseError(CONNECTION_FAILURE, "the connection to the database is lost")),
    );
    this.#topics = view.topics.map((topic) => this.#openTopic(topic, places.get(topic)));
    const work = this.#topics.map((topic) => topic.run(inner.signal));
    work.push(retentionRounds({ ...this.#options, schema: view.name }, inner.signal));
    try {
      await Promise.all(work);
    } finally {
      inner.abort(new Error("the session is over"));
      await Promise.allSettled(work);
      signal.removeEventListener("abort", end);
    }
    if (!signal.aborted) throw inner.signal.reason;
  }

  #openTopic(topic: string, place: Place | undefined): TopicRunner {
    const { view, database, limits, onEnd, onMove } = this.#options;
    const channel = database.isShared ? channelOf(view.name) : undefined;
    return new TopicRunner({
      ...this.#options,
      viewName: view.name,
      schema: view.name,
      topic,
      place,
      creates: view.creates?.[topic],
      applier: new BatchApplier({ view, schema: view.name, limits, channel }),
      onEnd: (end) => onEnd(topic, end),
      onMove: (state) => onMove(topic, state),
    });
  }
}
