/**
 * The promises of a Netlog, each a function that throws when it is broken. Their arguments come from answers
 * and from openings; how it came to be is simulation.ts and opening.ts.
 */
import { fieldsOf, isNetlogError, type Message } from "../../lib/index.ts";
import {
  type FoundTopic,
  firstNotGiven,
  lowestUnsettled,
  type ScannerModel,
  type SentMessage,
  type TopicModel,
} from "./model.ts";
import type { World } from "./world.ts";

export class BrokenPromise extends Error {
  constructor(promise: string, found: string) {
    super(`${promise}: ${found}`);
    this.name = "BrokenPromise";
  }
}

/** What crashes spared since the last opening: `power` if any of them was of the power. */
export type Spared = "process" | "power";

function require(holds: boolean, promise: string, found: () => string): asserts holds {
  if (!holds) throw new BrokenPromise(promise, found());
}

function told(message: SentMessage): string {
  const place = message.offset === undefined ? "nowhere" : `at ${message.offset}`;
  return `message ${message.id} (${message.payload.length} bytes, ${message.state}, ${place})`;
}

/** Acknowledged with `synced`, or covered by an answered sync: there after any crash. With `written`: of the process. */
export function acknowledgedSurvives(topic: TopicModel, found: FoundTopic, spared: Spared): void {
  for (const message of topic.messages) {
    const { state, durability, isForced, offset } = message;
    if (state !== "acknowledged" && !isForced) continue;
    if (state === "lost" || offset === undefined) continue;
    const isSafe = isForced || durability === "synced" || spared === "process";
    if (!isSafe || offset < found.firstOffset) continue;
    require(offset < found.endOffset, "what was acknowledged survives", () =>
      `${topic.name} lost ${told(message)}`);
  }
}

/** In a `synced` topic no reader saw what is gone afterwards; in a `written` one, not after a crash of the process. */
export function whatReadersSawSurvives(topic: TopicModel, found: FoundTopic, spared: Spared): void {
  for (const message of topic.messages) {
    const { seenIn, offset } = message;
    if (seenIn === undefined || offset === undefined || message.state === "lost") continue;
    if (offset < found.firstOffset || (seenIn === "written" && spared === "power")) continue;
    require(offset < found.endOffset, "what readers saw survives", () =>
      `${topic.name} lost ${told(message)}`);
  }
}

/** Offsets have no gaps and never change their message. */
export function offsetsAreDense(topic: TopicModel, found: FoundTopic): void {
  require(found.messages.length === found.endOffset - found.firstOffset, "offsets are dense", () => {
    return `${topic.name} gave ${found.messages.length} messages of [${found.firstOffset}, ${found.endOffset})`;
  });
}

/**
 * What was published at one durability, and what in batches, is written in the order in which it was published: if a message survived,
 * so did all before it, but for those that were refused.
 */
export function survivorsAreAPrefix(topic: TopicModel, found: FoundTopic): void {
  for (const lane of ["written", "synced", "batch"]) {
    let missing: SentMessage | undefined;
    for (const message of topic.messages) {
      if (laneOf(message) !== lane || message.state === "refused" || message.state === "lost") continue;
      const { offset } = message;
      if (offset === undefined || offset >= found.endOffset) missing ??= message;
      else if (missing !== undefined && !(missing.offset === undefined && found.firstOffset > 0)) {
        const text = `${told(message)} is there, ${told(missing)} before it is not`;
        throw new BrokenPromise("survivors are a prefix", `${topic.name}: ${text}`);
      }
    }
  }
}

function laneOf({ batch, durability, isAlone }: SentMessage): string {
  if (isAlone) return "alone";
  return batch === undefined ? durability : "batch";
}

/** A batch is there whole, at consecutive offsets, or not at all. */
export function batchesAreWhole(topic: TopicModel, found: FoundTopic): void {
  for (const first of topic.messages) {
    if (first.batch !== first.id) continue;
    const offsets = topic.messages.filter(({ batch }) => batch === first.id).map(({ offset }) => offset);
    const there = offsets.filter((offset) => offset !== undefined && offset < found.endOffset);
    const isWhole = offsets.every((offset, index) => offset === (offsets[0] ?? Number.NaN) + index);
    require(there.length === 0 ||
      (there.length === offsets.length && isWhole), "a batch is whole or not there", () => {
      return `${topic.name}: ${offsets.join()} of [${found.firstOffset}, ${found.endOffset})`;
    });
  }
}

/**
 * Every byte given is one that a client published, at the offset that its answer gave; finds out which message it is. A
 * message that was refused is never seen.
 */
export function givenIsPublished(
  topic: TopicModel,
  { offset, timestampMs, payload, fieldBytes }: Message,
): SentMessage {
  const key = fieldsOf({ fieldBytes })?.key;
  const known = topic.byOffset.get(offset);
  if (known !== undefined) {
    require(known.payload.equals(payload), "offsets never change their message", () => {
      return `${topic.name}/${offset} is ${payload.subarray(0, 16)}, not ${told(known)}`;
    });
    require(known.key === key, "keys never change", () => `${topic.name}/${offset}`);
    require(known.timestampMs === timestampMs, "times never change", () => `${topic.name}/${offset}`);
    return known;
  }
  const isIt = (sent: SentMessage): boolean => sent.payload.equals(payload) && sent.key === key;
  const message = topic.candidates().find(isIt);
  if (message !== undefined) {
    topic.place(message, offset, timestampMs);
    return message;
  }
  const refused = topic.messages.find((sent) => sent.state === "refused" && isIt(sent));
  const promise = refused === undefined ? "no byte is invented" : "what was refused is never seen";
  throw new BrokenPromise(
    promise,
    `${topic.name}/${offset}: ${payload.subarray(0, 16)} (${payload.length} bytes)`,
  );
}

/** No offset is given twice, and none to two messages. */
export function offsetIsNew(topic: TopicModel, message: SentMessage, offset: number): void {
  const other = topic.byOffset.get(offset);
  require(other === undefined || other === message, "no offset is given twice", () => {
    return `${topic.name}/${offset} to ${told(message)}, and to ${other === undefined ? "none" : told(other)}`;
  });
  require(message.offset === undefined ||
    message.offset === offset, "offsets never change their message", () => {
    return `${topic.name}: ${told(message)} is said to be at ${offset}`;
  });
}

export function timesNeverGoBack(topic: TopicModel, found: FoundTopic): void {
  let before = 0;
  for (const { offset, timestampMs } of found.messages) {
    require(timestampMs >= before, "times never go back", () =>
      `${topic.name}/${offset}: ${timestampMs} after ${before}`);
    before = timestampMs;
  }
}

/** Retention drops whole old segments: nothing young, and nothing from a topic within its size. */
export function retentionDropsOnlyWhatItMay(
  topic: TopicModel,
  firstOffset: number,
  ageMs: number,
  world: World,
): void {
  const { retention_size } = topic.settings;
  const sentBytes = topic.messages.reduce((sum, message) => sum + message.payload.length + 100, 0);
  const mayBeTooLarge = retention_size > 0 && sentBytes > retention_size;
  for (let offset = topic.firstOffset; offset < firstOffset; offset++) {
    const timestampMs = topic.byOffset.get(offset)?.timestampMs;
    if (timestampMs === undefined || mayBeTooLarge) continue;
    const isOld = timestampMs < world.runtime.now() - ageMs;
    // What was stamped in the future ages from when it was written or seen.
    const mayBeFromTheFuture = world.wentBack && ageMs < 3_600_000;
    require(isOld || mayBeFromTheFuture, "retention drops only what it may", () => `${topic.name}/${offset}`);
  }
}

/** The first offset moves forward; only a crash brings a segment back whose removal was not durable yet. */
export function startNeverGoesBack(topic: TopicModel, firstOffset: number): void {
  require(firstOffset >= topic.firstOffset, "the first offset never goes back", () => {
    return `${topic.name}: from ${topic.firstOffset} to ${firstOffset}`;
  });
}

/** A topic whose creation was answered is there; one whose deletion was answered is not, nor one that was refused. */
export function topicsStayAsAnswered(
  name: string,
  models: readonly TopicModel[],
  foundId: number | undefined,
): void {
  for (const model of models) {
    require(model.state !== "present" || model.id === foundId, "a created topic stays", () => {
      return `${name} #${model.id} is gone; there is ${foundId === undefined ? "none" : `#${foundId}`}`;
    });
    require(model.state !== "gone" || model.id !== foundId, "a deleted topic stays deleted", () =>
      `${name} #${model.id}`);
  }
  require(foundId === undefined || models.some((model) => model.id === foundId), "no topic is invented", () =>
    name);
}

/** A change of settings that was answered stays; one that was not may have happened. */
export function settingsStayAsAnswered(topic: TopicModel, found: FoundTopic): void {
  const { durability } = found.topic.settings;
  require(topic.canBe(durability), "settings stay as answered", () => `${topic.name}: ${durability}`);
}

/** When the disk works, every topic opens. */
export function everyTopicOpens(failed: readonly { readonly name: string; readonly reason: string }[]): void {
  require(failed.length === 0, "every topic opens", () => `${failed[0]?.name}: ${failed[0]?.reason}`);
}

/**
 * A delivery: every message once, those that came back excepted, and none before its predecessors. `unread` had to be
 * the next when the scan was begun, with no other scan under way.
 */
export function scanGivesTheNext(scanner: ScannerModel, offset: number, unread: number | undefined): void {
  const { topic, settled, outstanding, settledBelow } = scanner;
  require(offset >= scanner.from, "a scanner begins where it was told", () => `${topic.name}/${offset}`);
  const wasGiven = offset < settledBelow || settled.has(offset) || outstanding.has(offset);
  require(!wasGiven, "a message is given to one scan", () => `${topic.name}/${offset} again`);
  const missing = firstNotGiven(scanner, offset);
  require(missing === undefined, "a scanner skips nothing", () =>
    `${topic.name}/${offset} came before ${missing}`);
  const isNext = unread === undefined || unread < topic.firstOffset || offset <= unread;
  require(isNext, "a scanner skips nothing", () => `${topic.name}/${offset} was given, and not ${unread}`);
}

/** What was acknowledged at the topic's own durability, or a better one, is found by every later reader. */
export function acknowledgedIsFound(topic: TopicModel, offset: number): void {
  require(offset < topic.firstOffset, "what was acknowledged can be read", () =>
    `${topic.name}/${offset} was not given`);
}

/** After an opening a persistent scanner may repeat, and never skips; it never stands beyond the end. */
export function positionIsSafe(
  scanner: ScannerModel,
  next: number,
  found: FoundTopic,
  isExact: boolean,
): void {
  const { name } = scanner.topic;
  const unsettled = lowestUnsettled(scanner, found.firstOffset);
  require(next <= found.endOffset, "a scanner stays below the high watermark", () => {
    return `${name}: ${next} of ${found.endOffset}`;
  });
  require(next <= unsettled, "a scanner skips nothing", () =>
    `${name}: it is at ${next}, not had is ${unsettled}`);
  const from = Math.min(scanner.from, found.endOffset);
  require(next >= from, "a scanner begins where it was told", () => `${name}: ${next} < ${from}`);
  const atLeast = Math.min(Math.max(lowestUnsettled(scanner, 0), found.firstOffset), found.endOffset);
  require(!isExact || next >= atLeast, "a scanner keeps its place", () =>
    `${name}: at ${next}, not ${atLeast}`);
}

/** A second opening finds what the first one found. */
export function openingTwiceGivesTheSame(first: string, second: string): void {
  require(first === second, "opening twice gives the same", () => `${first}\nand then\n${second}`);
}

/** Every caller gets an answer, once the disk has given one. */
export function everyCallIsAnswered(calls: ReadonlySet<string>): void {
  require(calls.size === 0, "every call is answered", () => [...calls].join(", "));
}

/** As long as disk and topic are well nothing is refused, and never is anything reported damaged. */
export function nothingIsRefusedWithoutReason(call: string, error: unknown, hasReason: boolean): void {
  if (!isNetlogError(error)) throw error;
  require(error.code !== "checksum_error", "nothing is damaged", () => `${call}: ${error.message}`);
  require(hasReason, "nothing is refused without a reason", () => `${call}: ${error.message}`);
}
