/** Takes in what the frames of a log say of the appends that they hold: keys, producers, and the end of the topic. */
import { isNetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import { WorkMeter } from "../base/work-meter.ts";
import { type Frame, framesOf } from "../log/frame.ts";
import type { Log } from "../log/log.ts";
import { decodeStateFields, type EntryFields } from "../message/fields.ts";
import { contentFlaw, fieldBytesAt, headerFlaw, viewOf } from "../message/message.ts";
import type { TopicMemory } from "./topic-memory.ts";

const READ_BYTES = 512 * 1024;
const VERSION_1 = 0x10;

export interface ReplayOptions {
  readonly log: Log;
  readonly runtime: Pick<Runtime, "pause">;
  readonly logger: Logger;
  /** Keys published before are not remembered. */
  readonly forgetKeysBeforeMs: number;
}

/**
 * Takes the frames of `[from, to)` into `memory`, all of which can be read, and resolves to how many it remembers. What is
 * damaged or dropped is left out.
 *
 * @throws topic_unavailable, topic_not_found, shutting_down.
 */
export async function replay(
  memory: TopicMemory,
  from: number,
  to: number,
  options: ReplayOptions,
): Promise<number> {
  let noted = 0;
  let offset = Math.max(from, options.log.logStartOffset);
  if (offset >= to) return noted;
  const cursor = options.log.openCursor();
  const into = Buffer.allocUnsafeSlow(READ_BYTES);
  const meter = new WorkMeter();
  while (offset < to) {
    try {
      const run = await cursor.read(offset, READ_BYTES, into);
      if (run === undefined) return noted;
      for (const frame of framesOf(run.bytes)) {
        if (frame.header.baseOffset < offset) continue;
        if (takeIn(memory, frame, options.forgetKeysBeforeMs)) noted += 1;
      }
      offset = run.endOffset;
      if (meter.isDue(run.bytes.length)) await options.runtime.pause();
    } catch (error) {
      offset = behindGap(error, offset);
      options.logger.warn(
        { err: error },
        "messages cannot be read: keys and producers of them are not known",
      );
    }
  }
  return noted;
}

/** Whether the log ends with a frame that closes the topic. @throws as replay does. */
export async function endsWithClosing(log: Log): Promise<boolean> {
  if (log.logEndOffset === log.logStartOffset) return false;
  try {
    const run = await log.openCursor().read(log.logEndOffset - 1, 1);
    return [...framesOf(run!.bytes)].some(({ entry }) => stateFields(entry)?.closes === true);
  } catch (error) {
    behindGap(error, 0);
    return false;
  }
}

/** Where to go on. @throws `error`, if it is of another kind. */
function behindGap(error: unknown, offset: number): number {
  if (isNetlogError(error, "checksum_error")) return error.details.nextOffset ?? offset + 1;
  const { firstOffset } = isNetlogError(error, "offset_not_found") ? error.details : {};
  if (firstOffset === undefined || firstOffset <= offset) throw error;
  return firstOffset;
}

/** True when there is something to remember. */
function takeIn(memory: TopicMemory, { header, entry }: Frame, forgetKeysBeforeMs: number): boolean {
  const fields = stateFields(entry);
  if (fields === undefined) return false;
  const { baseOffset, messageCount: count, timestampMs } = header;
  memory.note({ fields, baseOffset, count, timestampMs }, forgetKeysBeforeMs);
  return true;
}

/** Most entries have no fields, and most fields are those of users. What is not sound says nothing. */
export function stateFields(entry: Buffer): EntryFields | undefined {
  if (entry[0]! < VERSION_1) return undefined;
  const view = viewOf(entry);
  if ((headerFlaw(view, 0, entry.length) ?? contentFlaw(view, 0)) !== undefined) return undefined;
  return decodeStateFields(fieldBytesAt(entry, view, 0)!);
}
