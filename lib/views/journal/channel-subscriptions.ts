/**
 * The subscriptions of one channel in memory: how many messages each got, and which have ended. They are a tree by the levels
 * of their subtopics, so that a message walks only those levels that it matches.
 */
import { isWildcard, levelsOf } from "./subtopic.ts";

export interface Subscription {
  readonly subscriberId: string;
  readonly clientId: string;
  readonly subtopic: string;
}

/** Hears of a subscription that has ended, or is there at the end: how many messages it got since it was added. */
export type Report = (subscription: Subscription, messageCount: number, isNew: boolean) => void;

/** A level of the tree. Subscriptions that end here are for all messages that reach it. */
class Level {
  readonly next: Map<string, Level> = new Map();
  messageCount = 0;
}

interface Entry {
  readonly subscription: Subscription;
  readonly level: Level;
  /** Messages of its level before it was added. */
  readonly before: number;
  readonly isNew: boolean;
}

export class ChannelSubscriptions {
  readonly #root = new Level();
  readonly #byClient = new Map<string, Set<Entry>>();
  readonly #bySubscriber = new Map<string, Set<Entry>>();
  /** Levels that a subtopic reaches; void when the tree grows. */
  readonly #reached = new Map<string, readonly Level[]>();
  size = 0;

  add(subscription: Subscription, isNew: boolean): void {
    const { subtopic, clientId, subscriberId } = subscription;
    const level = this.#grow(subtopic);
    const entry = { subscription, level, before: level.messageCount, isNew };
    entriesOf(this.#byClient, clientId).add(entry);
    entriesOf(this.#bySubscriber, subscriberId).add(entry);
    this.size += 1;
  }

  /** A message of `subtopic` for all that match it. */
  publish(subtopic: string): void {
    let reached = this.#reached.get(subtopic);
    if (reached === undefined) {
      const found: Level[] = [];
      reach(this.#root, levelsOf(subtopic), 0, found);
      this.#reached.set(subtopic, found);
      reached = found;
    }
    for (const level of reached) level.messageCount += 1;
  }

  endClient(clientId: string, report: Report): void {
    for (const entry of this.#byClient.get(clientId) ?? []) this.#end(entry, report);
  }

  /** Without a subtopic all of the subscriber's. */
  endSubscriber(subscriberId: string, subtopic: string | undefined, report: Report): void {
    for (const entry of this.#bySubscriber.get(subscriberId) ?? []) {
      if (subtopic === undefined || entry.subscription.subtopic === subtopic) this.#end(entry, report);
    }
  }

  /** Reports those that have not ended. */
  reportAll(report: Report): void {
    for (const entries of this.#byClient.values()) for (const entry of entries) tell(entry, report);
  }

  #grow(subtopic: string): Level {
    let level = this.#root;
    for (const word of levelsOf(subtopic)) {
      let next = level.next.get(word);
      if (next === undefined) {
        next = new Level();
        level.next.set(word, next);
        this.#reached.clear();
      }
      level = next;
    }
    return level;
  }

  #end(entry: Entry, report: Report): void {
    const { clientId, subscriberId } = entry.subscription;
    this.#byClient.get(clientId)?.delete(entry);
    this.#bySubscriber.get(subscriberId)?.delete(entry);
    this.size -= 1;
    tell(entry, report);
  }
}

function entriesOf(all: Map<string, Set<Entry>>, id: string): Set<Entry> {
  const entries = all.get(id) ?? new Set();
  all.set(id, entries);
  return entries;
}

function tell({ subscription, level, before, isNew }: Entry, report: Report): void {
  report(subscription, level.messageCount - before, isNew);
}

/** As MQTT has it: `+` is any one level, and `#` is all levels from there on, or none. */
function reach(level: Level, words: readonly string[], place: number, found: Level[]): void {
  const rest = level.next.get("#");
  if (rest !== undefined) found.push(rest);
  const word = words[place];
  if (word === undefined) {
    found.push(level);
    return;
  }
  const any = level.next.get("+");
  if (any !== undefined) reach(any, words, place + 1, found);
  const same = isWildcard(word) ? undefined : level.next.get(word);
  if (same !== undefined) reach(same, words, place + 1, found);
}
