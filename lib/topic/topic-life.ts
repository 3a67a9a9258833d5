/**
 * When a topic ends by itself: at `expires_at`, or when nobody has used it for its `ttl`. The last use is known in
 * memory alone: a ttl begins anew at each opening, and no use that is on the disk could be later than that.
 */
import { durationMs, parseDuration } from "../base/duration.ts";
import type { Runtime } from "../base/runtime.ts";
import type { TopicSettings } from "./setting-table.ts";

export class TopicLife {
  /** Those in force. */
  readonly #settings: TopicSettings;
  readonly #runtime: Pick<Runtime, "now" | "elapsedMs">;
  #endsAtMs = Infinity;
  #ttlMs = Infinity;
  /** The two above in one: most topics do not end. */
  #isEndless = true;
  /** Requests that publish or read now. They are counted in an endless topic too: it may get a ttl meanwhile. */
  #userCount = 0;
  /** By the clock that nobody sets. */
  #lastUsedAtMs: number;

  constructor(settings: TopicSettings, runtime: Pick<Runtime, "now" | "elapsedMs">) {
    this.#settings = settings;
    this.#runtime = runtime;
    this.#lastUsedAtMs = runtime.elapsedMs();
    this.settingsChanged();
  }

  /** A client publishes or reads from now on, until `endUse`. */
  beginUse(): void {
    this.#userCount += 1;
  }

  endUse(): void {
    this.#userCount -= 1;
    if (!this.#isEndless) this.#lastUsedAtMs = this.#runtime.elapsedMs();
  }

  /** The topic is to be deleted. */
  get isOver(): boolean {
    return !this.#isEndless && (this.#runtime.now() >= this.#endsAtMs || this.#isUnused());
  }

  /** Takes over the settings as they are now; another ttl begins now. */
  settingsChanged(): void {
    const { ttl, expires_at } = this.#settings;
    const ttlMs = ttl === undefined ? Infinity : durationMs(parseDuration(ttl));
    if (ttlMs !== this.#ttlMs) this.#lastUsedAtMs = this.#runtime.elapsedMs();
    this.#ttlMs = ttlMs;
    this.#endsAtMs = expires_at === undefined ? Infinity : Date.parse(expires_at);
    this.#isEndless = ttl === undefined && expires_at === undefined;
  }

  #isUnused(): boolean {
    return this.#userCount === 0 && this.#runtime.elapsedMs() - this.#lastUsedAtMs >= this.#ttlMs;
  }
}
