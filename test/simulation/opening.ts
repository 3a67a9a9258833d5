/** What an opening finds: reads all of it, holds it against the promises, and takes it for known from there on. */

import { createHash } from "node:crypto";
import { durationMs, type Message, type Netlog, parseDuration, type Topic } from "../../lib/index.ts";
import type { FoundTopic, ScannerModel, TopicModel } from "./model.ts";
import { actsAreKept } from "./once-promises.ts";
import {
  acknowledgedSurvives,
  BrokenPromise,
  batchesAreWhole,
  givenIsPublished,
  offsetsAreDense,
  positionIsSafe,
  retentionDropsOnlyWhatItMay,
  type Spared,
  settingsStayAsAnswered,
  startNeverGoesBack,
  survivorsAreAPrefix,
  timesNeverGoBack,
  whatReadersSawSurvives,
} from "./promises.ts";
import type { World } from "./world.ts";

/** Everything that can be had of a topic. */
export async function readWhole(topic: Topic): Promise<FoundTopic> {
  const info = await topic.info();
  const endOffset = info.latest_offset + 1;
  const messages: Message[] = [];
  for (let offset = info.first_offset; offset < endOffset; offset++)
    messages.push(await topic.message(offset));
  return {
    topic,
    firstOffset: info.first_offset,
    endOffset,
    messages,
    scanners: Object.values(info.scanners),
  };
}

/** A topic is distinguished from others of its name, earlier and later ones, by its `sync_interval`. */
export function syncIntervalOf(id: number): string {
  return `${50 + id}ms`;
}

export function idOf(topic: Topic): number {
  return durationMs(parseDuration(topic.settings.sync_interval)) - 50;
}

/** All that two openings must agree on; `withPositions` of scanners as well, which may repeat after a loss of power. */
export function describe(netlog: Netlog, found: readonly FoundTopic[], withPositions: boolean): string {
  const lines = found.map(({ topic, firstOffset, endOffset, messages, scanners }) => {
    const hash = createHash("sha256");
    for (const { offset, timestampMs, payload } of messages)
      hash.update(`${offset} ${timestampMs} `).update(payload);
    const content = hash.digest("hex").slice(0, 16);
    const told = scanners.map(
      ({ id, from, next }) => `${id} from ${from}${withPositions ? ` at ${next}` : ""}`,
    );
    const end = `${endOffset}${topic.isClosed ? ", closed" : ""}`;
    return `${topic.name} [${firstOffset}, ${end}) ${content} ${told.join()}`;
  });
  return [netlog.topicNames().join(), ...lines].join("\n");
}

/** What an opening follows. */
export interface Before {
  readonly spared: Spared;
  readonly wasStopped: boolean;
  /** Nothing failed in the life before, nor in openings since. */
  readonly wasWell: boolean;
}

/** Holds what was found against the promises, and takes it for known. */
export function takeUp(model: TopicModel, found: FoundTopic, before: Before, world: World): void {
  const { spared, wasStopped, wasWell } = before;
  for (const message of found.messages) givenIsPublished(model, message);
  settingsStayAsAnswered(model, found);
  offsetsAreDense(model, found);
  timesNeverGoBack(model, found);
  if (wasStopped && wasWell) startNeverGoesBack(model, found.firstOffset);
  retentionDropsOnlyWhatItMay(model, found.firstOffset, segmentAgeMs(model), world);
  acknowledgedSurvives(model, found, spared);
  whatReadersSawSurvives(model, found, spared);
  survivorsAreAPrefix(model, found);
  batchesAreWhole(model, found);
  actsAreKept(model, found, spared);
  takeMessages(model, found);
  // Where retention passes by what was given out and not handed over, a scanner stands before what was.
  const isUndropped = found.firstOffset === 0 && model.firstOffset === 0;
  const isExact = spared === "process" && wasWell && isUndropped;
  takeScanners(model, found, isExact);
  model.handle = found.topic;
  // A ttl begins anew.
  model.usedFromMs = world.runtime.elapsedMs();
  model.usedUntilMs = model.usedFromMs;
  model.mayBeOver = false;
  model.possible = [{ durability: found.topic.settings.durability }];
  model.firstOffset = found.firstOffset;
  model.closing = found.topic.isClosed ? "closed" : "open";
  model.isClosedForGood = found.topic.isClosed;
}

export function segmentAgeMs(model: TopicModel): number {
  return durationMs(parseDuration(model.settings.segment_age));
}

function takeMessages(model: TopicModel, found: FoundTopic): void {
  for (const message of model.messages) {
    const { offset, state } = message;
    if (offset !== undefined && offset < found.endOffset) {
      message.state = "kept";
      message.isForced = true;
    } else if (state !== "refused") {
      if (offset !== undefined) model.byOffset.delete(offset);
      message.state = "lost";
    }
  }
  model.messages = model.messages.filter(({ state }) => state !== "lost");
}

function takeScanners(model: TopicModel, found: FoundTopic, isExact: boolean): void {
  const scanners = [...model.scanners.values()];
  model.scanners.clear();
  for (const { id, next, from } of found.scanners) {
    const known = scanners.find((scanner) => scanner.id === id);
    if (known === undefined && --model.scannersBegun < 0)
      throw new BrokenPromise("no scanner is invented", `${model.name} ${id}`);
    if (known?.state === "gone" || known?.isPersistent === false) {
      throw new BrokenPromise("a deleted scanner stays deleted", `${model.name} ${id}`);
    }
    if (known !== undefined) positionIsSafe(known, next, found, isExact);
    model.scanners.set(id, reopened(model, found, id, next, Math.min(from, next)));
  }
  const missing = scanners.find(({ id, state, isPersistent }) => {
    return state === "present" && isPersistent && !model.scanners.has(id);
  });
  if (missing !== undefined)
    throw new BrokenPromise("a created scanner stays", `${model.name} ${missing.id}`);
  model.scannersBegun = 0;
}

function reopened(
  topic: TopicModel,
  found: FoundTopic,
  id: string,
  next: number,
  from: number,
): ScannerModel {
  return {
    topic,
    id,
    from,
    isPersistent: true,
    state: "present",
    handle: found.topic.scanner(id),
    settledBelow: next,
    settled: new Set(),
    given: new Set(),
    outstanding: new Map(),
    waitingScans: 0,
  };
}
