/** How far a view is: its place in each topic, where the topics end, and what lies between. */
import type { AppliedWaits } from "./applied-waits.ts";
import type { Place } from "./places.ts";
import type { LogReader } from "./reading/log-reader.ts";
import type { TopicStatus } from "./running-view.ts";
import type { ViewTopics } from "./view-topics.ts";

export class ViewProgress {
  readonly #topics: ViewTopics;
  readonly #log: LogReader;
  readonly #waits: AppliedWaits;
  readonly #places = new Map<string, Place>();
  readonly #ends = new Map<string, number>();

  constructor(topics: ViewTopics, log: LogReader, waits: AppliedWaits) {
    this.#topics = topics;
    this.#log = log;
    this.#waits = waits;
  }

  notePlace(place: Place): void {
    this.#places.set(place.topic, place);
    this.#waits.note(place.topic, place.next);
  }

  /** `undefined`: there is no such topic. */
  noteEnd(topic: string, end: number | undefined): void {
    if (end !== undefined) {
      this.#ends.set(topic, end);
      return;
    }
    this.#ends.delete(topic);
    this.#waits.forgetTopic(topic);
  }

  /** Messages that are not applied yet, of all topics; `undefined`: not known yet. */
  get lagMessages(): number | undefined {
    let lag = 0;
    for (const [topic, end] of this.#ends) lag += Math.max(0, end - (this.#places.get(topic)?.next ?? 0));
    return this.#ends.size === 0 ? undefined : lag;
  }

  /** Looks how far the topics go, while none is read. */
  async look(signal: AbortSignal): Promise<void> {
    const topics = await this.#topics.all(this.#log, signal).catch(() => this.#topics.named);
    for (const topic of topics) {
      try {
        const bounds = await this.#log.bounds(topic, signal);
        this.noteEnd(topic, bounds?.end);
      } catch {
        // The log is away: what is known stays.
      }
    }
  }

  /** For a status, by the places that the database has; `undefined`: it does not answer. */
  statusWith(places: ReadonlyMap<string, Place> | undefined): readonly TopicStatus[] {
    const shown = this.#topics.shown([...(places?.keys() ?? []), ...this.#ends.keys()]);
    return shown.map((topic): TopicStatus => {
      const place = places?.get(topic);
      const end = this.#ends.get(topic);
      const lagMessages = end === undefined ? undefined : Math.max(0, end - (place?.next ?? 0));
      return { topic, topicId: place?.topicId, next: place?.next, lagMessages };
    });
  }
}
