/** What a topic gives to a fork of it: messages up to a place, and settings. */
import { NetlogError } from "../base/errors.ts";
import type { Log } from "../log/log.ts";
import { cutEntry } from "./cut-entry.ts";
import { isJsonType } from "./json-gate.ts";
import type { TopicSettings } from "./setting-table.ts";
import { forkSettings, requireFutureEnd } from "./settings.ts";
import { type ForkPlace, forkEndOffset, type NewFork } from "./storage.ts";
import type { TopicShared } from "./topic-shared.ts";

/** The topic that is forked. Everything that was published in it is on the disk. */
export interface ForkedTopic {
  readonly name: string;
  readonly id: string;
  readonly settings: TopicSettings;
  readonly log: Log;
}

/**
 * The fork that leaves `source` at `place`; without an offset at its end. `settings` is parsed JSON: what it leaves out is
 * as in the source.
 *
 * @throws bad_request: a setting, or there is no such place; offset_not_found: retention dropped it (with firstOffset).
 */
export function newFork(
  source: ForkedTopic,
  place: Partial<ForkPlace>,
  settings: unknown,
  shared: TopicShared,
): NewFork {
  const { limits, offload, runtime } = shared;
  const { log } = source;
  const resolved = forkSettings(settings, source.settings, limits);
  requireFutureEnd(resolved, runtime.now());
  const { offset = log.highWatermark, bytes = 0 } = place;
  requirePlace(log, { offset, bytes });
  if (bytes > 0 && isJsonType(source.settings.content_type)) {
    const reason = "a fork of a topic of JSON begins behind a whole message, not within one";
    throw new NetlogError("bad_request", { reason });
  }
  return {
    source: { topic: source.name, id: source.id, offset, bytes },
    settings: resolved,
    log,
    cut: (frame) => cutEntry(frame, { offset, bytes }, offload, limits),
  };
}

function requirePlace({ logStartOffset, highWatermark }: Log, place: ForkPlace): void {
  const { offset, bytes } = place;
  const isPlace = [offset, bytes].every((count) => Number.isSafeInteger(count) && count >= 0);
  if (!isPlace || forkEndOffset(place) > highWatermark) {
    const where = bytes > 0 ? `byte ${bytes} of message ${offset}` : `message ${offset}`;
    const reason = `a fork cannot begin at ${where}; the next message of its source is ${highWatermark}`;
    throw new NetlogError("bad_request", { reason });
  }
  if (offset >= logStartOffset) return;
  const reason = `a fork cannot begin at message ${offset}; the first that its source still has is ${logStartOffset}`;
  throw new NetlogError("offset_not_found", { reason, details: { firstOffset: logStartOffset } });
}
