/**
 * The message store without a protocol: it puts events into the log, finds them by the index that the view keeps, and reads
 * them from the log. What it has answered is in the log, on the disk, and in the index.
 */
import type { Runtime } from "../../index.ts";
import { LogRefusal, type NewLogMessage, type RunningView } from "../index.ts";
import { BEFORE, KIND, REPLACES, troubleOfId } from "./decode.ts";
import { bufferOf, checkEvent, EventFlaw, listedBytes, type StoredEvent } from "./event-bytes.ts";
import { IndexReads, type IndexRow } from "./index-reads.ts";
import { LIMITS } from "./limits.ts";
import { topicSettings } from "./view.ts";

export interface StoreOptions {
  readonly view: Pick<RunningView, "reads" | "log" | "applied">;
  readonly topic: string;
  readonly retentionMs: number;
  readonly runtime: Pick<Runtime, "now">;
}

/** An id that no event can have. */
export class InvalidId extends Error {}

/** What is asked for has more bytes than an answer may have. */
export class AnswerTooLarge extends Error {}

const JSON_TYPE = "application/json";
const EVENT_TYPE = "application/protobuf";

export class MessageStore {
  readonly #options: StoreOptions;
  readonly #index: IndexReads;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#index = new IndexReads(options.view.reads);
  }

  /**
   * Stores the events whose ids are not there yet, and gives how many events it answers for, from the first one on: they
   * are on the disk, and can be found. An id that no event can have, and an event larger than the log takes, end that.
   *
   * @throws InvalidId: the first event has one; DatabaseError, LogUnavailable, LogRefusal, ViewStopped: it answers for no
   *   event, though some may be stored; the signal's reason.
   */
  async put(events: readonly StoredEvent[], signal: AbortSignal): Promise<number> {
    const flawed = events.findIndex(({ id }) => troubleOfId(id) !== undefined);
    if (flawed === 0) throw invalid("event 0: the id", events[0]?.id ?? "");
    const valid = flawed < 0 ? events : events.slice(0, flawed);
    if (valid.length === 0) return 0;
    const rows = await this.#index.find(valid.map(({ id }) => id));
    const { messages, places } = await this.#newOf(valid, rows, signal);
    const [knownCount] = places;
    if (knownCount === undefined) return valid.length;
    try {
      const { count, lastOffset, error } = await this.#appendFront(messages, signal);
      if (count === 0) throw error;
      await this.#options.view.applied(this.#options.topic, lastOffset, signal);
      return places[count] ?? valid.length;
    } catch (error) {
      if (knownCount === 0 || signal.aborted) throw error;
      return knownCount;
    }
  }

  /**
   * The events of these ids, in their order, each once; those that are not there are left out. `admit` hears how many bytes
   * their list has before any is read.
   *
   * @throws InvalidId; AnswerTooLarge: the list has more than `maxBytes`; DatabaseError, LogUnavailable, LogRefusal; what
   *   `admit` throws.
   */
  async get(
    ids: readonly string[],
    maxBytes: number,
    admit: (listBytes: number) => void,
    signal: AbortSignal,
  ): Promise<readonly Uint8Array[]> {
    const rows = await this.#presentOf(ids);
    const bytes = rows.reduce((sum, { sizeBytes }) => sum + listedBytes(sizeBytes), 0);
    if (bytes > maxBytes) {
      throw new AnswerTooLarge(
        `the events have ${bytes} bytes, and an answer has at most ${maxBytes}; ask for fewer`,
      );
    }
    admit(bytes);
    const { view, topic } = this.#options;
    const offsets = rows.map(({ offset }) => offset);
    const payloads = await view.log.payloadsAt(topic, offsets, signal);
    return payloads.filter(
      (payload, place): payload is Uint8Array =>
        // Where the topic is another one by now, something else lies there.
        payload !== undefined && idOf(payload) === rows[place]?.id,
    );
  }

  /** Removes events, and gives how many there were. @throws InvalidId; as put does. */
  async delete(ids: readonly string[], signal: AbortSignal): Promise<number> {
    const rows = await this.#presentOf(ids);
    const headers = { [KIND]: "delete", [BEFORE]: String(this.#oldestMs) };
    const messages: NewLogMessage[] = [];
    for (let from = 0; from < rows.length; from += LIMITS.deletedTogether) {
      const part = rows.slice(from, from + LIMITS.deletedTogether).map(({ id }) => id);
      messages.push({ payload: JSON.stringify(part), contentType: JSON_TYPE, headers });
    }
    return messages.length === 0 ? 0 : await this.#remove(messages, signal);
  }

  /** Removes all events that are too old, and gives how many there were. @throws as put does. */
  async clean(signal: AbortSignal): Promise<number> {
    const beforeMs = this.#oldestMs;
    if (!(await this.hasOlderThan(beforeMs))) return 0;
    const payload = JSON.stringify({ before: beforeMs, retention: this.#options.retentionMs });
    return await this.#remove([{ payload, contentType: JSON_TYPE, headers: { [KIND]: "clean" } }], signal);
  }

  /** True when a clean of what came before would remove something. @throws DatabaseError. */
  async hasOlderThan(beforeMs: number): Promise<boolean> {
    const [oldest] = await this.#options.view.reads.query<{ ms: number }>(
      `SELECT logged_ms AS ms FROM messages WHERE logged_ms >= (SELECT horizon_ms FROM totals)
       ORDER BY logged_ms LIMIT 1`,
    );
    return oldest !== undefined && oldest.ms < beforeMs;
  }

  /** What came before is too old. */
  get #oldestMs(): number {
    const { runtime, retentionMs } = this.#options;
    return Math.max(0, Math.floor(runtime.now() - retentionMs));
  }

  /** Messages for the events that are not there, and the places of these events. */
  async #newOf(
    events: readonly StoredEvent[],
    rows: ReadonlyMap<string, IndexRow>,
    signal: AbortSignal,
  ): Promise<{ readonly messages: readonly NewLogMessage[]; readonly places: readonly number[] }> {
    const { view, topic } = this.#options;
    const hasKnown = events.some(({ id }) => rows.has(id));
    const bounds = hasKnown ? await view.log.bounds(topic, signal) : undefined;
    const oldestMs = this.#oldestMs;
    const seen = new Set<string>();
    const messages: NewLogMessage[] = [];
    const places: number[] = [];
    for (const [place, { id, bytes }] of events.entries()) {
      const row = rows.get(id);
      const isOfTopic = row !== undefined && row.topicId === bounds?.id && row.offset < bounds.end;
      const isThere = isOfTopic && row.offset >= (bounds?.start ?? 0) && row.loggedMs >= oldestMs;
      if (isThere || seen.has(id)) continue;
      seen.add(id);
      places.push(place);
      const headers = isOfTopic ? { [REPLACES]: String(row.offset) } : undefined;
      messages.push({ payload: bytes, key: id, contentType: EVENT_TYPE, headers });
    }
    return { messages, places };
  }

  /** Rows of what may be asked for, each once, in the order of the ids. @throws InvalidId, DatabaseError. */
  async #presentOf(ids: readonly string[]): Promise<readonly IndexRow[]> {
    for (const [place, id] of ids.entries())
      if (troubleOfId(id) !== undefined) throw invalid(`id ${place}`, id);
    if (ids.length === 0) return [];
    const rows = await this.#index.find(ids);
    const oldestMs = this.#oldestMs;
    return [...new Set(ids)].flatMap((id) => {
      const row = rows.get(id);
      return row === undefined || row.loggedMs < oldestMs ? [] : [row];
    });
  }

  async #remove(messages: readonly NewLogMessage[], signal: AbortSignal): Promise<number> {
    const { view, topic } = this.#options;
    const { offset } = await this.#append(messages, signal);
    const last = offset + messages.length - 1;
    await view.applied(topic, last, signal);
    const [row] = await view.reads.query<{ removed: number | null }>(
      "SELECT sum(removed)::bigint AS removed FROM outcomes WHERE log_offset BETWEEN $1 AND $2",
      [offset, last],
    );
    return row?.removed ?? 0;
  }

  /** Appends messages up to the first that the log does not take, in parts that reads of single events are quick in. */
  async #appendFront(messages: readonly NewLogMessage[], signal: AbortSignal): Promise<Front> {
    const parts = partsOf(messages);
    const fronts = await Promise.all(parts.map((part) => this.#appendPart(part, signal)));
    let front: Front = NOTHING;
    for (const [place, part] of parts.entries()) {
      const next = fronts[place] as Front;
      front = behind(front, next);
      if (next.count < part.length) break;
    }
    return front;
  }

  /** The log refuses a part as a whole, so one that is too large is halved. */
  async #appendPart(messages: readonly NewLogMessage[], signal: AbortSignal): Promise<Front> {
    try {
      const { offset } = await this.#append(messages, signal);
      return { count: messages.length, lastOffset: offset + messages.length - 1, error: undefined };
    } catch (error) {
      if (messages.length === 1 || !isTooLarge(error)) return { ...NOTHING, error };
    }
    const half = Math.ceil(messages.length / 2);
    const front = await this.#appendPart(messages.slice(0, half), signal);
    if (front.count < half) return front;
    return behind(front, await this.#appendPart(messages.slice(half), signal));
  }

  /** Makes the topic where it is missing: the view that makes it may be about to start. */
  async #append(
    messages: readonly NewLogMessage[],
    signal: AbortSignal,
  ): Promise<{ readonly offset: number }> {
    const { view, topic, retentionMs } = this.#options;
    const { log } = view;
    try {
      return await log.append(topic, messages, signal);
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      if (code !== "topic_not_found") throw error;
    }
    await log.createTopic(topic, topicSettings(retentionMs), signal);
    return await log.append(topic, messages, signal);
  }
}

/** The first messages of several that are appended, and why the next one is not. */
interface Front {
  readonly count: number;
  /** The highest that one of these has. */
  readonly lastOffset: number;
  readonly error: unknown;
}

const NOTHING: Front = { count: 0, lastOffset: -1, error: undefined };

function behind(front: Front, next: Front): Front {
  const lastOffset = Math.max(front.lastOffset, next.lastOffset);
  return { count: front.count + next.count, lastOffset, error: next.error };
}

/** Messages that follow each other, with `partBytes` of payloads at most, as far as one message and `parts` allow. */
function partsOf(messages: readonly NewLogMessage[]): readonly (readonly NewLogMessage[])[] {
  const allBytes = messages.reduce((sum, { payload }) => sum + payload.length, 0);
  const mostBytes = Math.max(LIMITS.partBytes, allBytes / LIMITS.parts);
  const parts: NewLogMessage[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    bytes += message.payload.length;
    if (bytes > mostBytes) {
      parts.push([]);
      bytes = message.payload.length;
    }
    parts.at(-1)?.push(message);
  }
  return parts;
}

function isTooLarge(error: unknown): boolean {
  return error instanceof LogRefusal && error.code === "payload_too_large";
}

function invalid(what: string, id: string): InvalidId {
  return new InvalidId(`${what} ${troubleOfId(id)}`);
}

/** Empty: this is no event. */
function idOf(payload: Uint8Array): string {
  try {
    return checkEvent(bufferOf(payload));
  } catch (error) {
    if (error instanceof EventFlaw) return "";
    throw error;
  }
}
