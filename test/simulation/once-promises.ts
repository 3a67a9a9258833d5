/** The promises of publishing once, on a condition, and of closed topics: functions that throw when one is broken. */
import { isNetlogError, type NetlogError } from "../../lib/index.ts";
import { type Act, type Attempt, isStored, isUncertain } from "./acts.ts";
import type { FoundTopic, SentMessage, TopicModel } from "./model.ts";
import { BrokenPromise, type Spared } from "./promises.ts";

function require(holds: boolean, promise: string, found: () => string): asserts holds {
  if (!holds) throw new BrokenPromise(promise, found());
}

const THERE_ONCE = "what is published once is there once";

/** What the model knows of a producer when an attempt is made, of the fate that its number has. */
export type Fate = "stored" | "duplicate" | "gap" | "fenced" | "refused";

/** An attempt was stored, though another one of its act was, and is still there. */
export function isStoredOnce(topic: TopicModel, act: Act, attempt: Attempt): void {
  const twin = act.attempts.find((other) => other !== attempt && isStored(other));
  require(twin === undefined, THERE_ONCE, () =>
    `${topic.name}, ${act.name}: messages ${twin!.messages[0]!.id} and ${attempt.messages[0]!.id}`);
}

/** A duplicate has the answer of the attempt that was stored. Gives that one. */
export function duplicateHasAnOriginal(
  topic: TopicModel,
  act: Act | undefined,
  attempt: Attempt,
  offset: number,
): Attempt {
  require(act !== undefined, "a duplicate has an original", () => `${topic.name}/${offset}, of no act`);
  const originals = act.attempts.filter((other) => other !== attempt && other.body === attempt.body);
  const stored = originals.find((other) => isStored(other));
  const original = stored ?? originals.find((other) => isUncertain(other));
  require(original !== undefined, "a duplicate has an original", () =>
    `${topic.name}/${offset} answers ${act.name}, of which nothing is stored`);
  const known = stored?.messages[0]?.offset;
  require(known === undefined || known === offset, "a duplicate is answered as the first time", () =>
    `${topic.name}, ${act.name}: ${offset}, not ${known}`);
  return original;
}

/** A condition was met: the message has the offset that it was to have. */
export function conditionWasMet(topic: TopicModel, expected: number | undefined, offset: number): void {
  require(expected === undefined || expected === offset, "a condition holds", () =>
    `${topic.name}: ${offset} was given, and ${expected} expected`);
}

/** What is known of a number for certain is what becomes of it. */
export function numberIsTreatedAs(topic: TopicModel, act: Act | undefined, fate: Fate | undefined): void {
  require(fate === undefined || fate === "stored", "numbers of a producer have no gaps", () =>
    `${topic.name}, ${act?.name}: it was stored, and is ${fate}`);
}

/** Nothing comes behind the end of a closed topic. */
export function closedTakesNothing(topic: TopicModel, wasClosed: boolean, message: SentMessage): void {
  require(!wasClosed, "a closed topic takes no message", () => `${topic.name}: message ${message.id}`);
}

/** A refusal because the topic is closed has a reason where its end was asked for. */
export function isClosedFor(topic: TopicModel, error: unknown): boolean {
  return isNetlogError(error, "topic_closed") && topic.closing !== "open";
}

/** Whether a refusal has a reason in the terms on which was published. */
export function isRefusedByItsTerms(
  topic: TopicModel,
  error: unknown,
  attempt: Attempt,
  act: Act | undefined,
  expected: number | undefined,
  fate: Fate | undefined,
): boolean {
  if (!isNetlogError(error)) return false;
  switch (error.code) {
    case "topic_closed":
      return topic.closing !== "open";
    case "offset_mismatch":
      return expected !== undefined && error.details.nextOffset !== expected;
    case "idempotency_mismatch":
      return act?.attempts.some((other) => other.body !== attempt.body && mayBeStored(other)) === true;
    case "producer_gap":
      return act?.producer !== undefined && isGap(error, act, fate);
    case "producer_fenced":
      return act?.producer !== undefined && (fate === undefined || fate === "fenced");
    case "bad_request":
      return act?.producer !== undefined && (fate === undefined || fate === "refused");
    default:
      return false;
  }
}

function isGap({ details }: NetlogError, act: Act, fate: Fate | undefined): boolean {
  if (details.receivedSeq !== act.producer!.seq || details.expectedSeq === details.receivedSeq) return false;
  return fate === undefined || fate === "gap";
}

function mayBeStored(attempt: Attempt): boolean {
  return isStored(attempt) || isUncertain(attempt);
}

/** After an opening: what is there is there once, in the order of each producer's numbers, and the end is the end. */
export function actsAreKept(topic: TopicModel, found: FoundTopic, spared: Spared): void {
  for (const act of topic.acts.all) {
    const there = act.attempts.filter(({ messages }) => isThere(messages[0]!, found));
    require(there.length <= 1, THERE_ONCE, () =>
      `${topic.name}, ${act.name}: ${there.map(({ messages }) => messages[0]!.id).join(" and ")}`);
  }
  numbersHaveNoGaps(topic, found);
  closedStaysClosed(topic, found, spared);
}

function isThere({ offset, state }: SentMessage, found: FoundTopic): boolean {
  return state !== "lost" && offset !== undefined && offset < found.endOffset;
}

function numbersHaveNoGaps(topic: TopicModel, found: FoundTopic): void {
  const numbers = [...topic.acts.all].flatMap(({ producer, attempts }) =>
    attempts.flatMap(({ messages: [first] }) =>
      producer === undefined || !isThere(first!, found) ? [] : { ...producer, offset: first!.offset! },
    ),
  );
  const last = new Map<string, { readonly epoch: number; readonly seq: number }>();
  for (const number of numbers.toSorted((a, b) => a.offset - b.offset)) {
    const before = last.get(number.id);
    last.set(number.id, number);
    const follows =
      before?.epoch === number.epoch
        ? number.seq === before.seq + 1
        : number.seq === 0 && number.epoch > (before?.epoch ?? -1);
    require(follows, "numbers of a producer have no gaps", () => {
      const place = `${topic.name}/${number.offset}`;
      return `${place} has ${JSON.stringify(number)} after ${JSON.stringify(before)}`;
    });
  }
}

function closedStaysClosed(topic: TopicModel, found: FoundTopic, spared: Spared): void {
  const { isClosed } = found.topic;
  const isSafe = topic.isClosedForGood || (topic.closing === "closed" && spared === "process");
  require(isClosed || !isSafe, "a closed topic stays closed", () => topic.name);
  require(!isClosed || topic.closing !== "open", "no topic closes by itself", () => topic.name);
  for (const closer of topic.closers) {
    const { offset, id } = closer;
    if (!isThere(closer, found)) continue;
    require(isClosed, "a closed topic stays closed", () => `${topic.name}/${offset} closes it`);
    require(offset === found.endOffset - 1, "a closed topic takes no message", () =>
      `${topic.name}: message ${id} at ${offset} closes it, and it ends at ${found.endOffset}`);
  }
}
