/** The topics of a view: some it names, others its patterns find in the log. */
import { topicMatcher } from "../index.ts";
import type { LogReader } from "./reading/log-reader.ts";

export class ViewTopics {
  /** Names alone. */
  readonly named: readonly string[];
  readonly #patterns: readonly string[];
  readonly #matchers: readonly ((name: string) => boolean)[];

  /** `topics` as a view declares them. */
  constructor(topics: readonly string[]) {
    this.named = topics.filter((topic) => !topic.includes("*"));
    this.#patterns = topics.filter((topic) => topic.includes("*"));
    this.#matchers = this.#patterns.map(topicMatcher);
  }

  get hasPatterns(): boolean {
    return this.#patterns.length > 0;
  }

  /** The view reads the topic because a pattern stands for it. */
  isFound(name: string): boolean {
    return !this.named.includes(name) && this.#matchers.some((matches) => matches(name));
  }

  /** What there is now: the named ones, whether they exist or not, and those that patterns find. @throws as LogReader. */
  async all(log: LogReader, signal: AbortSignal): Promise<readonly string[]> {
    if (!this.hasPatterns) return this.named;
    const names = await log.topicNames(signal);
    return [...this.named, ...names.filter((name) => this.isFound(name))];
  }

  /** For a status: what is `known`, and each pattern that stands for none of these. */
  shown(known: Iterable<string>): readonly string[] {
    const found = [...new Set(known)].filter((name) => this.isFound(name)).sort();
    const empty = this.#patterns.filter((_, index) => !found.some((name) => this.#matchers[index]?.(name)));
    return [...this.named, ...found, ...empty];
  }
}
