/**
 * What is known of a simulated Netlog from its answers alone: which topics, messages and scanners must be there,
 * and which may be. The promises (promises.ts) are statements about this.
 */
import type { Delivery, Durability, Message, Scanner, Topic, TopicSettings } from "../../lib/index.ts";
import { Acts } from "./acts.ts";

/**
 * `begun`: asked for, not answered. `present`: answered. `ending`: its end was asked for. `unknown`: the answer was
 * that nobody knows. `gone`: it is not there, and must not come back.
 */
export type Existence = "begun" | "present" | "ending" | "unknown" | "gone";

export interface SentMessage {
  /** Counts all messages of a run. */
  readonly id: number;
  readonly payload: Buffer;
  /** Some have one: they are messages of version 1. */
  readonly key?: string;
  readonly durability: Durability;
  /** The first message of the batch that it was published in. */
  readonly batch: number | undefined;
  /** It was published on terms, as a frame of its own, which may come before or behind others of its time. */
  readonly isAlone: boolean;
  /**
   * `refused`: the answer said that nothing was kept. `unknown`: that nobody knows. `lost`: a crash took it, as it
   * was allowed to.
   */
  state: "begun" | "acknowledged" | "refused" | "unknown" | "kept" | "lost";
  offset: number | undefined;
  timestampMs: number | undefined;
  /** Answered by a topic that may have shown it only after a sync: where that fails, it shows it after a restart. */
  mayBeHidden: boolean;
  /** The topic's durability when a reader saw it. */
  seenIn: Durability | undefined;
  /** Known to be on the disk: a sync of the topic was answered, or it was there after an opening. */
  isForced: boolean;
}

export interface ScannerModel {
  readonly topic: TopicModel;
  readonly id: string;
  readonly from: number;
  readonly isPersistent: boolean;
  state: Existence;
  /** In this life of the process. */
  handle: Scanner | undefined;
  /** Everything below was handed over, or cannot be had any more. */
  settledBelow: number;
  readonly settled: Set<number>;
  /** Given out at least once in this life. */
  readonly given: Set<number>;
  /** Given out, neither handed over nor given back. */
  readonly outstanding: Map<number, Delivery>;
  /** Scans that were not answered. */
  waitingScans: number;
}

/** One topic from its creation to its end; the next one of the same name is another. */
export class TopicModel {
  readonly id: number;
  readonly name: string;
  readonly settings: TopicSettings;
  state: Existence = "begun";
  /** What it may be set to: several while that is being changed, or when nobody knows. Oldest first. */
  possible: { readonly durability: Durability }[];
  /** In this life of the process. */
  handle: Topic | undefined;
  /** In the order in which they were published. */
  messages: SentMessage[] = [];
  readonly byOffset: Map<number, SentMessage> = new Map<number, SentMessage>();
  readonly scanners: Map<string, ScannerModel> = new Map<string, ScannerModel>();
  /** Scanners asked for, whose ids are not known. */
  scannersBegun = 0;
  firstOffset = 0;
  /** What was published once. */
  readonly acts: Acts = new Acts();
  /** `begun`: it may have ended, or may not. */
  closing: "open" | "begun" | "closed" = "open";
  /** It was answered that it is closed, as something that survives everything. */
  isClosedForGood = false;
  /** Messages that close it. */
  readonly closers: SentMessage[] = [];
  /** By the clock of this life: it was used last, for its ttl, between the two. */
  usedFromMs = 0;
  usedUntilMs: number = Infinity;
  isUsed = false;
  /** Its ttl may have passed. */
  mayBeOver = false;

  constructor(id: number, name: string, settings: TopicSettings) {
    this.id = id;
    this.name = name;
    this.settings = settings;
    this.possible = [settings];
  }

  /** What a reader may rely on. */
  get durability(): Durability {
    return this.canBe("written") ? "written" : "synced";
  }

  canBe(durability: Durability): boolean {
    return this.possible.some((settings) => settings.durability === durability);
  }

  /** Behind the last message known. */
  get knownEnd(): number {
    let end = this.firstOffset;
    for (const offset of this.byOffset.keys()) end = Math.max(end, offset + 1);
    return end;
  }

  /** The offset of `message` is known from now on. */
  place(message: SentMessage, offset: number, timestampMs: number): void {
    message.offset = offset;
    message.timestampMs = timestampMs;
    this.byOffset.set(offset, message);
  }

  /** Messages that might be found at an offset of which nothing is known. */
  candidates(): SentMessage[] {
    return this.messages.filter(
      ({ state, offset }) => offset === undefined && (state === "begun" || state === "unknown"),
    );
  }
}

/** A topic as it was found after an opening. */
export interface FoundTopic {
  readonly topic: Topic;
  readonly firstOffset: number;
  readonly endOffset: number;
  /** From `firstOffset` to `endOffset`. */
  readonly messages: readonly Message[];
  readonly scanners: readonly { readonly id: string; readonly next: number; readonly from: number }[];
}

export function scannerModel(
  topic: TopicModel,
  handle: Scanner,
  from: number,
  isPersistent: boolean,
): ScannerModel {
  return {
    topic,
    id: handle.id,
    from,
    isPersistent,
    state: "present",
    handle,
    settledBelow: from,
    settled: new Set(),
    given: new Set(),
    outstanding: new Map(),
    waitingScans: 0,
  };
}

/** The lowest offset from `firstOffset` on that a scanner's reader has not had. */
export function lowestUnsettled(scanner: ScannerModel, firstOffset: number): number {
  let offset = Math.max(scanner.settledBelow, firstOffset);
  while (scanner.settled.has(offset)) offset++;
  return offset;
}

/** True when the message was answered in a way that every later reader must find it, also on a disk in trouble. */
export function isReadable(topic: TopicModel, message: SentMessage, hasTrouble: boolean): boolean {
  const { state, durability, mayBeHidden } = message;
  if (state !== "acknowledged") return state === "kept";
  return durability === "synced" || !(topic.canBe("synced") || (mayBeHidden && hasTrouble));
}

/** Offset of the first message that a scan has to give, of those that must be readable now. */
export function readableUnread({ topic, ...scanner }: ScannerModel, hasTrouble: boolean): number | undefined {
  const offsets = [...topic.byOffset]
    .filter(([_offset, message]) => isReadable(topic, message, hasTrouble))
    .map(([offset]) => offset)
    .filter((offset) => offset >= Math.max(scanner.settledBelow, topic.firstOffset))
    .filter((offset) => !scanner.settled.has(offset) && !scanner.outstanding.has(offset));
  return offsets.length === 0 ? undefined : Math.min(...offsets);
}

/** The first message before `offset` that a scanner has not given to anybody. */
export function firstNotGiven(
  { topic, settledBelow, given }: ScannerModel,
  offset: number,
): number | undefined {
  for (let before = Math.max(settledBelow, topic.firstOffset); before < offset; before++) {
    if (!given.has(before)) return before;
  }
  return undefined;
}
