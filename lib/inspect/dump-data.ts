/** The frames of a data file, with what can be said of the messages in them, for people; see dump.ts. */
import { dumpFrames, type FrameDump, type FrameWindow, frameBytes } from "../log/index.ts";
import { entryFields } from "../message/entry-fields.ts";
import type { EntryFields } from "../message/fields.ts";
import { DamagedEntryError, describeFlaw } from "../message/flaw.ts";
import { decodeMessageHeader, MESSAGE_HEADER_BYTES, viewOf } from "../message/message.ts";
import { unpackEntry } from "../message/message-set.ts";
import { threadPoolOffload } from "../message/thread-pool-offload.ts";
import type { Limits } from "../storage/limits.ts";

export interface MessageDump {
  readonly offset: number;
  readonly crc32: number;
  /** The payload's size. */
  readonly sizeBytes: number;
  /** Its first bytes. */
  readonly payload: Buffer;
  readonly fields: EntryFields | undefined;
}

export interface FrameRecord {
  readonly kind: "frame";
  readonly position: number;
  readonly sizeBytes: number;
  readonly baseOffset: number;
  readonly messageCount: number;
  readonly timestampMs: number;
  readonly unsyncedCount: number;
  /** What was known to be on the disk when the frame was written. */
  readonly syncedMark: number;
  readonly entryCrc: number;
  /** `undefined` where the file ends before the entry does. */
  readonly actualEntryCrc: number | undefined;
  readonly compression: string;
  /** The fields of the message, or of the message set as a whole; they are there where `messages` are. */
  readonly fields: EntryFields | undefined;
  /** What is wrong, in plain words. */
  readonly troubles: readonly string[];
  /** Where payloads are asked for and can be had. */
  readonly messages: readonly MessageDump[];
}

/** Bytes in which no frame begins. */
export type GapRecord = Extract<FrameDump, { readonly kind: "gap" }>;

const COMPRESSIONS = ["single", "set", "set, gzip", "set, snappy"];

/** @throws what the disk throws. */
export async function* dumpData(
  frames: FrameWindow,
  payloadBytes: number,
  limits: Limits,
): AsyncGenerator<FrameRecord | GapRecord, void, void> {
  for await (const found of dumpFrames(frames)) {
    if (found.kind === "gap") yield found;
    else yield await describeFrame(found, payloadBytes, limits);
  }
}

async function describeFrame(
  { position, header, entry, actualEntryCrc, remark }: Extract<FrameDump, { readonly kind: "frame" }>,
  payloadBytes: number,
  limits: Limits,
): Promise<FrameRecord> {
  const { baseOffset, messageCount, timestampMs, unsyncedCount, entryCrc } = header;
  const troubles = remark === undefined ? [] : [remark];
  const messages: MessageDump[] = [];
  let fields: EntryFields | undefined;
  if (actualEntryCrc === undefined) {
    troubles.push(`cut off: ${entry.length} of ${header.entryBytes} bytes of entry are there`);
  } else if (actualEntryCrc === entryCrc) {
    try {
      const unpacked = await unpackEntry(entry, messageCount, threadPoolOffload, limits);
      if (payloadBytes > 0) fields = entryFields(entry);
      for (let i = 0; i < messageCount && payloadBytes > 0; i++) {
        const payload = unpacked.payload(i);
        const first = Buffer.from(payload.subarray(0, payloadBytes));
        messages.push({
          offset: baseOffset + i,
          crc32: unpacked.crc32(i),
          sizeBytes: payload.length,
          payload: first,
          fields: unpacked.fields(i),
        });
      }
    } catch (error) {
      if (!(error instanceof DamagedEntryError)) throw error;
      troubles.push(describeFlaw(error.flaw));
    }
  }
  return {
    kind: "frame",
    position,
    sizeBytes: frameBytes(header),
    baseOffset,
    messageCount,
    timestampMs,
    unsyncedCount,
    syncedMark: baseOffset - unsyncedCount,
    entryCrc,
    actualEntryCrc,
    compression: compressionOf(entry),
    fields,
    troubles,
    messages,
  };
}

function compressionOf(entry: Buffer): string {
  if (entry.length < MESSAGE_HEADER_BYTES) return "unknown";
  const { version, compression } = decodeMessageHeader(viewOf(entry), 0);
  const name = COMPRESSIONS[compression];
  if (version === 1 && name !== undefined) return `${name}, with fields`;
  return version === 0 && name !== undefined
    ? name
    : `unknown (version ${version}, compression ${compression})`;
}
