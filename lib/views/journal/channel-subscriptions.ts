/** The subscriptions of one channel in memory: who gets a message, and who has left. */
import { hasWildcard, matches } from "./subtopic.ts";

export interface Subscription {
  readonly subscriberId: string;
  readonly clientId: string;
  readonly subtopic: string;
}

export class ChannelSubscriptions {
  /** By their subtopic. */
  readonly #bySubtopic = new Map<string, Set<Subscription>>();
  readonly #wildcards = new Set<string>();
  size = 0;

  add(subscription: Subscription): void {
    const { subtopic } = subscription;
    let alike = this.#bySubtopic.get(subtopic);
    if (alike === undefined) {
      alike = new Set();
      this.#bySubtopic.set(subtopic, alike);
      if (hasWildcard(subtopic)) this.#wildcards.add(subtopic);
    }
    alike.add(subscription);
    this.size += 1;
  }

  /** Removes those that `isGone` is true of. */
  remove(isGone: (subscription: Subscription) => boolean): void {
    for (const [subtopic, alike] of this.#bySubtopic) {
      for (const subscription of alike) {
        if (!isGone(subscription)) continue;
        alike.delete(subscription);
        this.size -= 1;
      }
      if (alike.size > 0) continue;
      this.#bySubtopic.delete(subtopic);
      this.#wildcards.delete(subtopic);
    }
  }

  *all(): Generator<Subscription> {
    for (const alike of this.#bySubtopic.values()) yield* alike;
  }

  /** Calls `deliver` with the client of each subscription that a message of `subtopic` is for. */
  match(subtopic: string, deliver: (clientId: string) => void): void {
    const give = (filter: string): void => {
      for (const { clientId } of this.#bySubtopic.get(filter) ?? []) deliver(clientId);
    };
    if (!hasWildcard(subtopic)) give(subtopic);
    for (const filter of this.#wildcards) if (matches(filter, subtopic)) give(filter);
  }
}
