/**
 * What a topic is to store once: an act is all that was sent under one idempotency key, or under one number of a
 * producer. Each attempt has a payload of its own, so that what is found tells which of them was stored.
 */
import type { SentMessage } from "./model.ts";

export interface ProducerNumber {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

export interface Attempt {
  /** One, or those of a batch. */
  readonly messages: readonly SentMessage[];
  /** Stands for the digest of a body; attempts of a producer have none. */
  readonly body: number;
  readonly closes: boolean;
}

export class Act {
  readonly name: string;
  readonly producer: ProducerNumber | undefined;
  readonly attempts: Attempt[] = [];

  constructor(name: string, producer: ProducerNumber | undefined) {
    this.name = name;
    this.producer = producer;
  }

  /** Attempts that are stored for certain, and those that may be: no answer, or one that says that nobody knows. */
  get stored(): Attempt[] {
    return this.attempts.filter((attempt) => isStored(attempt));
  }

  get uncertain(): Attempt[] {
    return this.attempts.filter((attempt) => isUncertain(attempt));
  }

  /** A crash has taken them, or nothing was kept of them. */
  get isNowhere(): boolean {
    return this.attempts.every((attempt) => !isStored(attempt) && !isUncertain(attempt));
  }
}

export function isStored({ messages }: Attempt): boolean {
  const { state, isForced, offset } = messages[0]!;
  if (state === "lost" || state === "refused") return false;
  return state === "acknowledged" || state === "kept" || isForced || offset !== undefined;
}

export function isUncertain({ messages }: Attempt): boolean {
  const { state, isForced, offset } = messages[0]!;
  return (state === "begun" || state === "unknown") && !isForced && offset === undefined;
}

export class Acts {
  readonly #byName = new Map<string, Act>();
  /** Attempts of each producer that were begun. */
  readonly #begun = new Map<string, number>();

  get all(): Iterable<Act> {
    return this.#byName.values();
  }

  ofKey(key: string): Act {
    return this.#get(`key-${key}`, undefined);
  }

  ofProducer(number: ProducerNumber): Act {
    return this.#get(`producer ${number.id} ${number.epoch}/${number.seq}`, number);
  }

  /** Counts the attempts of a producer: equal counts before and after a call say that no other one was begun. */
  begin(id: string): void {
    this.#begun.set(id, this.begunBy(id) + 1);
  }

  begunBy(id: string): number {
    return this.#begun.get(id) ?? 0;
  }

  /** The highest number that may be stored, and whether that is certain; `undefined`: none. */
  last(
    id: string,
  ): { readonly epoch: number; readonly seq: number; readonly isCertain: boolean } | undefined {
    let last: ProducerNumber | undefined;
    let isCertain = true;
    for (const act of this.#byName.values()) {
      const { producer } = act;
      if (producer?.id !== id || act.isNowhere) continue;
      isCertain &&= act.uncertain.length === 0;
      if (last === undefined || isBefore(last, producer)) last = producer;
    }
    return last === undefined ? undefined : { epoch: last.epoch, seq: last.seq, isCertain };
  }

  #get(name: string, producer: ProducerNumber | undefined): Act {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const act = new Act(name, producer);
    this.#byName.set(name, act);
    return act;
  }
}

function isBefore(one: ProducerNumber, other: ProducerNumber): boolean {
  return one.epoch === other.epoch ? one.seq < other.seq : one.epoch < other.epoch;
}
