/** Verifies a topic from an offset on: frames by the log, and every message in them. */
import { MESSAGE_WORK_BYTES } from "../base/loop-share.ts";
import type { Runtime } from "../base/runtime.ts";
import { WorkMeter } from "../base/work-meter.ts";
import { type FrameHeader, framesOf } from "../log/frame.ts";
import type { Log } from "../log/log.ts";
import type { Offload } from "../message/compression.ts";
import { DamagedEntryError } from "../message/flaw.ts";
import { unpackEntry } from "../message/message-set.ts";
import type { Limits } from "./limits.ts";

/** A frame takes as much more work as so many messages. */
const FRAME_WORK_MESSAGES = 10;

/** Something wrong, as it goes over the wire, fields in this order. */
export interface Finding {
  /** First message that cannot be trusted. */
  readonly offset: number;
  /** How many from there on: what is damaged is damaged as a whole. */
  readonly odelta: number;
  readonly type: "checksum" | "length" | "unknown";
  readonly expected: string;
  readonly actual: string;
}

/** What it takes to look into an entry. */
export interface EntryOptions {
  readonly limits: Limits;
  readonly offload: Offload;
}

export interface CheckOptions extends EntryOptions {
  readonly runtime: Runtime;
  readonly isCancelled: () => boolean;
}

/**
 * What is wrong from `from` on, up to the limit on findings. Others get their turn of the event loop between two
 * steps; when cancelled it gives what it has found so far.
 *
 * @throws topic_unavailable, topic_not_found, shutting_down.
 */
export async function checkMessages(log: Log, from: number, options: CheckOptions): Promise<Finding[]> {
  const { runtime, limits, isCancelled } = options;
  const findings: Finding[] = [];
  const meter = new WorkMeter();
  for await (const step of log.verify(from)) {
    if (step.kind === "damage") {
      const { offset, nextOffset, type, expected, actual } = step.damage;
      findings.push({ offset, odelta: nextOffset - offset, type, expected, actual });
    } else {
      for (const { header, entry } of framesOf(step.run.bytes)) {
        const finding = await checkEntry(header, entry, options);
        if (finding !== undefined) findings.push(finding);
        const work = entry.length + (header.messageCount + FRAME_WORK_MESSAGES) * MESSAGE_WORK_BYTES;
        if (meter.isDue(work)) await runtime.pause();
      }
    }
    if (findings.length >= limits.checkFindings || isCancelled()) break;
  }
  return findings.slice(0, limits.checkFindings);
}

/** What is wrong with the messages of a whole frame, if something is: all of them are lost then. */
export async function checkEntry(
  header: FrameHeader,
  entry: Buffer,
  { offload, limits }: EntryOptions,
): Promise<Finding | undefined> {
  try {
    await unpackEntry(entry, header.messageCount, offload, limits, header.entryCrc);
    return undefined;
  } catch (error) {
    if (!(error instanceof DamagedEntryError)) throw error;
    const { type, expected, actual } = error.flaw;
    return { offset: header.baseOffset, odelta: header.messageCount, type, expected, actual };
  }
}
