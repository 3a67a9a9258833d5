/** Takes in what the frames of a log say of the appends that they hold: keys, producers, and the end of the topic. */
import { isNetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import { WorkMeter } from "../base/work-meter.ts";
import { eachEntry, framesOf } from "../log/frame.ts";
import type { Log } from "../log/log.ts";
import { type AppendFields, decodeAppendFields, loneIdempotencyAt, NO_FIELD } from "../message/fields.ts";
import { payloadStart, soundFieldsStart, UNSOUND, viewOf } from "../message/message.ts";
import type { TopicMemory } from "./topic-memory.ts";

const READ_BYTES = 512 * 1024;

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
      noted += takeIn(memory, run.bytes, offset, options.forgetKeysBeforeMs);
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

/** Takes in the frames of a run from offset `from` on, and returns how many it remembers. There may be thousands. */
function takeIn(memory: TopicMemory, bytes: Buffer, from: number, forgetKeysBeforeMs: number): number {
  const view = viewOf(bytes);
  let noted = 0;
  eachEntry(bytes, (start, end, baseOffset, count, timestampMs) => {
    const fieldsStart = baseOffset < from ? UNSOUND : soundFieldsStart(view, start, end);
    if (fieldsStart === UNSOUND) return;
    const fieldsEnd = payloadStart(view, start);
    const idempotency = loneIdempotencyAt(bytes, fieldsStart, fieldsEnd);
    if (idempotency !== NO_FIELD) {
      memory.noteKey(bytes, idempotency, fieldsEnd, baseOffset, count, timestampMs, forgetKeysBeforeMs);
    } else {
      const fields = decodeAppendFields(bytes, fieldsStart, fieldsEnd);
      if (fields === undefined) return;
      memory.note({ fields, baseOffset, count, timestampMs }, forgetKeysBeforeMs);
    }
    noted += 1;
  });
  return noted;
}

/** What an entry says of its append. Most say nothing, and what is not sound says nothing. */
export function stateFields(entry: Buffer): AppendFields | undefined {
  const view = viewOf(entry);
  const start = soundFieldsStart(view, 0, entry.length);
  return start === UNSOUND ? undefined : decodeAppendFields(entry, start, payloadStart(view, 0));
}
